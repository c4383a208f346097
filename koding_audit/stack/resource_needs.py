"""Collects the actions of resources: of each operation, of each argument that is set, and on what an argument names."""

from __future__ import annotations

from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, SequenceNode
from koding_audit.model.account import Account
from koding_audit.model.stack import StackUse
from koding_audit.reference import actions
from koding_audit.stack import type_table
from koding_audit.stack.argument_resources import ArgumentResource, ArgumentResources, named_arns
from koding_audit.stack.arn_templates import TemplateFiller, TemplateMatcher
from koding_audit.stack.need_uses import NeedUses
from koding_audit.stack.pass_role import PASS_ROLE, load_passed_services, pass_role_context, passed_role_arn
from koding_audit.stack.references import ANY, References, nodes_at
from koding_audit.stack.row_lookup import RowLookup
from koding_audit.stack.script import Script, ScriptResource
from koding_audit.stack.type_table import TypeRow
from koding_audit.stack.values import is_value_set


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
class _Collected:
    """One resource while its needs are collected.

    resource: the resource
    row: of its type
    is_hint: whether the row is only a hint
    uses: to which the needs are added
    arns: the resource's ARNs by template, a cache
    replaced: by action, the templates that an argument names more precisely
    """

    resource: ScriptResource
    row: TypeRow
    is_hint: bool
    uses: NeedUses
    arns: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, set[str]] = field(default_factory=dict)

    def use(self, why: str) -> StackUse:
        return StackUse(self.resource.address, self.resource.location, why)

    def operations(self) -> tuple[str, ...]:
        """The operations that the resource needs."""
        if self.resource.forgotten:
            return ("read",)
        return ("read", "delete") if self.resource.destroyed else type_table.OPERATIONS


