"""The caller's own calls that deploy a template: change sets, parameters that are looked up, transforms, roles."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from koding_audit.model.account import Account
from koding_audit.model.arn import arn_account
from koding_audit.model.location import Location
from koding_audit.model.stack import StackNeed, StackUse
from koding_audit.stack.cloudformation_arns import TemplateArns
from koding_audit.stack.references import ANY
from koding_audit.stack.script import Script
from koding_audit.stack.template import CustomResource, StackTemplate, TemplateParameter

LARGEST_TEXT = 51_200
"""The bytes of the largest template that a request can hold; a larger one is read from S3."""

_TABLE = os.path.join(os.path.dirname(__file__), "caller_calls.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time
_SERVERLESS = "AWS::Serverless-2016-10-31"

Call = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CalledFor:
    """What a caller's call is about.

    when: the rows of the table
    name: what fills `{name}` in their ARNs
    what: for people, `parameter KeyName`
    location: where the template says so
    certain: whether it is certainly called
    """

    when: str
    name: str
    what: str
    location: Location
    certain: bool = True


@dataclass
class CallerCalls:
    """The calls by the condition on which they are made. Each row of the table has its source and its date.

    script: the template
    account: the account of the stack
    arns: the texts of the template
    region: of the stack, "" if it is not known
    service_role: the ARN of the role that CloudFormation assumes, "" for the caller's own permissions
    """

    script: Script
    account: Account
    arns: TemplateArns
    region: str = ""
    service_role: str = ""

    def __post_init__(self) -> None:
        self._calls: dict[str, list[Call]] = {}
        with open(_TABLE, encoding="ascii") as file:  # noqa: PTH123 - as above
            for call in map(json.loads, file):
                self._calls.setdefault(call["when"], []).append(call)

    def deployment(self, template: StackTemplate) -> Iterator[StackNeed]:
        """Yields what the caller itself needs, beside the resources."""
        names = (self.arns.stack_name,) if self.arns.stack_name else template.stack_names or (ANY,)
        for name in names:
            yield from self._needs(CalledFor("deploy", name, "deploy", template.location))
        for each in self._beside(template):
            yield from self._needs(each)
        if self.service_role:
            yield from self._needs(CalledFor("service-role", self.service_role, "--service-role", template.location))

    def stack_credentials(self, template: StackTemplate) -> Iterator[StackNeed]:
        """Yields what the credentials of the stack call beside its resources' types: the makers of custom resources."""
        for custom in template.custom:
            yield from self._needs(self._custom(custom), caller=False)

    def assumed_roles(self, template: StackTemplate) -> Iterator[StackNeed]:
        """Yields the roles of the CDK's bootstrap that the caller assumes, in place of all else."""
        cdk = template.cdk
        if cdk is not None:
            assets = ((each.assume_role_arn, each.location) for each in cdk.assets if each.assume_role_arn)
            for arn, location in (*cdk.assume_role_arns, *assets):
                yield from self._needs(CalledFor("cdk-role", self._role(arn), "the CDK's bootstrap", location))
            for arn, location in cdk.lookup_role_arns:
                yield from self._needs(CalledFor("cdk-lookup-role", self._role(arn), "the CDK's lookups", location))

    def capabilities(self) -> str:
        """Returns the note on CAPABILITY_IAM or CAPABILITY_NAMED_IAM, "" if the template needs neither."""
        named = {call["type"]: call.get("name", "") for call in self._calls["capability"]}
        found = [each for each in self.script.resources if each.type in named]
        if not found:
            return ""
        own = any(named[each.type] and each.body.node(named[each.type]) is not None for each in found)
        capability = "CAPABILITY_NAMED_IAM" if own else "CAPABILITY_IAM"
        return f"deploy with --capabilities {capability}, which is not a permission"

    def _beside(self, template: StackTemplate) -> Iterator[CalledFor]:
        for name in template.transforms:
            of_aws = name.startswith("AWS::")
            when = "transform-of-aws" if of_aws else "transform"
            yield CalledFor(when, name.removeprefix("AWS::"), f"transform {name}", template.location)
        if _SERVERLESS in template.transforms:
            yield CalledFor("sam", "", "sam deploy", template.location)
        if template.size > LARGEST_TEXT:
            what = f"a template of more than {LARGEST_TEXT:,} bytes"
            yield CalledFor("large-template", "", what, template.location, certain=False)
        yield from self._parameters(template.parameters)
        for each in template.dynamic_references:
            when = "dynamic-secret" if each.service == "secretsmanager" else "dynamic-ssm"
            yield CalledFor(when, self._name(each.name), "dynamic reference", each.location, not self.service_role)
        for nested in template.nested:
            if not nested.url.startswith((".", "/")) and "://" in self.arns.text(nested.url, self.region):
                what = f"template of {nested.logical_id}"
                yield CalledFor("nested-template", nested.url, what, nested.location, not self.service_role)

    def _parameters(self, parameters: Iterable[TemplateParameter]) -> Iterator[CalledFor]:
        for each in parameters:
            what = f"parameter {each.name}"
            if each.is_ssm:
                name = self._name(each.value) or ANY
                when = "public-ssm-parameter" if name.startswith("aws/service/") else "ssm-parameter"
                yield CalledFor(when, name, what, each.location)
            if each.looked_up in self._calls:
                yield CalledFor(each.looked_up, "", what, each.location)

    def _custom(self, custom: CustomResource) -> CalledFor:
        token = self.arns.text(custom.service_token, self.region)
        target = self.arns.target(custom.service_token)
        is_topic = ":sns:" in token or (target is not None and target.resource.type == "AWS::SNS::Topic")
        when = "custom-topic" if is_topic else "custom-function"
        return CalledFor(when, custom.service_token, f"custom resource {custom.logical_id}", custom.location)

    def _name(self, text: str) -> str:
        return self.arns.text(text, self.region).removeprefix("/")

    def _role(self, arn: str) -> str:
        return self.arns.text(arn, self.region)

    def _needs(self, reason: CalledFor, *, caller: bool = True) -> Iterator[StackNeed]:
        for call in self._calls[reason.when]:
            passed = call.get("passed_to", "")
            yield StackNeed(
                action=call["action"],
                resource=self.arns.fill_name(call["resource"], reason.name, self.region),
                region=self.region,
                uses=(StackUse(reason.what, reason.location, call["action"].partition(":")[2]),),
                certain=reason.certain and not call.get("perhaps", False),
                context=(("iam:PassedToService", (passed,)),) if passed else (),
                perhaps=call.get("perhaps", False),
                caller=caller,
                source=f"{call['source']}, {call['date']}",
            )


def is_own_account(need: StackNeed, account: Account) -> bool:
    """Whether the role of a need lies in an account; one whose account is not known does."""
    return arn_account(need.resource) in (account.id, "", ANY)
