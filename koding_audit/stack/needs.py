"""Collects the actions that a script needs: those of its resources, and those of the script itself."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.account import Account
from koding_audit.model.frozen import replace
from koding_audit.model.stack import Stack, StackUnknown, StackUse
from koding_audit.stack.deployment import CALLER_ALONE, Deployment
from koding_audit.stack.resource_needs import ResourceNeedCollector, role_text
from koding_audit.stack.script import AssumedRole, Script
from koding_audit.stack.state_needs import add_state_needs

_UNKNOWN_TYPE = "neither the table, AWS's model of the provider nor CloudFormation's handlers know its type"


def collect_needs(
    script: Script, account: Account, *, as_role: bool = False, deployment: Deployment = CALLER_ALONE
) -> Stack:
    """Returns what a script needs in an account.

    as_role: whether the principal is the role that the script's providers assume
    deployment: how its templates are deployed
    """
    if script.template is None:
        return _terraform_needs(script, account, as_role=as_role)
    from koding_audit.stack.template_stack import add_template_needs  # noqa: PLC0415 - Terraform needs nothing of it

    terraform = replace(script, resources=tuple(each for each in script.resources if "::" not in each.type))
    return add_template_needs(_terraform_needs(terraform, account, as_role=as_role), script, account, deployment)


def _terraform_needs(script: Script, account: Account, *, as_role: bool) -> Stack:
    unknown = [StackUnknown("", each.what, each.why, each.location) for each in script.unread]
    found = ResourceNeedCollector(script, account, as_role=as_role)
    for use in script.states:
        add_state_needs(use, account, found.references, found.uses)
    for roles in () if as_role else script.assumed_roles:
        _add_assumed_roles(roles, account, found)
    unknown += _add_resources(script, found)
    return Stack(
        path=script.path,
        files=script.files,
        resources=sum(each.is_created for each in script.resources),
        needs=found.uses.needs(),
        unknown=tuple(unknown),
        hinted=found.rows.hinted,
        rows=found.rows.origins,
        others=script.others,
        service_roles=found.service_roles,
        notes=script.notes,
        if_created=found.uses_if_created.needs(),
    )


def _add_resources(script: Script, found: ResourceNeedCollector) -> Iterator[StackUnknown]:
    """Adds the needs of all resources, and yields those whose needs are not known."""
    for each in script.resources:
        row = found.rows.find(each.kind, each.type)
        if row is not None:
            found.add_resource(each, row)
        why = _UNKNOWN_TYPE if row is None else found.limits(each, row)
        if why and each.is_created and each.decides:
            yield StackUnknown(each.type, each.address, why, each.location)


def _add_assumed_roles(roles: tuple[AssumedRole, ...], account: Account, found: ResourceNeedCollector) -> None:
    """Adds the calls that assume the roles of a provider: the first by the builder, each other by the role before."""
    caller = ""
    for each in roles:
        arn = role_text(each.arn, account, found.references)
        uses = [StackUse(each.provider, each.location, "assume the role")]
        tagging = ("sts:TagSession",) if each.is_tagged else ()
        identity = ("sts:SetSourceIdentity",) if each.has_source_identity else ()
        for action in ("sts:AssumeRole", *tagging, *identity):
            found.uses.add(action, arn, "", uses, role=caller)
        caller = arn
