"""Reads what a Terraform script has beside its own files: modules that it calls, and values of its variables."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.io.yaml_nodes import MappingNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass as value_class
from koding_audit.model.location import SourceFile
from koding_audit.stack.expressions import OpenValue, evaluate_expression
from koding_audit.stack.script import UnreadPart
from koding_audit.stack.terraform import ModuleBlocks, add_blocks, is_terraform_script
from koding_audit.stack.terraform_scope import ModuleScope

CODE_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
VALUE_SUFFIXES = (".tfvars", ".tfvars.json")

ReadRoot = Callable[[str], tuple[SourceFile, YamlNode]]
"""Reads a file and its tree of nodes. Raises InputError."""


@value_class(frozen=True, slots=True)
class TerraformInputs:
    """What the user says about a run of Terraform.

    variables: values of variables by name, as `-var` takes them
    variable_files: the paths of further files of values, as `-var-file` takes them
    no_state: whether the needs of the state are left out
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()
    no_state: bool = False


@dataclass
class TerraformFolder:
    """A root module's folder.

    path: of the folder
    read_root: reads a file
    files: the files of modules and of values that were read
    """

    path: str
    read_root: ReadRoot
    files: list[SourceFile] = field(default_factory=list)
    _modules: dict[str, ModuleBlocks] = field(default_factory=dict)

    def read_module(self, key: str, source: str, caller: str) -> tuple[str, ModuleBlocks] | None:
        """Returns the folder and the blocks of a module, None if it is not here.

        key: its name in the list of installed modules, `network.subnets`
        source: as the call gives it
        caller: the folder of the module that calls it
        """
        if source.startswith(("./", "../")):
            folder = os.path.normpath(os.path.join(caller, source))  # noqa: PTH118 - a path as the user wrote it
        else:
            folder = self._installed.get(key, "")
        if not folder or not os.path.isdir(folder):  # noqa: PTH112 - as above
            return None
        if folder not in self._modules:
            self._modules[folder] = self._read_blocks(folder)
        return folder, self._modules[folder]

    def values(self, inputs: TerraformInputs) -> dict[str, object]:
        """Returns the values of variables in the order in which Terraform lets later ones win. Raises InputError."""
        found: dict[str, object] = {}
        for path in (*self._automatic_values(), *inputs.variable_files):
            file, root = self.read_root(path)
            self.files.append(file)
            if isinstance(root, MappingNode):
                scope = ModuleScope("", {}, {})
                found.update((name, scope.value_of(entry.node)) for name, entry in root.entries.items())
        found.update((name, _variable_value(text)) for name, text in inputs.variables.items())
        return found

    def _automatic_values(self) -> Iterator[str]:
        names = _names(self.path)
        fixed = [each for each in ("terraform.tfvars", "terraform.tfvars.json") if each in names]
        automatic = [each for each in names if each.endswith((".auto.tfvars", ".auto.tfvars.json"))]
        yield from (os.path.join(self.path, each) for each in (*fixed, *automatic))  # noqa: PTH118 - as above

    def _read_blocks(self, folder: str) -> ModuleBlocks:
        blocks = ModuleBlocks()
        for path in code_files(folder):
            try:
                file, root = self.read_root(path)
            except InputError as error:
                blocks.unread.append(unread_file(path, error))
                continue
            self.files.append(file)
            if isinstance(root, MappingNode) and is_terraform_script(root):
                add_blocks(root, blocks)
        return blocks

    @cached_property
    def _installed(self) -> Mapping[str, str]:
        """The folders of the modules that `terraform init` installed, by their keys."""
        path = os.path.join(self.path, ".terraform", "modules", "modules.json")  # noqa: PTH118 - as above
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
                listed = json.load(file)["Modules"]
            return {each["Key"]: os.path.normpath(os.path.join(self.path, each["Dir"])) for each in listed}  # noqa: PTH118
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def code_files(folder: str) -> list[str]:
    """Returns the files of a module, sorted. `main.tofu` takes the place of `main.tf`, as in OpenTofu."""
    names = [each for each in _names(folder) if each.endswith(CODE_SUFFIXES)]
    replaced = {each.replace(".tofu", ".tf") for each in names if ".tofu" in each}
    return [os.path.join(folder, each) for each in names if each not in replaced]  # noqa: PTH118 - as above


def unread_file(path: str, error: InputError) -> UnreadPart:
    """Returns a file of a folder that cannot be read, as a part of the script that is not known."""
    if error.location is None:
        raise error
    return UnreadPart(path, f"{error.message}; {error.hint}" if error.hint else error.message, error.location)


def _names(folder: str) -> list[str]:
    try:
        return sorted(each for each in os.listdir(folder) if not each.startswith("."))  # noqa: PTH208 - names
    except OSError:
        return []


def _variable_value(text: str) -> object:
    """Returns the value of `--var NAME=VALUE`: a literal if it is one, otherwise the text itself."""
    value = evaluate_expression(text, lambda _: OpenValue())
    return text if isinstance(value, OpenValue) else value
