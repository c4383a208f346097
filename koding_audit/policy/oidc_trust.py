"""The trust policy of a role that jobs of an OIDC provider assume, for subjects that no stranger's change can have.

The subjects are those that deploy/aws/roles.yaml writes; docs/ci.md says where each form comes from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass

GITHUB_PROVIDER = "token.actions.githubusercontent.com"
DEFAULT_AUDIENCE = "sts.amazonaws.com"

_PROVIDER = re.compile(r"[a-z0-9.-]+(/[A-Za-z0-9._/-]+)?", re.ASCII)
_AUDIENCE = re.compile(r"[A-Za-z0-9.:/_-]+", re.ASCII)
_SUBJECT = re.compile(r"[A-Za-z0-9_+=.@:/%-]+", re.ASCII)
_ID = re.compile(r"[1-9][0-9]*", re.ASCII)
_PULL_REQUEST = re.compile(r"pull_request|refs/pull|merge_request|refs/merge-requests", re.ASCII | re.IGNORECASE)
_GITHUB_JOB = r":(?:ref:refs/(?:heads|tags)/.+|environment:.+)"
_GITHUB_WITH_IDS = re.compile(r"repo:[\w-]+@[1-9][0-9]*/[\w.-]+@[1-9][0-9]*" + _GITHUB_JOB, re.ASCII)
_GITHUB_WITH_NAMES = re.compile(r"repo:[\w-]+/[\w.-]+" + _GITHUB_JOB, re.ASCII)


@dataclass(frozen=True, slots=True)
class OidcTrust:
    """Who may assume a role by a token of an OIDC provider.

    provider: the provider without https://, `token.actions.githubusercontent.com`
    audience: the audience that the token must be for
    subjects: the subjects, each in full
    repository_id: the number of GitHub's repository; "" if the subjects have it, or for another provider
    owner_id: the number of the repository's owner, in the same way
    """

    provider: str
    audience: str
    subjects: Sequence[str]
    repository_id: str = ""
    owner_id: str = ""


def oidc_trust_policy(trust: OidcTrust, account: Account) -> dict[str, Any]:
    """Returns the trust policy of a role in an account. Raises InputError for subjects that let others in."""
    _check_provider(trust)
    for subject in trust.subjects:
        _check_subject(subject, trust)
    ids = {
        f"{trust.provider}:repository_id": trust.repository_id,
        f"{trust.provider}:repository_owner_id": trust.owner_id,
    }
    equal: dict[str, object] = {f"{trust.provider}:aud": trust.audience}
    equal |= {name: value for name, value in ids.items() if value}
    equal[f"{trust.provider}:sub"] = list(trust.subjects)
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{account.partition}:iam::{account.id}:oidc-provider/{trust.provider}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": equal},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _check_provider(trust: OidcTrust) -> None:
    if not trust.subjects:
        raise InputError("a trust policy needs the subjects that may assume the role", "add --subject SUBJECT")
    if not _PROVIDER.fullmatch(trust.provider):
        raise InputError(
            f"--oidc-provider {trust.provider} is not the name of a provider",
            "write its host and path, without https://",
        )
    if not _AUDIENCE.fullmatch(trust.audience):
        raise InputError(f"--audience {trust.audience} is not an audience", f"write for example {DEFAULT_AUDIENCE}")
    for option, number in (("--repository-id", trust.repository_id), ("--owner-id", trust.owner_id)):
        if number and not _ID.fullmatch(number):
            raise InputError(f"{option} {number} is not a number", "`gh api repos/OWNER/REPOSITORY` prints it")
        if number and trust.provider != GITHUB_PROVIDER:
            raise InputError(f"{option} is a claim of GitHub's tokens only", f"remove {option}")


def _check_subject(subject: str, trust: OidcTrust) -> None:
    if re.search(r"[*?]", subject):
        raise InputError(
            f"--subject {subject} has a wildcard, which other repositories or branches can match",
            "write each subject in full; --subject can be repeated",
        )
    if _PULL_REQUEST.search(subject):
        raise InputError(
            f"--subject {subject} is that of a pull request: its author could deploy before a review",
            "use an environment with required reviewers: repo:OWNER@ID/REPOSITORY@ID:environment:NAME",
        )
    if not _SUBJECT.fullmatch(subject):
        raise InputError(
            f"--subject {subject} is not a subject", "write it as the token has it, without quotes or spaces"
        )
    if trust.provider == GITHUB_PROVIDER:
        _check_github_subject(subject, trust)
    elif subject.startswith("repo:") and not _GITHUB_WITH_NAMES.fullmatch(subject):
        raise _unlike_github(subject, "repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH")


def _check_github_subject(subject: str, trust: OidcTrust) -> None:
    """A name can be given to another person after a rename; an id cannot."""
    if _GITHUB_WITH_IDS.fullmatch(subject):
        return
    if not _GITHUB_WITH_NAMES.fullmatch(subject):
        raise _unlike_github(subject, "repo:OWNER@ID/REPOSITORY@ID:environment:NAME, or ...:ref:refs/heads/BRANCH")
    if not (trust.repository_id and trust.owner_id):
        raise InputError(
            f"--subject {subject} has names without ids, which another person can take over",
            "add --repository-id and --owner-id, or write repo:OWNER@ID/REPOSITORY@ID:...",
        )


def _unlike_github(subject: str, form: str) -> InputError:
    return InputError(
        f"--subject {subject} is not a subject of a branch, tag or environment on GitHub", f"write {form}"
    )
