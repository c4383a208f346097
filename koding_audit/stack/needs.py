"""Collects the actions that a script's resources need: for each operation on them and for each argument that is set."""

from __future__ import annotations

from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.account import Account
from koding_audit.model.frozen import replace
from koding_audit.model.stack import Stack, StackNeed, StackUnknown, StackUse
from koding_audit.reference import actions
from koding_audit.stack import type_table
from koding_audit.stack.arn_templates import TemplateFiller, TemplateMatcher
from koding_audit.stack.deployment import CALLER_ALONE, Deployment
from koding_audit.stack.pass_role import load_passed_services, pass_role_context, passed_role_arn
from koding_audit.stack.references import References, can_be_null, is_interpolated, nodes_at
from koding_audit.stack.row_lookup import RowLookup
from koding_audit.stack.script import Script, ScriptResource
from koding_audit.stack.type_table import TypeRow

_UNKNOWN_TYPE = "neither the table, AWS's model of the provider nor CloudFormation's handlers know its type"
PASS_ROLE = "iam:PassRole"  # noqa: S105 - an action

_NULL_TEXTS = frozenset({"", "false", "null", "~"})
_NeedContext = tuple[tuple[str, tuple[str, ...]], ...]
_NeedKey = tuple[str, str, str, bool, bool, _NeedContext]  # action, resource, region, certain, hint, context


def collect_needs(
    script: Script, account: Account, *, as_role: bool = False, deployment: Deployment = CALLER_ALONE
) -> Stack:
    """Returns what a script needs in an account.

    as_role: whether the principal is the role that the script's providers assume
    deployment: how its templates are deployed
    """
    if script.template is None:
        return _NeedCollector(script, account, as_role).collect()
    from koding_audit.stack.template_stack import add_template_needs  # noqa: PLC0415 - Terraform needs nothing of it

    terraform = replace(script, resources=tuple(each for each in script.resources if "::" not in each.type))
    return add_template_needs(_NeedCollector(terraform, account, as_role).collect(), script, account, deployment)


@dataclass(frozen=True, slots=True)
class _TemplateAction:
    """An action of a type's row on one of its ARN templates.

    action: for example `s3:CreateBucket`
    template: of the resource's ARN
    certain: whether the action certainly applies to this template
    operations: the operations that call the action: create, read, update, delete
    """

    action: str
    template: str
    certain: bool
    operations: tuple[str, ...]


