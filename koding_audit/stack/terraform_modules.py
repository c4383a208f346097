"""Expands the modules of a Terraform script: instances by `count` and `for_each`, providers, modules that are here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, YamlNode
from koding_audit.model.frozen import dataclass as value_class
from koding_audit.model.frozen import replace
from koding_audit.stack.expressions import OpenValue, text_of_value
from koding_audit.stack.references import nodes_at
from koding_audit.stack.script import AssumedRole, ScriptResource, StateUse, UnreadPart
from koding_audit.stack.terraform import ModuleBlocks, NamedBlock, ResourceBlock, ScriptParts, literal_text
from koding_audit.stack.terraform_providers import NO_PROVIDER, ProviderValues, provider_values
from koding_audit.stack.terraform_scope import ONLY, Instance, ModuleScope

_MOST_INSTANCES = 500  # of one resource; more are asked about as one whose key is not known
_DEEPEST = 10  # levels of modules
_REMOTE_STATE = "terraform_remote_state"
_USES_INSTANCE = re.compile(r"\b(?:each|count)\.")
_REMOVED = re.compile(r"(?P<type>aws_[a-z0-9_]+)\.[A-Za-z0-9_-]+")
_NOT_HERE = (
    "its source is not a folder that is here; run `terraform init`, which installs it, or give the JSON of a plan"
    " (`terraform show -json`)"
)

ReadModule = Callable[[str, str, str], tuple[str, ModuleBlocks] | None]
"""Returns the folder and the blocks of a module, None if it is not here: by its key, its source and the folder of its
caller."""


@value_class(frozen=True, slots=True)
class _Module:
    """A module while it is expanded.

    scope: its names
    folder: its path
    key: its name in the list of installed modules, "" for the root module
    providers: by the names that its resources use
    is_created: false if the values of a caller create none of it
    """

    scope: ModuleScope
    folder: str
    key: str
    providers: Mapping[str, ProviderValues]
    is_created: bool


@dataclass
class ModuleExpander:
    """Adds the resources of a module, and of the modules that it calls, to the parts of a script.

    parts: to which they are added
    read_module: finds and reads a module that is called
    """

    parts: ScriptParts
    read_module: ReadModule
    _depth: int = field(default=0)

    def expand_root(self, blocks: ModuleBlocks, scope: ModuleScope, folder: str) -> None:
        """Adds the root module. folder: of its files."""
        self._expand(blocks, _Module(scope, folder, "", {}, is_created=True))

    def _expand(self, blocks: ModuleBlocks, module: _Module) -> None:
        module = replace(module, providers={**module.providers, **provider_values(blocks.providers, module.scope)})
        self.parts.assumed_roles += _new_roles(module.providers, self.parts)
        self.parts.notes += blocks.notes
        self.parts.unread += blocks.unread
        for call in _in_order(blocks.modules):
            self._expand_call(call, module)
        for block in blocks.resources:
            self._add_block(block, module)
        for removed in blocks.removed:
            self._add_removed(removed, module)
        for backend in () if module.key else blocks.backends:
            self._add_backend(backend, module.scope)

    def _expand_call(self, call: NamedBlock, module: _Module) -> None:
        scope, key = module.scope, f"{module.key}.{call.name}" if module.key else call.name
        found = None
        if self._depth < _DEEPEST:
            found = self.read_module(key, literal_text(call.body.node("source")), module.folder)
        if found is None:
            self.parts.unread.append(UnreadPart(f"{scope.prefix}module.{call.name}", _NOT_HERE, call.location))
            return
        folder, blocks = found
        instances = _instances(call.body, scope)
        passed, is_created = _passed_providers(call, module.providers), module.is_created and instances != ()
        self._depth += 1
        for instance in instances or (ONLY,):
            inner = _inner_scope(call, blocks, scope, instance)
            self._expand(blocks, _Module(inner, folder, key, passed, is_created))
            if instance is ONLY and is_created:
                scope.outputs.update(((call.name, name), inner.value_of(each)) for name, each in blocks.outputs.items())
        self._depth -= 1

    def _add_block(self, block: ResourceBlock, module: _Module) -> None:
        address = f"{module.scope.prefix}{block.address}"
        if block.type.startswith("awscc_"):
            why = "the table has no types of the provider awscc"
            self.parts.unread.append(UnreadPart(address, why, block.location))
        elif block.type == _REMOTE_STATE and literal_text(block.body.node("backend")) == "s3":
            self.parts.states.append(_remote_state(block, address, module.scope))
        elif not block.type.startswith("aws_"):
            self.parts.others[block.type] += 1
        else:
            instances = _instances(block.body, module.scope)
            if instances == ():
                self.parts.notes.append(f"{address} is not created: {_why_none(block.body)}")
                module = replace(module, is_created=False)
            self.parts.resources += [_resource(block, address, module, each) for each in instances or (ONLY,)]

    def _add_backend(self, block: NamedBlock, scope: ModuleScope) -> None:
        if block.name == "s3":
            body = scope.evaluate_body(block.body)
            self.parts.states.append(StateUse("backend.s3", block.location, body, is_only_read=False))
        else:
            self.parts.notes.append(f"backend {block.name}: the permissions to store the state are not checked")

    def _add_removed(self, block: NamedBlock, module: _Module) -> None:
        """Adds what a `removed` block takes away, if it is in the state; the block does not say its arguments."""
        node = block.body.node("from")
        text = node.value.strip("${} ") if isinstance(node, ScalarNode) else ""
        found, address = _REMOVED.match(text), f"{module.scope.prefix}{text}"
        if text.startswith("module."):
            why = (
                "what the state has of a removed module is not known; give the JSON of a plan (`terraform show -json`)"
            )
            self.parts.unread.append(UnreadPart(address, why, block.location))
        elif found is not None:
            self.parts.resources.append(_removed_resource(block, found["type"], address, module))


def _resource(block: ResourceBlock, address: str, module: _Module, instance: Instance) -> ScriptResource:
    body = module.scope.evaluate_body(block.body, instance)
    provider = module.providers.get(_provider_name(body), NO_PROVIDER)
    region = body.node("region")
    return ScriptResource(
        "type" if block.keyword == "resource" else "data",
        block.type,
        f"{address}[{instance.key}]" if instance.key else address,
        block.location,
        body,
        provider.region if region is None else literal_text(region),
        default_tags=provider.default_tags,
        is_created=module.is_created,
        decides=block.decides,
        role=provider.role,
    )


def _remote_state(block: ResourceBlock, address: str, scope: ModuleScope) -> StateUse:
    body = scope.evaluate_body(block.body)
    config = next((each for each in nodes_at(body, "config") if isinstance(each, MappingNode)), body)
    workspace = body.entries.get("workspace")
    entries = {**config.entries, **({} if workspace is None else {"workspace": workspace})}
    return StateUse(address, block.location, MappingNode(entries, block.location), is_only_read=True)


def _new_roles(providers: Mapping[str, ProviderValues], parts: ScriptParts) -> list[tuple[AssumedRole, ...]]:
    """Returns the roles of providers that are not among the parts yet."""
    found = dict.fromkeys(each.roles for each in providers.values() if each.roles)
    return [each for each in found if each not in parts.assumed_roles]


def _removed_resource(block: NamedBlock, type_: str, address: str, module: _Module) -> ScriptResource:
    destroy = next(nodes_at(block.body, "lifecycle.destroy"), None)
    stays = isinstance(destroy, ScalarNode) and destroy.value == "false"
    provider = module.providers.get("aws", NO_PROVIDER)
    return ScriptResource(
        "type",
        type_,
        address,
        block.location,
        MappingNode({}, block.location),
        provider.region,
        destroyed=not stays,
        forgotten=stays,
        depends_on_condition=True,
        role=provider.role,
    )


def root_scope(blocks: ModuleBlocks, assigned: Mapping[str, object]) -> ModuleScope:
    """Returns the scope of a root module. assigned: values of its variables, which replace the defaults."""
    return _scope_of("", blocks, assigned)


def _scope_of(prefix: str, blocks: ModuleBlocks, assigned: Mapping[str, object]) -> ModuleScope:
    empty = ModuleScope(prefix, {}, {})
    defaults = {name: empty.value_of(node) for name, node in blocks.variables.items() if node is not None}
    values = {**defaults, **{name: value for name, value in assigned.items() if name in blocks.variables}}
    return ModuleScope(prefix, values, blocks.locals)


def _inner_scope(call: NamedBlock, blocks: ModuleBlocks, scope: ModuleScope, instance: Instance) -> ModuleScope:
    index = f"[{instance.key}]" if instance.key else ""
    assigned = {
        name: scope.value_of(call.body.node(name), instance) for name in blocks.variables if name in call.body.entries
    }
    return _scope_of(f"{scope.prefix}module.{call.name}{index}.", blocks, assigned)


def _passed_providers(call: NamedBlock, providers: Mapping[str, ProviderValues]) -> Mapping[str, ProviderValues]:
    """Returns the providers of a called module by its own names: those that the call passes, and the default one."""
    passed = call.body.node("providers")
    found = {"aws": providers["aws"]} if "aws" in providers else {}
    for name, entry in passed.entries.items() if isinstance(passed, MappingNode) else ():
        if isinstance(entry.node, ScalarNode):
            found[name] = providers.get(entry.node.value.strip("${}\"' "), NO_PROVIDER)
    return found


def _in_order(calls: Sequence[NamedBlock]) -> Iterator[NamedBlock]:
    """Yields the calls so that a module comes after those whose outputs it uses, as far as there is such an order."""
    waiting = {each.name: each for each in calls}
    uses = {each.name: set(re.findall(r"\bmodule\.([A-Za-z0-9_-]+)", repr(each.body))) for each in calls}
    while waiting:
        ready = [name for name in waiting if not uses[name] & (waiting.keys() - {name})] or list(waiting)
        yield from (waiting.pop(name) for name in ready)


def _instances(body: MappingNode, scope: ModuleScope) -> tuple[Instance, ...]:
    """Returns the instances of a block: none if its values create none, one if nothing decides."""
    if "count" in body.entries:
        number = scope.value_of(body.node("count"))
        size = int(number) if isinstance(number, (int, str)) and str(number).isdigit() else -1
        keys = [Instance(str(at), {("count", "index"): at}) for at in range(min(size, _MOST_INSTANCES + 1))]
    elif "for_each" in body.entries:
        values = scope.value_of(body.node("for_each"))
        if isinstance(values, OpenValue) or not isinstance(values, (dict, list)):
            return (ONLY,)
        keys = [_keyed(key, values) for key in values if isinstance(key, (str, int, bool))]
        size = len(values)
    else:
        return (ONLY,)
    if size == 0:
        return ()
    return tuple(keys) if 0 < len(keys) == size <= _MOST_INSTANCES and _uses_instance(body) else (ONLY,)


def _keyed(key: object, values: Mapping[str, object] | Sequence[object]) -> Instance:
    value = values[str(key)] if isinstance(values, Mapping) else key
    return Instance(f'"{text_of_value(key)}"', {("each", "key"): text_of_value(key), ("each", "value"): value})


def _uses_instance(node: YamlNode) -> bool:
    """Whether a value refers to the key or value of its instance."""
    if isinstance(node, ScalarNode):
        return "${" in node.value and _USES_INSTANCE.search(node.value) is not None
    if isinstance(node, MappingNode):
        return any(_uses_instance(each.node) for each in node.entries.values())
    return any(map(_uses_instance, node.nodes))


def _why_none(body: MappingNode) -> str:
    return "its count is 0" if "count" in body.entries else "its for_each is empty"


def _provider_name(body: MappingNode) -> str:
    argument = body.node("provider")
    return (argument.value.strip("${}\"' ") if isinstance(argument, ScalarNode) else "") or "aws"
