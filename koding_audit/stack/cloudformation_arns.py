"""Names and ARNs of a template's resources: as it sets them, as CloudFormation makes them, or `*`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import ScalarNode, SequenceNode, YamlNode
from koding_audit.model.account import Account
from koding_audit.stack.cloudformation_types import CloudFormationRow, CloudFormationTypes
from koding_audit.stack.references import ANY
from koding_audit.stack.script import Script, ScriptResource
from koding_audit.stack.template import open_choice, properties_at
from koding_audit.stack.template_properties import holds

_OPEN = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
_HOLE = re.compile(r"(?<!\$)\{([A-Za-z0-9.]+)(?:=([^{}]*))?\}")
_ARN = re.compile(r"arn:[^:]*:([^:]*):[^:]*:[^:]*:(?:([A-Za-z-]+)(?=[/:]))?")
_S3_URL = re.compile(r"https://(?:([a-z0-9.*-]+)\.s3[a-z0-9.*-]*|s3[a-z0-9.*-]*/([a-z0-9.*-]+))/([^?#]+)")
_RANDOM = 13  # docs.aws.amazon.com, UserGuide/resources-section-structure: 12 letters after a hyphen
_DEEPEST = 8  # levels of names that are made of other resources' names
_MOST_VALUES = 50  # values of one list that get an ARN each; of a longer one it is any


@dataclass(frozen=True, slots=True)
class ReferredResource:
    """The resource of the template that a text refers to, and nothing else.

    resource: of the template
    attribute: of `Fn::GetAtt`, "" for `Ref`
    """

    resource: ScriptResource
    attribute: str


@dataclass
class TemplateArns:
    """Fills ARN templates for the resources of a script.

    script: its resources
    account: the account of the stack
    types: the table
    stack_name: the name of the stack, "" if it is not known
    """

    script: Script
    account: Account
    types: CloudFormationTypes
    stack_name: str = ""
    _rows: dict[str, CloudFormationRow | None] = field(default_factory=dict)
    _own: dict[str, str] = field(default_factory=dict)
    _depth: int = 0

    def __post_init__(self) -> None:
        self._resources = {each.logical_id: each for each in self.script.resources if each.logical_id}

    def row(self, type_: str) -> CloudFormationRow | None:
        """Returns the row of a type; it is cached."""
        if type_ not in self._rows:
            self._rows[type_] = self.types.row(type_)
        return self._rows[type_]

    def text(self, text: str, region: str = "") -> str:
        """Returns a text with the value of each open part, `*` where it is not known."""
        if "${" not in text:
            return text
        filled = _OPEN.sub(lambda found: self._open_part(found[1], region), text)
        return filled.replace("$${", "${").replace("%%{", "%{")

    def target(self, text: str) -> ReferredResource | None:
        """Returns what a text refers to, if it is one reference to a resource and nothing else."""
        found = _OPEN.fullmatch(text)
        return self._find_target(found[1]) if found else None

    def resource_arn(self, resource: ScriptResource) -> str:
        """Returns a resource's own ARN, `*` if its type has no template."""
        known = self._own.get(resource.logical_id)
        if known is not None or self._depth >= _DEEPEST:
            return known or ANY
        row = self.row(resource.type)
        self._own[resource.logical_id] = ANY  # while it is filled: names that are made of each other have no end
        self._depth += 1
        arns = self.fill(own_templates(resource, row)[0], resource, row) if row is not None and row.arn else iter(())
        self._own[resource.logical_id] = found = next((arn for arn, _ in arns), ANY)
        self._depth -= 1
        return found

    def physical_name(self, resource: ScriptResource, row: CloudFormationRow) -> str:
        """Returns a resource's name, `*` if neither the template nor CloudFormation's way to make one says it."""
        if not row.name:
            return ANY
        values = [each for each, _ in properties_at(resource.body, row.name)]
        if not values:
            return self._generated_name(resource, row)
        (value, *more) = values
        return self.text(value.value, resource.region) if isinstance(value, ScalarNode) and not more else ANY

    def fill(self, template: str, resource: ScriptResource, row: CloudFormationRow) -> Iterator[tuple[str, bool]]:
        """Yields the ARNs of a template for a resource, one for each value of a list, each with whether it is certain.

        An ARN is not certain if a condition decides whether its value is in the list.
        """
        template = self._fill_account(_insert_path(template, resource, row, self), resource.region)
        holes = list(_HOLE.finditer(template))
        if not holes:
            yield template, True
        elif len(holes) == 1:
            texts = self._hole_texts(holes[0], resource, row)
            for text, certain in texts if len(texts) <= _MOST_VALUES else [(ANY, True)]:
                yield self._with_value(template, holes[0], text, resource.region), certain
        else:
            yield _HOLE.sub(lambda hole: self._single_text(hole, resource, row), template), True

    def _hole_texts(
        self, hole: re.Match[str], resource: ScriptResource, row: CloudFormationRow
    ) -> list[tuple[str, bool]]:
        """Returns the texts of the property of a hole, not resolved; `*` for what is not a text."""
        values = list(values_at(resource.body, hole[1]))
        if values:
            return [(each.value if isinstance(each, ScalarNode) else ANY, certain) for each, certain in values]
        if hole[1] == row.name:
            return [(self._generated_name(resource, row), True)]
        return [(ANY if hole[2] is None else hole[2], True)]

    def _single_text(self, hole: re.Match[str], resource: ScriptResource, row: CloudFormationRow) -> str:
        texts = self._hole_texts(hole, resource, row)
        found = self.text(texts[0][0], resource.region) if len(texts) == 1 else ANY
        return ANY if ":" in found and found.startswith("arn:") else found.removeprefix("/")

    def fill_name(self, template: str, value: str, region: str) -> str:
        """Returns a template with `{name}` replaced by a value of the template: a name, an ARN, or a reference."""
        filled = self._fill_account(template, region)
        hole = _HOLE.search(filled)
        return filled if hole is None else self._with_value(filled, hole, value, region)

    def _with_value(self, template: str, hole: re.Match[str], value: str, region: str) -> str:
        """Returns the ARN of a template whose only hole has a value: a name, an ARN, or a reference."""
        target = self.target(value)
        if target is not None:
            own = self.resource_arn(target.resource)
            if arn_kind(own) == arn_kind(template):
                return own
        text = self.text(value, region)
        before, after = template[: hole.start()], template[hole.end() :]
        if text.startswith("arn:"):
            if arn_kind(text) == arn_kind(template) or not before:
                return text
            text = ANY
        elif text.startswith("https://"):
            text = _name_in_url(text)
        return f"{before}{text.removeprefix('/') if before.endswith('/') else text}{after}"

    def _fill_account(self, template: str, region: str) -> str:
        template = template.replace("${partition}", self.account.partition).replace("${account}", self.account.id)
        return template.replace("${region}", region or ANY)

    def _generated_name(self, resource: ScriptResource, row: CloudFormationRow) -> str:
        """Returns `STACK-LogicalId-*`, `*` if CloudFormation would cut it or if the stack's name is not known."""
        parts = [self.stack_name, *resource.logical_id.split(".")]
        length = sum(map(len, parts)) + (len(parts) - 1) * (_RANDOM + 1)
        if not all(parts) or length > row.longest:
            return ANY
        name = f"{parts[0]}-{f'-{ANY}-'.join(parts[1:])}-{ANY}"
        return name.lower() if row.lower else name

    def _open_part(self, inner: str, region: str) -> str:
        known = {
            "AWS::AccountId": self.account.id,
            "AWS::Partition": self.account.partition,
            "AWS::Region": region,
            "AWS::StackName": self.stack_name,
        }
        if inner.startswith("AWS::"):
            return known.get(inner) or ANY
        target = self._find_target(inner)
        if target is None or self._depth >= _DEEPEST:
            return ANY
        self._depth += 1
        found = self._target_text(target)
        self._depth -= 1
        return found

    def _target_text(self, target: ReferredResource) -> str:
        """Returns the text of a reference: the name or the ARN of its resource, `*` for other attributes."""
        row = self.row(target.resource.type)
        if row is None:
            return ANY
        attribute = target.attribute or row.identifier
        noun = target.resource.type.rpartition("::")[2].lower()
        if attribute.lower() in ("arn", f"{noun}arn"):
            return self.resource_arn(target.resource)
        return self.physical_name(target.resource, row) if attribute and attribute == row.name else ANY

    def _find_target(self, inner: str) -> ReferredResource | None:
        """Returns the target of `LogicalId`, `LogicalId.Attribute` or `Child.LogicalId.Attribute`."""
        name, attribute = inner, ""
        while name:
            if name in self._resources:
                return ReferredResource(self._resources[name], attribute)
            name, _, last = name.rpartition(".")
            attribute = f"{last}.{attribute}" if attribute else last
        return None


