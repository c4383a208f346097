"""Reads a stack script, a file or a folder, in any of its formats: Terraform, a plan, or CloudFormation."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from koding_audit.io.text import escape
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, YamlNode
from koding_audit.model.errors import InputError, NoScriptError
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack import terraform, terraform_plan
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.hcl_texts import UnreadableHclError
from koding_audit.stack.script import Script
from koding_audit.stack.source_file import ScriptFile, read_script_file
from koding_audit.stack.template import is_template
from koding_audit.stack.terraform import ModuleBlocks
from koding_audit.stack.terraform import ScriptParts as TerraformParts
from koding_audit.stack.terraform_files import (
    CODE_SUFFIXES,
    VALUE_SUFFIXES,
    TerraformFolder,
    TerraformInputs,
    unread_file,
)
from koding_audit.stack.terraform_modules import ModuleExpander, root_scope

NO_INPUTS = TerraformInputs()

_SUFFIXES = (".yml", ".yaml", ".json", ".template", ".tf", ".tofu")
# A file of a folder that cannot be parsed is ignored only if it contains none of these words, so builds nothing.
_BUILDING_WORDS = re.compile(r"\b(?:resource|module|data|Resources)\b")


@dataclass(frozen=True)
class _Found:
    """What the files of a script are.

    parts: what is known of a Terraform script
    blocks: the blocks of its root module
    templates: the templates of CloudFormation
    hcl_parser: of all files
    """

    parts: TerraformParts = field(default_factory=TerraformParts)
    blocks: ModuleBlocks = field(default_factory=ModuleBlocks)
    templates: list[tuple[ScriptFile, MappingNode]] = field(default_factory=list)
    hcl_parser: HclParser = field(default_factory=HclParser)


def read_script(path: str, parameters: Mapping[str, str] | None = None, inputs: TerraformInputs = NO_INPUTS) -> Script:
    """Returns the script in a file or folder. Raises InputError with file, line and column.

    parameters: values of parameters of its templates by name, which replace the defaults
    inputs: values of the variables of a Terraform script
    """
    assembly = _read_assembly(path, parameters or {})
    if assembly is not None:
        return assembly
    found = _Found()
    is_folder = os.path.isdir(path)  # noqa: PTH112 - the user's text, which may not be a path at all
    paths = _script_files(path) if is_folder else [path]
    files = [file for each in paths if (file := _add_file(each, found, is_folder=is_folder)) is not None]
    if not files:
        hint = "give a folder that has a file with a `resource` block, or a template"
        raise NoScriptError("the folder has no stack script", hint, Location(path, 1, 1))
    parts = found.parts
    _expand_modules(path, found, inputs, is_folder=is_folder)
    script = Script(
        path=path,
        files=(*files, *(each for each in dict.fromkeys(parts.files) if each not in files)),
        resources=tuple(parts.resources),
        others=dict(sorted(parts.others.items())),
        unread=tuple(parts.unread),
        assumed_roles=tuple(parts.assumed_roles),
        notes=tuple(parts.notes),
        locals=found.blocks.locals,
        states=() if inputs.no_state else tuple(parts.states),
    )
    return _with_templates(script, found.templates, parameters or {}) if found.templates else script


def _read_assembly(path: str, parameters: Mapping[str, str]) -> Script | None:
    """Returns the script of a CDK's cloud assembly, None if the path is none."""
    if not path.endswith("manifest.json") and not os.path.isfile(os.path.join(path, "manifest.json")):  # noqa: PTH113, PTH118
        return None
    from koding_audit.stack import cdk  # noqa: PLC0415 - each format loads what it needs
    from koding_audit.stack.template_merge import add_templates  # noqa: PLC0415 - as above

    manifest = cdk.find_manifest(path)
    if manifest is None:
        return None
    read = cdk.read_cloud_assembly(manifest, parameters)
    script = Script(path, read.files, (), {}, (), (), read.notes, {})
    return add_templates(script, read.readings)


def _with_templates(
    script: Script, templates: Sequence[tuple[ScriptFile, MappingNode]], parameters: Mapping[str, str]
) -> Script:
    from koding_audit.stack.cloudformation import TemplateParts, read_root_template  # noqa: PLC0415 - not for Terraform
    from koding_audit.stack.template_merge import add_templates  # noqa: PLC0415 - as above

    readings = []
    for file, root in templates:
        parts = TemplateParts(parameters)
        readings.append((file.path, parts, read_root_template(file, root, parts)))
    return add_templates(script, readings)


def _expand_modules(path: str, found: _Found, inputs: TerraformInputs, *, is_folder: bool) -> None:
    """Adds the resources of the blocks of all files, and of the modules that they call."""
    root = path if is_folder else os.path.dirname(path)  # noqa: PTH120 - as above
    folder = TerraformFolder(root, lambda each: _read_file(each, found.hcl_parser))
    has_values = is_folder or path.endswith(CODE_SUFFIXES)
    scope = root_scope(found.blocks, folder.values(inputs) if has_values or inputs != NO_INPUTS else {})
    ModuleExpander(found.parts, folder.read_module).expand_root(found.blocks, scope, root)
    found.parts.files += folder.files


def _script_files(folder: str) -> list[str]:
    """Returns the files of a folder that may be scripts, sorted, without hidden files. Raises InputError."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", "", Location(folder, 1, 1)) from error
    replaced = {each.replace(".tofu", ".tf") for each in names if each.endswith((".tofu", ".tofu.json"))}
    paths = (
        Path(folder) / name
        for name in names
        if name.endswith(_SUFFIXES)
        and not name.startswith(".")
        and not name.endswith(VALUE_SUFFIXES)
        and name not in replaced  # `main.tofu` takes the place of `main.tf`, as in OpenTofu
    )
    return [str(path) for path in paths if path.is_file()]


def _add_file(path: str, found: _Found, *, is_folder: bool) -> SourceFile | None:
    """Adds the parts of one file. Returns None for a file of a folder that is not a script, or cannot be read."""
    file, parts = read_script_file(path), found.parts
    try:
        root = file.parse(found.hcl_parser)
    except InputError as error:
        if is_folder and not _BUILDING_WORDS.search(file.text):
            parts.notes.append(f"{escape(path)} is not a stack script: it cannot be parsed and has no `resource`")
            return None
        if is_folder and isinstance(error, UnreadableHclError):
            parts.unread.append(unread_file(path, error))
            return file.file
        raise
    if isinstance(root, MappingNode) and is_template(root):
        found.templates.append((file, root))
    elif isinstance(root, MappingNode) and terraform_plan.is_terraform_plan(root):
        terraform_plan.add_plan(root, parts)
    elif isinstance(root, MappingNode) and terraform.is_terraform_script(root):
        terraform.add_blocks(root, found.blocks)
    elif is_folder:
        parts.notes.append(f"{escape(path)} is not a stack script")
        return None
    else:
        _refuse_file(root, path)
    return file.file


def _read_file(path: str, hcl_parser: HclParser) -> tuple[SourceFile, YamlNode]:
    file = read_script_file(path)
    return file.file, file.parse(hcl_parser)


def _refuse_file(root: YamlNode, path: str) -> None:
    empty = isinstance(root, ScalarNode) and root.is_empty
    message = "the file is empty" if empty else "this is not a stack script: it has no `resource` block"
    hint = "give a Terraform script in YAML, JSON or HCL, or a template of CloudFormation"
    raise InputError(message, hint, Location(path, 1, 1))
