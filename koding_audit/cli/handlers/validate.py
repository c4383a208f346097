"""`validate [FILE...]`: checks files, as far as that is possible without an account."""

from __future__ import annotations

import argparse
import os

from koding_audit import desired
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.arn import policy_name
from koding_audit.model.desired import Desired, DesiredRole, DesiredUser
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.reference.deprecated import load_deprecated_policies


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Read files as a scan does, with the guards beside them. A guards.yaml may be named too. Raises InputError."""
    guards = [each for each in namespace.files if desired.is_guards_file(each)]
    files = [each for each in namespace.files if each not in guards]
    if files or not guards:
        checked = desired.load_desired(files or [desired.default_desired_path(os.environ)])
        _print_action_problems(checked, terminal)
        _print_deprecated_policies(checked, terminal)
        emit(f"valid: {escape(', '.join(each.path for each in checked.files))}: {_declared_counts(checked)}\n")
    for each in guards:
        if not os.path.lexists(each):
            raise InputError(f"{each} does not exist", "name an existing file")
        desired.load_guards_beside([each])
        emit(f"valid: {escape(each)}\n")
    return 0


def _declared_counts(checked: Desired) -> str:
    """`2 policy sets, 1 group, 1 user`: what is declared, for a person to see that it is the right file."""
    counts = {
        "policy set": len(checked.policy_sets),
        "group": len(checked.groups),
        "user": len(checked.users),
        "role": len(checked.roles),
    }
    return ", ".join(pluralize(number, noun) for noun, number in counts.items() if number) or "nothing declared"


def _print_action_problems(checked: Desired, terminal: Terminal) -> None:
    """Print a note for each action that is unknown, or that AWS does not use on its resource.

    AWS adds new ones, so it is not an error; `action-unknown` and `action-resource-mismatch` warn of it.
    """
    wanted = [each for one in checked.policy_sets.values() for each in one.actions]
    if not wanted:
        return
    from koding_audit.reference import action_resources, actions  # noqa: PLC0415 - a file without actions does not load their list

    known = actions.load_actions()
    lines: dict[str, Location] = {}
    for each in wanted:
        found = action_resources.check_action_resource(known, each.action, each.resource)
        if found.problem:
            lines.setdefault(f"{each.action} {found.problem}", each.location)
    for line, place in lines.items():
        terminal.note(f"{escape(place.path)}:{place.line}:{place.column}: {escape(line)}")


def _print_deprecated_policies(checked: Desired, terminal: Terminal) -> None:
    """Print a note for each policy that the data know to be deprecated, at its first place.

    It is not an error: such a policy stays where it is attached, and only an account knows where that is.
    """
    deprecated = load_deprecated_policies()
    with_boundary: list[DesiredUser | DesiredRole] = [*checked.users.values(), *checked.roles.values()]
    named = [ref for each in checked.policy_sets.values() for ref in each.policies]
    named += [each.boundary.policy for each in with_boundary if each.boundary and each.boundary.policy]
    places: dict[str, Location] = {}
    for ref in named:
        if ref.arn in deprecated:
            places.setdefault(ref.arn, ref.location)
    for arn, place in places.items():
        clause = f"is deprecated (data of {deprecated.date}): it can stay attached, and no other attachment is possible"
        terminal.note(f"{escape(place.path)}:{place.line}:{place.column}: {escape(policy_name(arn))} {clause}")
