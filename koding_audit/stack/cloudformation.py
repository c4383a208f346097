"""Reads CloudFormation templates and nested stacks: resources with evaluated properties, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from koding_audit.io.text import escape
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.location import SourceFile
from koding_audit.stack.intrinsics import known_text
from koding_audit.stack.open_text import open_text
from koding_audit.stack.script import ScriptResource, UnreadPart
from koding_audit.stack.source_file import ScriptFile, read_script_file
from koding_audit.stack.template import CustomResource, DynamicReference, NestedStack, StackTemplate
from koding_audit.stack.template_includes import INCLUDE, include_files, local_path
from koding_audit.stack.template_loops import LoopUnfolder
from koding_audit.stack.template_parameters import override_nodes, read_parameters
from koding_audit.stack.template_scope import TemplateScope, named_transforms, open_scope, section_of

MOST_NESTED_MIB = 64
"""The most MiB of nested templates that are evaluated; a file counts each time that it is used."""

DEEPEST_NESTED = 10
"""The most levels of nested stacks."""

SERVERLESS = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"

_READ_TRANSFORMS = frozenset({SERVERLESS, LANGUAGE_EXTENSIONS, INCLUDE})
_SERVERLESS_TYPES = "AWS::Serverless::"
_STACK_TYPE = "AWS::CloudFormation::Stack"
_CUSTOM_TYPE = "AWS::CloudFormation::CustomResource"


@dataclass
class TemplateParts:
    """The parts of the templates of a script; each template that is read adds its own.

    overrides: the values that the user gives to parameters, by name
    pseudo: the pseudo parameters that are known, `AWS::Region` for example
    paths: the path of a resource in the CDK's tree, by its logical id
    assets: the local file of a template that the CDK publishes, by its name in the bucket
    nested_files: the files of nested templates and includes by path, each with its tree
    nested_size: the characters of the nested templates, as often as each is used
    """

    overrides: Mapping[str, str] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, str] = field(default_factory=dict)
    resources: list[ScriptResource] = field(default_factory=list)
    unread: list[UnreadPart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dynamic: dict[tuple[str, str], DynamicReference] = field(default_factory=dict)
    nested: list[NestedStack] = field(default_factory=list)
    custom: list[CustomResource] = field(default_factory=list)
    nested_files: dict[str, tuple[ScriptFile, YamlNode]] = field(default_factory=dict)
    nested_size: int = 0

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files of the nested templates."""
        return tuple(file.file for file, _ in self.nested_files.values())

    def read_beside(self, path: str) -> tuple[ScriptFile, YamlNode] | None:
        """Returns a file that a template names, None beyond MOST_NESTED_MIB. Raises InputError."""
        if path not in self.nested_files:
            file = read_script_file(path)
            self.nested_files[path] = file, file.parse()
        found = self.nested_files[path]
        self.nested_size += len(found[0].text)
        return found if self.nested_size <= MOST_NESTED_MIB << 20 else None


def read_root_template(file: ScriptFile, root: MappingNode, parts: TemplateParts) -> StackTemplate:
    """Adds the resources of a template and its nested stacks, and returns what it says beside. Raises InputError."""
    overrides = override_nodes(parts.overrides, root.node("Parameters"))
    reading = TemplateReading(file, root, parts, overrides, pseudo=parts.pseudo)
    reading.collect()
    return StackTemplate(
        location=root.location,
        parameters=reading.parameters.declared,
        transforms=reading.transforms,
        dynamic_references=tuple(parts.dynamic.values()),
        nested=tuple(parts.nested),
        custom=tuple(parts.custom),
        size=len(file.text.encode()),
    )


