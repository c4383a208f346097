"""Joins what a template's resources need and what the caller needs to deploy it."""

from __future__ import annotations

from koding_audit.model.account import Account
from koding_audit.model.frozen import replace
from koding_audit.model.stack import Stack
from koding_audit.reference import actions
from koding_audit.stack.caller_calls import CallerCalls, is_own_account
from koding_audit.stack.cloudformation_arns import TemplateArns
from koding_audit.stack.cloudformation_needs import collect_template_needs
from koding_audit.stack.cloudformation_types import CloudFormationTypes
from koding_audit.stack.deployment import Deployment
from koding_audit.stack.script import Script


def add_template_needs(stack: Stack, script: Script, account: Account, deployment: Deployment) -> Stack:
    """Returns a stack with the needs of the script's templates. script.template is not None."""
    if script.template is None:
        raise AssertionError("unreachable: only a script with a template comes here")
    template, types = script.template, CloudFormationTypes()
    arns = TemplateArns(script, account, types, deployment.stack_name or template.stack_name)
    own = replace(script, resources=tuple(each for each in script.resources if "::" in each.type))
    found = collect_template_needs(own, account, actions.load_actions(), arns)
    region = next((each.region for each in own.resources if each.region), "")
    role = role_arn(account, deployment.service_role)
    calls = CallerCalls(own, account, arns, region, role)
    assumed = tuple(calls.assumed_roles(template))
    capability = calls.capabilities()
    notes = (*stack.notes, *found.notes, *((capability,) if capability else ()))
    return replace(
        stack,
        resources=stack.resources + len(own.resources),
        needs=(*stack.needs, *found.needs, *calls.stack_credentials(template), *calls.deployment(template)),
        unknown=(*stack.unknown, *found.unknown),
        notes=notes,
        service_role=deployment.service_role,
        assumed=assumed,
        is_assumed_elsewhere=not all(is_own_account(each, account) for each in assumed),
    )


def role_arn(account: Account, role: str) -> str:
    """Returns the ARN of `role/NAME`, which can have any path; "" for no role."""
    name = role.removeprefix("role/")
    return f"arn:{account.partition}:iam::{account.id}:role/*{name}" if name else ""
