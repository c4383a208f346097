"""Reads a stack script, a file or a folder, in any of its formats: YAML, JSON, HCL, or a plan."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from koding_audit.io import files
from koding_audit.io.text import escape
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, YamlNode
from koding_audit.model.errors import InputError, NoScriptError
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack import terraform, terraform_plan
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.limits import MOST_MIB
from koding_audit.stack.script import Script

_SUFFIXES = (".yml", ".yaml", ".json", ".tf")
# A file of a folder that cannot be parsed is ignored only if it contains none of these words, so builds nothing.
_BUILDING_WORDS = re.compile(r"\b(?:resource|module|data)\b")


def read_script(path: str) -> Script:
    """Returns the script in a file or folder. Raises InputError with file, line and column."""
    parts, hcl_parser = terraform.ScriptParts(), HclParser()
    folder = os.path.isdir(path)  # noqa: PTH112 - the user's text, which may not be a path at all
    paths = _script_files(path) if folder else [path]
    files = []
    for each in paths:
        file = _add_file(each, parts, hcl_parser, folder=folder)
        files += [file] if file else []
    if not files:
        hint = "give a folder that has a file with a `resource` block"
        raise NoScriptError("the folder has no stack script", hint, Location(path, 1, 1))
    return Script(
        path=path,
        files=tuple(files),
        resources=terraform.resources_with_region(parts),
        others=dict(sorted(parts.others.items())),
        unread=tuple(parts.unread),
        role_assuming=terraform.role_assuming_providers(parts),
        notes=tuple(parts.notes),
        locals=parts.locals,
    )


def _script_files(folder: str) -> list[str]:
    """Returns the files of a folder that may be scripts, sorted, without hidden files. Raises InputError."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", "", Location(folder, 1, 1)) from error
    paths = (Path(folder) / name for name in names if name.endswith(_SUFFIXES) and not name.startswith("."))
    return [str(path) for path in paths if path.is_file()]


def _add_file(path: str, parts: terraform.ScriptParts, hcl_parser: HclParser, *, folder: bool) -> SourceFile | None:
    """Adds the parts of one file. Returns None, and adds a note, for a file of a folder that is not a script."""
    spec = files.FileSpec("a stack script", MOST_MIB, too_large="split it; all scripts of a folder are read together")
    content = files.read_file(path, spec).data
    text = files.decode_utf8(content, path)
    try:
        root = _read_root(text, path, hcl_parser)
    except InputError:
        if folder and not _BUILDING_WORDS.search(text):
            parts.notes.append(f"{escape(path)} is not a stack script: it cannot be parsed and has no `resource`")
            return None
        raise
    if isinstance(root, MappingNode) and terraform_plan.is_terraform_plan(root):
        terraform_plan.add_plan(root, parts)
    elif isinstance(root, MappingNode) and terraform.is_terraform_script(root):
        terraform.add_blocks(root, parts)
    elif folder:
        parts.notes.append(f"{escape(path)} is not a stack script")
        return None
    else:
        _refuse_file(root, path)
    return SourceFile(path, hashlib.sha256(content).hexdigest())


def _read_root(text: str, path: str, hcl_parser: HclParser) -> YamlNode:
    if path.endswith(".tf"):
        from koding_audit.stack.hcl import read_hcl_script  # noqa: PLC0415 - each format loads what it needs

        return read_hcl_script(text, path, hcl_parser)
    from koding_audit.stack.json_source import read_json_script  # noqa: PLC0415 - as above

    if path.endswith(".json"):
        return read_json_script(text, path)
    from koding_audit.stack.yaml_source import read_yaml_script  # noqa: PLC0415 - as above

    if text.lstrip()[:1] == "{":  # JSON in a YAML file; YAML parsers reject a few of its characters
        with contextlib.suppress(InputError):
            return read_json_script(text, path)
    return read_yaml_script(text, path)


def _refuse_file(root: YamlNode, path: str) -> None:
    empty = isinstance(root, ScalarNode) and root.is_empty
    message = "the file is empty" if empty else "this is not a stack script: it has no `resource` block"
    raise InputError(message, "give a Terraform script in YAML, JSON or HCL", Location(path, 1, 1))