class TemplateReading:
    """The reading of one template.

    overrides: the values that replace the defaults of its parameters, evaluated; None for one that is open
    prefix: of logical ids, `Child.` in a nested stack
    above: the paths of the templates around it
    """

    def __init__(
        self,
        file: ScriptFile,
        root: MappingNode,
        parts: TemplateParts,
        overrides: Mapping[str, YamlNode | None],
        *,
        pseudo: Mapping[str, str],
        prefix: str = "",
        above: tuple[str, ...] = (),
    ) -> None:
        self._file, self._parts, self._pseudo, self._prefix = file, parts, pseudo, prefix
        self._above = (*above, file.path)
        self._children: dict[str, TemplateReading | None] = {}
        self._is_open = self._is_retained = False
        self.parameters = read_parameters(root.node("Parameters"), overrides)
        self._macros = found = dict(named_transforms(root.node("Transform")))
        self.transforms = tuple(found)
        for name, location in found.items():
            if name not in _READ_TRANSFORMS:
                parts.unread.append(UnreadPart(f"macro {name}", "the result of a macro is not known", location))
        if "Modules" in root.entries:
            why = "modules are not read: run `aws cloudformation package` first"
            parts.unread.append(UnreadPart("Modules", why, root.entries["Modules"].location))
        self._scope = self._scope_of(root)  # a loop can need an output of a nested stack
        self._scope = self._scope_of(self._expand(root))
        self._children.clear()

    def _scope_of(self, root: MappingNode) -> TemplateScope:
        return open_scope(root, self.parameters, self._pseudo, self._nested_output, self._prefix)

    def _expand(self, root: MappingNode) -> MappingNode:
        """Returns a template with its includes, its loops and its serverless resources replaced."""
        if INCLUDE in self._file.text:
            root = include_files(root, self._included_node)
        if "ForEach" in self._file.text:
            unfolder = LoopUnfolder(self._scope_of(root).evaluator)
            root = unfolder.unfold_template(root)
            self._parts.unread += unfolder.unread
        if SERVERLESS in self._macros:
            from koding_audit.stack.sam import translate_serverless  # noqa: PLC0415 - few templates need it

            root = translate_serverless(root, self._parts.overrides, self._pseudo, self._macros[SERVERLESS])
        return root

    def _included_node(self, text: str) -> YamlNode | None:
        path = local_path(text, self._file.path)
        found = self._parts.read_beside(path) if path else None
        return found[1] if found else None

    def collect(self, *, is_open: bool = False, is_retained: bool = False) -> None:
        """Adds the resources to the parts, and what is not known. Raises InputError for a nested template.

        is_open: whether a condition decides about the whole template, which is not known
        is_retained: whether the stack around keeps this one when it is deleted
        """
        self._is_open, self._is_retained = is_open, is_retained
        skipped = 0
        for name, entry in self._scope.resources.entries.items():
            skipped += not self._add_entry(name, entry)
        if skipped:
            which = f"{escape(self._prefix.rstrip('.'))}: " if self._prefix else ""
            self._parts.notes.append(
                f"{which}resources that are not created, because their condition is false: {skipped}"
            )
        for rule, location in self._scope.conditions.refused_rules(self._scope.root.node("Rules")):
            place = f"{escape(location.path)}:{location.line}:{location.column}"
            self._parts.notes.append(f"rule {escape(rule)} ({place}) refuses these values of the parameters")
        self._parts.unread += self._scope.evaluator.unknown.values()
        self._parts.dynamic.update(self._scope.evaluator.dynamic)

    def output(self, name: str) -> YamlNode | None:
        """Returns an output of the template, None if it has none of that name."""
        output = section_of(self._scope.root, "Outputs").node(name)
        value = output.node("Value") if isinstance(output, MappingNode) else None
        return self._scope.evaluator.value(value) if value is not None else None

    def _add_entry(self, name: str, entry: MappingEntry) -> bool:
        """Adds a resource; returns False if its condition is false."""
        body, where = entry.node, f"{self._prefix}{name}"
        type_ = body.node("Type") if isinstance(body, MappingNode) else None
        if name == "Fn::Transform":
            self._scope.evaluator.value(MappingNode({name: entry}, entry.location))
        elif not isinstance(body, MappingNode) or not isinstance(type_, ScalarNode) or not type_.value:
            why = "its `Type` is not a text, so its needs are not known"
            self._parts.unread.append(UnreadPart(where, why, entry.location))
        elif type_.value.startswith(_SERVERLESS_TYPES):
            why = f"AWS refuses its type without `Transform: {SERVERLESS}`"
            self._parts.unread.append(UnreadPart(where, why, entry.location))
        else:
            condition = body.node("Condition")
            holds = self._scope.conditions.holds(condition.value) if isinstance(condition, ScalarNode) else True
            if holds is False:
                return False
            self._add_resource(name, type_.value, body, entry, is_open=holds is None)
        return True

    def _add_resource(self, name: str, type_: str, body: MappingNode, entry: MappingEntry, *, is_open: bool) -> None:
        evaluator = self._scope.evaluator
        declared = body.node("Properties")
        value = evaluator.value(declared) if declared is not None else None
        properties = value if isinstance(value, MappingNode) else MappingNode({}, entry.location)
        policy = body.node("DeletionPolicy")
        resource = ScriptResource(
            kind="type",
            type=type_,
            address=self._address(name, body),
            location=entry.location,
            body=properties,
            region=self._pseudo.get("AWS::Region", ""),
            logical_id=f"{self._prefix}{name}",
            depends_on_condition=is_open or self._is_open,
            retained=self._is_retained or evaluator.literal(policy) == "Retain",
        )
        self._parts.resources.append(resource)
        if "Fn::Transform" in body.entries:
            evaluator.value(MappingNode({"Fn::Transform": body.entries["Fn::Transform"]}, entry.location))
        if type_ == _STACK_TYPE:
            self._add_nested(name, resource)
        elif type_ == _CUSTOM_TYPE or type_.startswith("Custom::"):
            token = properties.node("ServiceToken")
            text = token.value if isinstance(token, ScalarNode) else open_text("ServiceToken")
            self._parts.custom.append(CustomResource(resource.logical_id, type_, text, entry.location))

    def _address(self, name: str, body: MappingNode) -> str:
        """Returns the path of a resource in the CDK's tree, its logical id if it has none."""
        path = known_text(section_of(body, "Metadata").node("aws:cdk:path"))
        return path or self._parts.paths.get(f"{self._prefix}{name}") or f"{self._prefix}{name}"

    def _add_nested(self, name: str, resource: ScriptResource) -> None:
        url = resource.body.node("TemplateURL")
        text = url.value if isinstance(url, ScalarNode) else open_text("TemplateURL")
        child = self._child(name)
        self._parts.nested.append(NestedStack(resource.logical_id, text, child is not None, resource.location))
        if child is not None:
            child.collect(is_open=resource.depends_on_condition, is_retained=resource.retained)
        else:
            why = "its template was not read: it does not lie beside this one"
            self._parts.unread.append(UnreadPart(resource.address, why, resource.location))

    def _child(self, name: str) -> TemplateReading | None:
        """Returns the reading of a nested stack, None if its template is not a file beside this one."""
        if name not in self._children:
            self._children[name] = None  # also for a stack whose parameters need its own outputs
            self._children[name] = self._read_child(name)
        return self._children[name]

    def _read_child(self, name: str) -> TemplateReading | None:
        body = section_of(self._scope.resources, name)
        declared = section_of(body, "Properties")
        path = self._template_path(body, declared)
        if path is None or path in self._above or len(self._above) > DEEPEST_NESTED:
            return None
        found = self._parts.read_beside(path)
        if found is None or not isinstance(found[1], MappingNode) or "Resources" not in found[1].entries:
            return None
        values: dict[str, YamlNode | None] = {}
        for key, entry in section_of(declared, "Parameters").entries.items():
            value = self._scope.evaluator.value(entry.node)
            if value is not None:  # without a value the default stays
                values[key] = _parameter_node(value)
        pseudo = {key: value for key, value in self._pseudo.items() if key != "AWS::StackName"}
        prefix = f"{self._prefix}{name}."
        return TemplateReading(found[0], found[1], self._parts, values, pseudo=pseudo, prefix=prefix, above=self._above)

    def _template_path(self, body: MappingNode, properties: MappingNode) -> str | None:
        """Returns the local path of a nested template, which the CDK names as an asset of its stack."""
        metadata = section_of(body, "Metadata")
        if known_text(metadata.node("aws:asset:property")) == "TemplateURL":
            asset = known_text(metadata.node("aws:asset:path"))
            return local_path(asset, self._file.path) if asset else None
        text = self._scope.evaluator.text(properties.node("TemplateURL")) or ""
        return self._parts.assets.get(text.rpartition("/")[2]) or local_path(text, self._file.path)

    def _nested_output(self, name: str, output: str) -> YamlNode | None:
        child = self._child(name)
        return child.output(output) if child is not None else None


def _parameter_node(value: YamlNode) -> ScalarNode | None:
    """Returns a value as a nested stack gets it: a list as one text; None if it is open."""
    if isinstance(value, SequenceNode):
        texts = [each.value if isinstance(each, ScalarNode) else open_text("unknown") for each in value.nodes]
        return ScalarNode(",".join(texts), False, value.location)
    return value if isinstance(value, ScalarNode) else None