@dataclass
class ResourceNeedCollector:
    """Collects the needs of a script's resources.

    script: the script
    account: the account in which it runs
    as_role: whether the principal is the role that the script's providers assume
    uses: the needs
    uses_if_created: the needs of resources that the script's values do not create
    """

    script: Script
    account: Account
    as_role: bool = False
    uses: NeedUses = field(default_factory=NeedUses)
    uses_if_created: NeedUses = field(default_factory=NeedUses)

    def __post_init__(self) -> None:
        self._known = actions.load_actions()
        self.rows = RowLookup(type_table.load_type_table(), self._known)
        self._passed_services = load_passed_services()
        self._matcher = TemplateMatcher(self._known, self.account)
        self._named = ArgumentResources(self._known, self._matcher)
        self.references = References(self.script)
        self._filler = TemplateFiller(self.account, self.references)
        self._template_actions: dict[tuple[str, str, tuple[str, ...]], tuple[_TemplateAction, ...]] = {}
        self._first: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self._roles: set[str] = set()

    @property
    def service_roles(self) -> tuple[str, ...]:
        """The services whose service-linked role AWS may create, sorted."""
        return tuple(sorted(self._roles))

    def limits(self, resource: ScriptResource, row: TypeRow) -> str:
        """Returns why a row may lack permissions of a resource, "" if it does not."""
        if resource.destroyed or resource.forgotten:
            return ""
        # A type that no call tags has no tags that a provider could add to.
        body, tags = resource.body, resource.default_tags if "tags" in row.arguments else None
        if tags is not None and is_value_set(tags) is not None:
            body = MappingNode({**body.entries, "tags": MappingEntry(tags.location, tags)}, body.location)
        return self.rows.limits(row, body)

    def add_resource(self, resource: ScriptResource, row: TypeRow) -> None:
        """Adds the needs of a resource by the row of its type."""
        self._roles.update(row.service_role if resource.is_created else ())
        one = _Collected(
            resource, row, row.origin == "hint", self.uses if resource.is_created else self.uses_if_created
        )
        set_arguments = {} if resource.destroyed or resource.forgotten else self._set_arguments(one)
        self._add_named_resources(one, set_arguments)
        uses: dict[str, StackUse] = {name: one.use(name) for name in type_table.OPERATIONS}
        for each in self._operation_actions(one):
            if each.template not in one.replaced.get(each.action, ()):
                arn = self._arn(one, each.template)
                self._add(one, each.action, arn, [uses[why] for why in each.operations], certain=each.certain)
        for action in row.may_read:
            self._add_on_templates(one, action, [uses["read"]], certain=False)
        for argument, certain in set_arguments.items():
            self._add_argument(one, argument, certain=certain)

    def _add(self, one: _Collected, action: str, arn: str, uses: list[StackUse], *, certain: bool) -> None:
        sure = certain and not one.is_hint and not one.resource.depends_on_condition
        decides = one.resource.decides and action not in one.row.tolerated
        one.uses.add(
            action,
            arn,
            one.resource.region,
            uses,
            certain=sure,
            hint=one.is_hint,
            decides=decides,
            role=self._role(one),
        )

    def _role(self, one: _Collected) -> str:
        """Returns the ARN of the role that makes the calls for a resource, "" if it is the principal."""
        if self.as_role or not one.resource.role:
            return ""
        return role_text(one.resource.role, self.account, self.references)

    def _operation_actions(self, one: _Collected) -> tuple[_TemplateAction, ...]:
        """Returns the actions of a row's operations; cached, because they are the same for all resources of a type."""
        row, operations = one.row, one.operations()
        key = row.kind, row.type, operations
        if key not in self._template_actions:
            found: dict[tuple[str, str, bool], list[str]] = {}
            for name in operations:
                for action in row.operations[name]:
                    for template, certain in self._matcher.templates_for(action, row.arn):
                        found.setdefault((action, template, certain), []).append(name)
            self._template_actions[key] = tuple(
                _TemplateAction(*key_parts, tuple(names)) for key_parts, names in found.items()
            )
        return self._template_actions[key]

    def _arn(self, one: _Collected, template: str) -> str:
        """Returns the ARN of a template for a resource."""
        arn = one.arns.get(template)
        if arn is None:
            arn = one.arns[template] = self._filler.fill(template, one.resource)
        return arn

    def _set_arguments(self, one: _Collected) -> dict[str, bool]:
        """Returns the arguments of a row that the resource gives, each with whether it is certainly set."""
        found = {}
        for argument in self._named_arguments(one):
            certain = _is_argument_set(one.resource, argument)
            if certain is not None:
                found[argument] = certain
        return found

    def _named_arguments(self, one: _Collected) -> list[str]:
        """Returns the arguments of a row that the resource may give; all of them if it has `dynamic` blocks."""
        entries, row = one.resource.body.entries, one.row
        if "dynamic" in entries:
            return list(row.arguments)
        key = row.kind, row.type
        if key not in self._first:
            self._first[key] = tuple((each, each.partition("=")[0].partition(".")[0]) for each in row.arguments)
        return [each for each, first in self._first[key] if first in entries or each == "tags"]

    def _add_argument(self, one: _Collected, argument: str, *, certain: bool) -> None:
        uses = [one.use(f"argument {argument}")]
        for action in one.row.arguments[argument]:
            if action == PASS_ROLE:
                self._add_pass_role(one, argument, uses, certain=certain)
            else:
                self._add_on_templates(one, action, uses, certain=certain)

    def _add_on_templates(self, one: _Collected, action: str, uses: list[StackUse], *, certain: bool) -> None:
        for template, sure in self._matcher.templates_for(action, one.row.arn):
            if template not in one.replaced.get(action, ()):
                self._add(one, action, self._arn(one, template), uses, certain=certain and sure)

    def _add_pass_role(self, one: _Collected, argument: str, uses: list[StackUse], *, certain: bool) -> None:
        resource, path = one.resource, argument.partition("=")[0]
        context = pass_role_context(self._passed_services.get(resource.type))
        found = nodes_at(resource.body, path)
        for node in (one for each in found for one in (each.nodes if isinstance(each, SequenceNode) else (each,))):
            arn = passed_role_arn(node, path, self.account, self.references)
            one.uses.add(PASS_ROLE, arn, resource.region, uses, certain=certain, context=context, role=self._role(one))

    def _add_named_resources(self, one: _Collected, set_arguments: dict[str, bool]) -> None:
        """Adds the actions on the resources that arguments name."""
        called = {action: True for name in ("create", "update") for action in one.row.operations[name]}
        for argument, certain in set_arguments.items():
            for action in one.row.arguments[argument]:
                called[action] = called.get(action, False) or certain
        for each in self._named.resources_of(one.resource, one.row):
            if each.action in called:
                for arn, certain in named_arns(each, one.resource, self.references):
                    self._add_named(one, each, arn, certain=certain and called[each.action])

    def _add_named(self, one: _Collected, each: ArgumentResource, arn: str, *, certain: bool) -> None:
        one.replaced.setdefault(each.action, set()).update(each.replaces if certain else ())
        full = self._filler.fill_account(arn, one.resource.region)
        self._add(one, each.action, full, [one.use(f"argument {each.argument}")], certain=certain and each.certain)


def role_text(arn: str, account: Account, references: References) -> str:
    """Returns the ARN of an assumed role with `*` for unknown parts."""
    text = references.resolve_text(arn)
    return text if text.startswith("arn:") else f"arn:{account.partition}:iam::{ANY}:role/{ANY}"


def _is_argument_set(resource: ScriptResource, argument: str) -> bool | None:
    """Whether an argument is set: None if not, False if it depends on a value that the script does not say.

    `argument=value`: whether the argument has that value. `tags` are set too if the provider adds some.
    """
    path, equals, value = argument.partition("=")
    found = [is_value_set(node, value if equals else None) for node in nodes_at(resource.body, path)]
    if argument == "tags" and resource.default_tags is not None:
        found.append(is_value_set(resource.default_tags))
    return max((each for each in found if each is not None), default=None)
