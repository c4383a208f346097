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
from koding_audit.stack.script import Script
from koding_audit.stack.source_file import ScriptFile, read_script_file
from koding_audit.stack.template import is_template

_SUFFIXES = (".yml", ".yaml", ".json", ".template", ".tf")
# A file of a folder that cannot be parsed is ignored only if it contains none of these words, so builds nothing.
_BUILDING_WORDS = re.compile(r"\b(?:resource|module|data|Resources)\b")


@dataclass
class _Found:
    """What the files of a script are: the parts of Terraform's, and the templates of CloudFormation."""

    terraform: terraform.ScriptParts = field(default_factory=terraform.ScriptParts)
    templates: list[tuple[ScriptFile, MappingNode]] = field(default_factory=list)
    hcl_parser: HclParser = field(default_factory=HclParser)


def read_script(path: str, parameters: Mapping[str, str] | None = None) -> Script:
    """Returns the script in a file or folder. Raises InputError with file, line and column.

    parameters: values of parameters of its templates by name, which replace the defaults
    """
    assembly = _read_assembly(path, parameters or {})
    if assembly is not None:
        return assembly
    found = _Found()
    folder = os.path.isdir(path)  # noqa: PTH112 - the user's text, which may not be a path at all
    paths = _script_files(path) if folder else [path]
    files = [file for each in paths if (file := _add_file(each, found, folder=folder)) is not None]
    if not files:
        hint = "give a folder that has a file with a `resource` block, or a template"
        raise NoScriptError("the folder has no stack script", hint, Location(path, 1, 1))
    parts = found.terraform
    script = Script(
        path=path,
        files=tuple(files),
        resources=terraform.resources_with_region(parts),
        others=dict(sorted(parts.others.items())),
        unread=tuple(parts.unread),
        role_assuming=terraform.role_assuming_providers(parts),
        notes=tuple(parts.notes),
        locals=parts.locals,
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


def _script_files(folder: str) -> list[str]:
    """Returns the files of a folder that may be scripts, sorted, without hidden files. Raises InputError."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", "", Location(folder, 1, 1)) from error
    paths = (Path(folder) / name for name in names if name.endswith(_SUFFIXES) and not name.startswith("."))
    return [str(path) for path in paths if path.is_file()]


def _add_file(path: str, found: _Found, *, folder: bool) -> SourceFile | None:
    """Adds the parts of one file. Returns None, and adds a note, for a file of a folder that is not a script."""
    file, parts = read_script_file(path), found.terraform
    try:
        root = file.parse(found.hcl_parser)
    except InputError:
        if folder and not _BUILDING_WORDS.search(file.text):
            parts.notes.append(f"{escape(path)} is not a stack script: it cannot be parsed and has no `resource`")
            return None
        raise
    if isinstance(root, MappingNode) and is_template(root):
        found.templates.append((file, root))
    elif isinstance(root, MappingNode) and terraform_plan.is_terraform_plan(root):
        terraform_plan.add_plan(root, parts)
    elif isinstance(root, MappingNode) and terraform.is_terraform_script(root):
        terraform.add_blocks(root, parts)
    elif folder:
        parts.notes.append(f"{escape(path)} is not a stack script")
        return None
    else:
        _refuse_file(root, path)
    return file.file


def _refuse_file(root: YamlNode, path: str) -> None:
    empty = isinstance(root, ScalarNode) and root.is_empty
    message = "the file is empty" if empty else "this is not a stack script: it has no `resource` block"
    hint = "give a Terraform script in YAML, JSON or HCL, or a template of CloudFormation"
    raise InputError(message, hint, Location(path, 1, 1))