def own_templates(resource: ScriptResource, row: CloudFormationRow) -> tuple[str, ...]:
    """Returns the templates of a resource, those of its type or of its type with a value of a property."""
    return next((arn for condition, arn in row.arn_if.items() if holds(condition, resource.body)), row.arn)


def applies(template: str, resource: ScriptResource, row: CloudFormationRow) -> bool:
    """Whether a template of another resource than the type's own applies: the template sets its properties."""
    return all(
        hole[2] is not None or hole[1] == row.name or any(True for _ in properties_at(resource.body, hole[1]))
        for hole in _HOLE.finditer(template)
    )


def has_hole(template: str) -> bool:
    """Whether a template names a property."""
    return _HOLE.search(template) is not None


def values_at(body: YamlNode, path: str) -> Iterator[tuple[YamlNode, bool]]:
    """Yields the values at `Property` or `Property.Inner`, of a list its items, each with whether it is certain."""
    yield from _leaves(properties_at(body, path))


def _leaves(values: Iterator[tuple[YamlNode, bool]]) -> Iterator[tuple[YamlNode, bool]]:
    """Yields the items of lists in place of the lists."""
    for node, certain in values:
        if isinstance(node, SequenceNode):
            yield from _leaves((each, certain) for each in node.nodes)
        else:
            choice = open_choice(node)
            if choice is None:
                yield node, certain
            else:
                yield from _leaves((each, False) for each in choice)


def _insert_path(template: str, resource: ScriptResource, row: CloudFormationRow, arns: TemplateArns) -> str:
    """Returns a template with the path of an IAM resource between its kind and its name."""
    if ":iam:" not in template or f"/{{{row.name}}}" not in template:
        return template
    path = next((each for each, _ in properties_at(resource.body, "Path")), None)
    if path is None:
        return template
    text = arns.text(path.value) if isinstance(path, ScalarNode) else ANY
    return template.replace(
        f"/{{{row.name}}}", f"/{text.strip('/')}/{{{row.name}}}" if text.strip("/") else f"/{{{row.name}}}"
    )


def arn_kind(arn: str) -> tuple[str, str]:
    """Returns the service and the kind of resource of an ARN or a template: `lambda` and `function`."""
    found = _ARN.match(arn)
    if found is None:
        return "", ""
    return found[1], "" if found[1] == "s3" else found[2] or ""


def _name_in_url(url: str) -> str:
    """Returns the bucket and key of an S3 URL, or the name at the end of another, such as a queue's."""
    found = _S3_URL.fullmatch(url)
    return f"{found[1] or found[2]}/{found[3]}" if found else url.rpartition("/")[2]
