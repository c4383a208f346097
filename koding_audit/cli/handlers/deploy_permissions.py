"""`permissions deploy SCRIPT`: the policy of the role that deploys a stack, and with --role the whole role."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from koding_audit.cli.handlers.permissions import check_account_id, default_account
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, place_text
from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.stack import Stack
from koding_audit.policy.oidc_trust import OidcTrust, oidc_trust_policy
from koding_audit.scan.options import DesiredOptions
from koding_audit.scan.session import resolve_desired_state
from koding_audit.stack.folder import read_stacks
from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.policy import stack_policy_documents


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy or the role as JSON; AWS is not called. Raises InputError."""
    if len(namespace.words) < 2:
        raise InputError("permissions deploy needs a stack script", "write `permissions deploy SCRIPT`")
    _, script, *files = namespace.words
    desired = resolve_desired_state(DesiredOptions(tuple(files)))
    check_account_id(namespace.account, desired, terminal)
    account = default_account(namespace.account, desired)
    trust = _read_trust(namespace, account)
    stacks = [collect_needs(each, account) for each in read_stacks(script, read_script)]
    documents = stack_policy_documents(need for stack in stacks for need in stack.needs)
    value: object = documents[0] if len(documents) == 1 else list(documents)
    emit(json.dumps(value if trust is None else _role_value(trust, documents), indent=2) + "\n")
    _note_unknown(stacks, terminal)
    return 0


def _read_trust(namespace: argparse.Namespace, account: Account) -> dict[str, Any] | None:
    """The trust policy that the options describe, None without --role. Raises InputError."""
    options = {
        "--subject": namespace.subject,
        "--repository-id": namespace.repository_id,
        "--owner-id": namespace.owner_id,
    }
    if not namespace.role:
        for option, value in options.items():
            if value:
                raise InputError(f"{option} is about the role's trust policy", "add --role")
        return None
    trust = OidcTrust(
        provider=namespace.oidc_provider,
        audience=namespace.audience,
        subjects=tuple(namespace.subject),
        repository_id=namespace.repository_id,
        owner_id=namespace.owner_id,
    )
    return oidc_trust_policy(trust, account)


def _role_value(trust: dict[str, Any], documents: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The properties of an AWS::IAM::Role, as CloudFormation has them."""
    names = ["deploy"] if len(documents) == 1 else [f"deploy-{number}" for number in range(1, len(documents) + 1)]
    policies = [{"PolicyName": name, "PolicyDocument": each} for name, each in zip(names, documents, strict=True)]
    return {"AssumeRolePolicyDocument": trust, "Policies": policies}


def _note_unknown(stacks: Sequence[Stack], terminal: Terminal) -> None:
    for each in (unknown for stack in stacks for unknown in stack.unknown):
        where = f"{escape(each.what)} ({place_text(each.location)})"
        terminal.note(f"Not in the policy, because it is not known: {where}: {escape(each.why)}")
