"""Collects what the resources of a template need: certainly, by the properties that are set, and perhaps."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import ScalarNode, YamlNode
from koding_audit.model.account import Account
from koding_audit.model.stack import StackNeed, StackUnknown, StackUse
from koding_audit.reference.actions import ActionList
from koding_audit.stack.arn_templates import TemplateMatcher
from koding_audit.stack.cloudformation_arns import (
    ReferredResource,
    TemplateArns,
    applies,
    arn_kind,
    has_hole,
    own_templates,
    values_at,
)
from koding_audit.stack.cloudformation_types import CloudFormationRow
from koding_audit.stack.references import ANY
from koding_audit.stack.script import Script, ScriptResource
from koding_audit.stack.template_properties import holds

PASS_ROLE = "iam:PassRole"  # noqa: S105 - an action

_ROLE_ARN = re.compile(r"arn:[a-z*-]+:iam::[0-9*]+:role/\S+")
_KEY_ARN = re.compile(r"arn:[a-z*-]+:kms:[a-z0-9*-]+:[0-9*]+:key/\S+")
_KEY_ID = re.compile(r"(?:mrk-)?[0-9a-f-]{32,36}")
_ROLE_TYPE, _PROFILE_TYPE = "AWS::IAM::Role", "AWS::IAM::InstanceProfile"
_CUSTOM_TYPE = "AWS::CloudFormation::CustomResource"
_DEEPEST = 4  # levels of references: an instance profile names a role, which another resource names

_Context = tuple[tuple[str, tuple[str, ...]], ...]
_TemplateNeedKey = tuple[str, str, str, _Context]  # action, resource, region, context
_CERTAIN, _OPEN, _PERHAPS = 0, 1, 2
_MOST_PERHAPS = 5  # resources of an action that never decides which are asked about one by one


@dataclass(frozen=True, slots=True)
class TemplateNeeds:
    """What the resources of a template need.

    needs: the actions
    unknown: the resources of which nothing is known
    notes: names in the handlers that AWS's list of actions does not have
    """

    needs: tuple[StackNeed, ...]
    unknown: tuple[StackUnknown, ...]
    notes: tuple[str, ...]


def collect_template_needs(script: Script, account: Account, known: ActionList, arns: TemplateArns) -> TemplateNeeds:
    """Returns what the resources of a script need whose types are CloudFormation's."""
    return _Collector(script, account, known, arns).collect()


