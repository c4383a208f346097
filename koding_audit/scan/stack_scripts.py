"""`--stack SCRIPT`: adds the needs of stack scripts to the desired state of a run, and requires their sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from koding_audit.aws.sources import AccountSource
from koding_audit.desired.messages import nearest_hint
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, shorten_text
from koding_audit.model.account import Account, PrincipalKind
from koding_audit.model.arn import policy_name
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError, RefusedError
from koding_audit.model.frozen import replace
from koding_audit.model.plan import Basis
from koding_audit.model.query import Gap, Query
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan import stack_build
from koding_audit.scan.session import bind_to_account, identify_account
from koding_audit.stack.deployment import CALLER_ALONE, Deployment
from koding_audit.stack.folder import read_stacks
from koding_audit.stack.loader import NO_INPUTS, read_script
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.script import Script
from koding_audit.stack.terraform_files import TerraformInputs


@dataclass(frozen=True)
class StackScripts:
    """The scripts of a run.

    builder: the user or role that builds them.
    unattended: whether the run does not ask for confirmation; then no script enables a set.
    deployment: how its templates are deployed.
    """

    scripts: tuple[Script, ...]
    builder: tuple[PrincipalKind, str]
    unattended: bool = False
    deployment: Deployment = CALLER_ALONE


def read_named_scripts(
    paths: Sequence[str], principal: str, desired: Desired, parameters: Sequence[str] = (), *, unattended: bool
) -> StackScripts | None:
    """The scripts that `--stack` and `--principal` name; None without `--stack`. Raises InputError.

    parameters: values of parameters of the templates, each `NAME=VALUE`.
    """
    if not paths:
        if principal or parameters:
            raise InputError(f"{'--principal' if principal else '--parameter'} needs --stack", "add --stack SCRIPT")
        return None
    builder = stack_build.resolve_builder(desired, principal)
    return StackScripts(_read_scripts(paths, parameters), builder, unattended)


def read_script_to_build(
    path: str,
    principal: str,
    desired: Desired,
    parameters: Sequence[str] = (),
    deployment: Deployment = CALLER_ALONE,
    *,
    inputs: TerraformInputs = NO_INPUTS,
) -> StackScripts:
    """One script, or those below a folder without one, who is asked to build them, and how. Raises InputError.

    parameters: values of parameters of the templates, each `NAME=VALUE`.
    inputs: values of the variables of a Terraform script.
    """
    builder = stack_build.resolve_builder(desired, principal)
    return StackScripts(_read_scripts([path], parameters, inputs), builder, deployment=deployment)


def _read_scripts(
    paths: Sequence[str], parameters: Sequence[str], inputs: TerraformInputs = NO_INPUTS
) -> tuple[Script, ...]:
    overrides = parse_parameter_options(parameters)
    read = partial(read_script, parameters=overrides, inputs=inputs)
    scripts = tuple(script for path in paths for script in read_stacks(path, read))
    known = [each.name for script in scripts if script.template for each in script.template.parameters]
    for name in overrides:
        if name not in known:
            hint = nearest_hint(name, known, "parameters")
            raise InputError(f"--parameter {shorten_text(name)}: no template has such a parameter", hint)
    return scripts


def parse_parameter_options(texts: Sequence[str]) -> Mapping[str, str]:
    """The values by name of texts `NAME=VALUE`. Raises InputError, which never shows a value."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InputError("--parameter needs a name and a value", "write --parameter NAME=VALUE")
        if found.setdefault(name, value) != value:
            raise InputError(f"--parameter {shorten_text(name)} is given twice", "give it one value")
    return found


def check_scripts(
    source: AccountSource, desired: Desired, scripts: StackScripts, pinned: str, terminal: Terminal
) -> tuple[tuple[stack_build.BuildDecision, ...], tuple[Gap, ...]]:
    """Whether each script can be built in an account, and what could not be read there. Raises AuditError.

    pinned: the id of the only account that is accepted, "" for any.
    """
    account, _ = identify_account(source, pinned, terminal, desired)
    wanted = add_stack_needs(bind_to_account(desired, account), account, scripts)
    query = stack_build.add_builder_facts(wanted, account, Query())
    terminal.show_progress(f"reading account {account.id} ...")
    snapshot = complete_documents(source.collect(query), query, terminal)
    return tuple(stack_build.decide_build(wanted, snapshot, each) for each in wanted.stacks), snapshot.gaps


def reread_plan_scripts(basis: Basis, desired: Desired) -> StackScripts | None:
    """The scripts that a plan was made from. Raises RefusedError if one has changed."""
    if not basis.stacks:
        return None
    scripts = tuple(read_script(each.path) for each in basis.stacks)
    changed = [each.path for each, now in zip(basis.stacks, scripts, strict=True) if each.files != now.files]
    if changed:
        raise RefusedError(f"{', '.join(changed)} has changed since the plan was made", "make the plan again")
    return StackScripts(scripts, stack_build.resolve_builder(desired, basis.builder))


def add_stack_needs(desired: Desired, account: Account, scripts: StackScripts) -> Desired:
    """The desired state, bound to an account, with the needs of the scripts there."""
    as_role = scripts.builder[0] == "role"
    stacks = tuple(
        collect_needs(each, account, as_role=as_role, deployment=scripts.deployment) for each in scripts.scripts
    )
    return replace(desired, stacks=stacks, builder=scripts.builder)


def complete_documents(snapshot: Snapshot, query: Query, terminal: Terminal) -> Snapshot:
    """The snapshot with every known document of the sets; notes the documents that ship with the tool."""
    found, packed, date = stack_build.add_managed_documents(snapshot, query.documents)
    for arn in packed:
        terminal.note(
            f"{escape(policy_name(arn))}: the document could not be read; used AWS's document of {date}, which ships"
            " with the tool"
        )
    return found


def require_stack_sets(desired: Desired, snapshot: Snapshot, scripts: StackScripts, terminal: Terminal) -> Desired:
    """The desired state with the sets required that the scripts need; unattended, only those that `--with` names."""
    answers = [stack_build.decide_build(desired, snapshot, each) for each in desired.stacks]
    sets = _optional_set_names(answers)
    if scripts.unattended:
        for name in sets:
            terminal.note(
                f"set {escape(name)} would help the stack; without confirmation it needs --with {escape(name)}"
            )
        return desired
    return stack_build.require_chosen_sets(desired, answers)


def _optional_set_names(answers: Sequence[stack_build.BuildDecision]) -> list[str]:
    every = (each for answer in answers for each in stack_build.chosen_offers(answer) if not each.candidate.required)
    return list(dict.fromkeys(each.candidate.name for each in every))