@dataclass
class _NeedCollector:
    """Collects the needs of one script, each with all its uses.

    script: the script
    account: the account in which it runs
    as_role: whether the principal is the role that the script's providers assume
    """

    script: Script
    account: Account
    as_role: bool
    _uses: dict[_NeedKey, list[StackUse]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = actions.load_actions()
        self._lookup = RowLookup(type_table.load_type_table(), self._known)
        self._passed_services = load_passed_services()
        self._matcher = TemplateMatcher(self._known, self.account)
        self._references = References(self.script)
        self._filler = TemplateFiller(self.account, self._references)
        self._operation_actions_by_type: dict[tuple[str, str, bool], tuple[_TemplateAction, ...]] = {}
        self._first: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self._roles: set[str] = set()

    def collect(self) -> Stack:
        """Returns the needs, and the parts of the script whose needs are unknown."""
        unread = (*self.script.unread, *(() if self.as_role else self.script.role_assuming))
        unknown = [StackUnknown("", each.what, each.why, each.location) for each in unread]
        for each in self.script.resources:
            row = self._lookup.find(each.kind, each.type)
            if row is not None:
                self._add_resource(each, row)
            why = _UNKNOWN_TYPE if row is None else "" if each.destroyed else self._lookup.limits(row, each.body)
            if why:
                unknown.append(StackUnknown(each.type, each.address, why, each.location))
        return Stack(
            path=self.script.path,
            files=self.script.files,
            resources=len(self.script.resources),
            needs=tuple(
                StackNeed(action, resource, region, tuple(uses), certain, hint, context)
                for (action, resource, region, certain, hint, context), uses in self._uses.items()
            ),
            unknown=tuple(unknown),
            hinted=self._lookup.hinted,
            rows=self._lookup.origins,
            others=self.script.others,
            service_roles=tuple(sorted(self._roles)),
            notes=self.script.notes,
        )

    def _add_resource(self, resource: ScriptResource, row: TypeRow) -> None:
        hint = row.origin == "hint"
        self._roles.update(row.service_role)
        arns: dict[str, str] = {}
        place = resource.address, resource.location
        uses: dict[str, StackUse] = {name: StackUse(*place, name) for name in type_table.OPERATIONS}
        for each in self._operation_actions(resource, row):
            arn = self._resource_arn(each.template, resource, arns)
            key = each.action, arn, resource.region, each.certain and not hint, hint, ()
            self._uses.setdefault(key, []).extend([uses[why] for why in each.operations])
        for action in row.may_read:
            self._add_action(resource, action, row, arns, uses["read"], certain=False)
        for argument in () if resource.destroyed else self._set_arguments(resource, row):
            certain = self._is_argument_set(resource, argument)
            use = StackUse(resource.address, resource.location, f"argument {argument}")
            for action in row.arguments[argument] if certain is not None else ():
                if action == PASS_ROLE:
                    self._add_pass_role(resource, argument, use, certain=bool(certain))
                else:
                    self._add_action(resource, action, row, arns, use, certain=bool(certain))

    def _operation_actions(self, resource: ScriptResource, row: TypeRow) -> tuple[_TemplateAction, ...]:
        """Returns the actions of a row's operations; cached, because they are the same for all resources of a type."""
        key = row.kind, row.type, resource.destroyed
        if key not in self._operation_actions_by_type:
            found: dict[tuple[str, str, bool], list[str]] = {}
            for name in ("read", "delete") if resource.destroyed else type_table.OPERATIONS:
                for action in row.operations[name]:
                    for template, certain in self._matcher.templates_for(action, row.arn):
                        found.setdefault((action, template, certain), []).append(name)
            self._operation_actions_by_type[key] = tuple(
                _TemplateAction(*key_parts, tuple(operations)) for key_parts, operations in found.items()
            )
        return self._operation_actions_by_type[key]

    def _resource_arn(self, template: str, resource: ScriptResource, arns: dict[str, str]) -> str:
        """Returns the ARN of a template for a resource. arns: a cache of the resource's ARNs by template."""
        arn = arns.get(template)
        if arn is None:
            arn = arns[template] = self._filler.fill(template, resource)
        return arn

    def _set_arguments(self, resource: ScriptResource, row: TypeRow) -> list[str]:
        """Returns the arguments of a row that the resource gives; all of them if it has `dynamic` blocks."""
        entries = resource.body.entries
        if "dynamic" in entries:
            return list(row.arguments)
        key = row.kind, row.type
        if key not in self._first:
            self._first[key] = tuple((each, each.partition("=")[0].partition(".")[0]) for each in row.arguments)
        return [each for each, first in self._first[key] if first in entries]

    def _add_action(
        self, resource: ScriptResource, action: str, row: TypeRow, arns: dict[str, str], use: StackUse, *, certain: bool
    ) -> None:
        for template, sure in self._matcher.templates_for(action, row.arn):
            key = action, self._resource_arn(template, resource, arns), resource.region, certain and sure, False, ()
            self._uses.setdefault(key, []).append(use)

    def _add_pass_role(self, resource: ScriptResource, argument: str, use: StackUse, *, certain: bool) -> None:
        path = argument.partition("=")[0]
        context = pass_role_context(self._passed_services.get(resource.type))
        for node in nodes_at(resource.body, path):
            arn = passed_role_arn(node, path, self.account, self._references)
            self._uses.setdefault((PASS_ROLE, arn, resource.region, certain, False, context), []).append(use)

    def _is_argument_set(self, resource: ScriptResource, argument: str) -> bool | None:
        """Whether an argument is set: None if not, False if it depends on a value that the script does not say.

        `argument=value`: whether the argument has that value.
        """
        path, equals, value = argument.partition("=")
        found = [_is_value_set(node, value if equals else None) for node in nodes_at(resource.body, path)]
        return max((each for each in found if each is not None), default=None)


def _is_value_set(node: YamlNode, value: str | None) -> bool | None:
    if isinstance(node, SequenceNode) and value is not None:
        return max((each for one in node.nodes if (each := _is_value_set(one, value)) is not None), default=None)
    if not isinstance(node, ScalarNode):
        return True if value is None and _has_content(node) else None
    text = node.value.strip()
    if value is not None:
        return text == value or (False if is_interpolated(text) else None)
    if text in _NULL_TEXTS:
        return None
    return not can_be_null(text)


def _has_content(node: MappingNode | SequenceNode) -> bool:
    return bool(node.entries if isinstance(node, MappingNode) else node.nodes)