@dataclass
class _Collector:
    """Collects the needs, each with all its uses.

    script: the resources
    account: the account of the stack
    known: AWS's actions
    arns: the ARNs of the resources
    """

    script: Script
    account: Account
    known: ActionList
    arns: TemplateArns
    _uses: dict[_TemplateNeedKey, tuple[int, list[StackUse]]] = field(default_factory=dict)
    _rows: dict[str, CloudFormationRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._matcher = TemplateMatcher(self.known, self.account)
        self._fits: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, bool], ...]] = {}

    def collect(self) -> TemplateNeeds:
        """Returns the needs of all resources."""
        unknown = []
        for each in self.script.resources:
            if each.type == _CUSTOM_TYPE or each.type.startswith("Custom::"):
                continue  # what makes it is called, and what that does is the business of its own role
            row = self.arns.row(each.type)
            if row is None:
                why = "neither the table nor CloudFormation's registry says what its type calls"
                unknown.append(StackUnknown(each.type, each.address, why, each.location))
            else:
                self._rows[each.type] = row
                self._add_resource(each, row)
        notes = (
            f"{row.type}: its handlers name {', '.join(row.unlisted)}, which AWS's list of actions does not have"
            for row in self._rows.values()
            if row.unlisted
        )
        self._merge_perhaps()
        return TemplateNeeds(tuple(self._needs()), tuple(unknown), tuple(notes))

    def _needs(self) -> Iterator[StackNeed]:
        for (action, resource, region, context), (rank, uses) in self._uses.items():
            yield StackNeed(
                action=action,
                resource=resource,
                region=region,
                uses=tuple(uses),
                certain=rank == _CERTAIN,
                context=context,
                perhaps=rank == _PERHAPS,
            )

    def _merge_perhaps(self) -> None:
        """Replaces the many resources of an action that never decides by one: what their ARNs begin with, and `*`."""
        groups: dict[tuple[str, str, _Context], list[_TemplateNeedKey]] = {}
        for key, (rank, _) in self._uses.items():
            if rank == _PERHAPS:
                groups.setdefault((key[0], key[2], key[3]), []).append(key)
        for (action, region, context), keys in groups.items():
            if len(keys) > _MOST_PERHAPS:
                uses = [use for key in keys for use in self._uses.pop(key)[1]]
                common = os.path.commonprefix([key[1] for key in keys]).rstrip(ANY)  # noqa: RUF071 - texts, not paths
                self._uses[action, f"{common}{ANY}", region, context] = _PERHAPS, uses

    def _add_resource(self, resource: ScriptResource, row: CloudFormationRow) -> None:
        filled = _ResourceArns(resource, row, self)
        certain = _OPEN if resource.depends_on_condition else _CERTAIN
        for handler, actions in (("create", row.create), ("delete", () if resource.retained else row.delete)):
            for action in actions:
                self._add(filled, action, handler, certain)
        every = [(row.properties, False), (row.maybe, True)] + ([] if resource.retained else [(row.removal, False)])
        for conditions, unsure in every:
            for condition, actions in conditions.items():
                state = holds(condition, resource.body)
                if state is not None:
                    rank = certain if state and not unsure else _OPEN
                    self._add_by_property(filled, condition, actions, rank)
        for handler, actions in row.perhaps.items():
            for action in actions:
                self._add(filled, action, handler, _PERHAPS)

    def _add_by_property(self, filled: _ResourceArns, condition: str, actions: tuple[str, ...], rank: int) -> None:
        path = condition.partition("=")[0]
        why = f"property {condition}" if condition and not condition.startswith("!") else "create"
        for action in actions:
            if action == PASS_ROLE:
                self._add_pass_role(filled, path, why, rank)
            elif action.startswith("kms:") and not filled.row.type.startswith("AWS::KMS::"):
                self._add_key(filled, path, action, why, rank)
            else:
                self._add(filled, action, why, rank)

    def _add(self, filled: _ResourceArns, action: str, why: str, rank: int) -> None:
        for arn, is_own in filled.arns_for(action):
            self._use(filled, action, arn, why, rank if is_own else max(rank, _OPEN))

    def _use(
        self, filled: _ResourceArns, action: str, arn: str, why: str, rank: int, *, context: _Context = ()
    ) -> None:
        resource = filled.resource
        key = action, arn, resource.region, context
        use = StackUse(resource.address, resource.location, why)
        found = self._uses.get(key)
        if found is None or rank < found[0]:
            # What is surely needed is not also perhaps needed: only the uses that decide are kept.
            self._uses[key] = rank, [use]
        elif rank == found[0]:
            found[1].append(use)

    def _add_pass_role(self, filled: _ResourceArns, path: str, why: str, rank: int) -> None:
        service = filled.row.passes_to.get(path)
        context: _Context = (("iam:PassedToService", (service,)),) if service else ()
        for node, certain in values_at(filled.resource.body, path) if path else ((None, False),):
            arn = self._role_arn(node, 0, is_profile="InstanceProfile" in path)
            self._use(filled, PASS_ROLE, arn, why, rank if certain else max(rank, _OPEN), context=context)

    def _role_arn(self, node: YamlNode | None, depth: int, *, is_profile: bool = False) -> str:
        """Returns the ARN of the role that a value names, with `*` for what is not known."""
        anyone = f"arn:{self.account.partition}:iam::{self.account.id}:role/"
        if not isinstance(node, ScalarNode) or depth > _DEEPEST:
            return f"{anyone}{ANY}"
        target = self.arns.target(node.value)
        if target is not None:
            return self._role_of_target(target, depth) or f"{anyone}{ANY}"
        text = self.arns.text(node.value)
        if _ROLE_ARN.fullmatch(text):
            return text
        # A role with this name can have any path. The name of an instance profile does not say which role it has.
        return f"{anyone}{ANY}" if ":" in text or is_profile else f"{anyone}{ANY}{text.lstrip(ANY)}"

    def _role_of_target(self, target: ReferredResource, depth: int) -> str:
        if target.resource.type == _ROLE_TYPE:
            return self.arns.resource_arn(target.resource)
        if target.resource.type == _PROFILE_TYPE:
            roles = [each for each, _ in values_at(target.resource.body, "Roles")]
            return self._role_arn(roles[0], depth + 1) if len(roles) == 1 else ""
        return ""

    def _add_key(self, filled: _ResourceArns, path: str, action: str, why: str, rank: int) -> None:
        """Adds an action of KMS on the key that a property names; AWS's own keys need no permission."""
        if not self.known.is_described(action) or not self.known.resource_types(action):
            self._use(filled, action, ANY, why, max(rank, _OPEN))
            return
        for node, certain in values_at(filled.resource.body, path):
            text = self.arns.text(node.value, filled.resource.region) if isinstance(node, ScalarNode) else ANY
            if "alias/aws/" not in text:
                self._use(
                    filled, action, self._key_arn(text, filled.resource), why, rank if certain else max(rank, _OPEN)
                )

    def _key_arn(self, text: str, resource: ScriptResource) -> str:
        if _KEY_ARN.fullmatch(text):
            return text
        name = text if _KEY_ID.fullmatch(text) else ANY
        return f"arn:{self.account.partition}:kms:{resource.region or ANY}:{self.account.id}:key/{name}"

    def fits(self, action: str, templates: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
        """Returns the templates that an action applies to, each with whether it certainly does; cached."""
        key = action, templates
        if key not in self._fits:
            self._fits[key] = tuple(self._matching(action, templates))
        return self._fits[key]

    def _matching(self, action: str, templates: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
        described = self.known.is_described(action)
        # A tag is of the resource itself, also where the action can tag others.
        own = templates[:1] if described and self.known.access_level(action) == "Tagging" else templates
        found = self._matcher.templates_for(action, own)
        matched = [each for each, _ in found if each in own]
        if not matched and own and found[0][0] != ANY and own[0].split(":")[2] == action.partition(":")[0]:
            yield own[0], True  # AWS's list has no such resource for the action, and the row has
            return
        kinds = {arn_kind(each) for each in matched}
        for template, certain in found:
            if template in matched:
                yield template, certain or has_hole(template)
            elif arn_kind(template) not in kinds:  # not a listener of another kind of load balancer
                yield template, certain


@dataclass
class _ResourceArns:
    """The ARNs of one resource by template.

    resource: of the template
    row: of its type
    collector: the needs of the script
    """

    resource: ScriptResource
    row: CloudFormationRow
    collector: _Collector
    _filled: dict[str, tuple[tuple[str, bool], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._templates = tuple(self._applying())

    def _applying(self) -> Iterator[str]:
        for number, template in enumerate(own_templates(self.resource, self.row)):
            if number == 0 or not has_hole(template) or applies(template, self.resource, self.row):
                yield template

    def arns_for(self, action: str) -> Iterator[tuple[str, bool]]:
        """Yields the ARNs on which an action is needed, each with whether it certainly is."""
        for template, certain in self.collector.fits(action, self._templates):
            for arn, is_set in self._fill(template):
                yield arn, certain and is_set

    def _fill(self, template: str) -> tuple[tuple[str, bool], ...]:
        if template not in self._filled:
            arns = self.collector.arns
            self._filled[template] = tuple(arns.fill(template, self.resource, self.row))
        return self._filled[template]
