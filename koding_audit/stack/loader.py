"""A stack script as the user names it, a file or a folder, read whatever its format."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from koding_audit.io import files
from koding_audit.io.text import escape
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack import terraform, terraform_plan
from koding_audit.stack.limits import MOST_MIB
from koding_audit.stack.script import Script

_SUFFIXES = (".yml", ".yaml", ".json", ".tf")
# A file of a folder that cannot be read as it should be is passed over only where it surely builds nothing.
_BUILDING_WORDS = re.compile(r"\b(?:resource|module|data)\b")


def read_script(path: str) -> Script:
    """The script. Raises InputError: what is wrong, with file, line and column, and what to do."""
    parts = terraform.ScriptParts()
    folder = os.path.isdir(path)  # noqa: PTH112 - the text as it was given, which may be no path at all
    paths = _script_files(path) if folder else [path]
    files = []
    for each in paths:
        file = _add_file(each, parts, folder=folder)
        files += [file] if file else []
    if not files:
        hint = "give a file with a `resource` block"
        raise InputError("there is no stack script in this folder", hint, Location(path, 1, 1))
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
    """The files of a folder that may be scripts, without hidden ones, in order."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", "", Location(folder, 1, 1)) from error
    paths = (Path(folder) / name for name in names if name.endswith(_SUFFIXES) and not name.startswith("."))
    return [str(path) for path in paths if path.is_file()]


def _add_file(path: str, parts: terraform.ScriptParts, *, folder: bool) -> SourceFile | None:
    """Read one file; None for a file of a folder that is no script, which is told."""
    wanted = files.FileSpec("a stack script", MOST_MIB, too_large="divide it: a folder of scripts is read together")
    content = files.read_file(path, wanted).data
    text = files.decode_utf8(content, path)
    try:
        root = _read_root(text, path)
    except InputError:
        if folder and not _BUILDING_WORDS.search(text):
            parts.notes.append(f"{escape(path)} is no stack script: it cannot be read, and holds no `resource`")
            return None
        raise
    if isinstance(root, MappingNode) and terraform_plan.is_terraform_plan(root):
        terraform_plan.add_plan(root, parts)
    elif isinstance(root, MappingNode) and terraform.is_terraform_script(root):
        terraform.add_blocks(root, parts)
    elif folder:
        parts.notes.append(f"{escape(path)} is no stack script")
        return None
    else:
        _refuse_file(root, path)
    return SourceFile(path, hashlib.sha256(content).hexdigest())


def _read_root(text: str, path: str) -> YamlNode:
    if path.endswith(".tf"):
        from koding_audit.stack.hcl import read_hcl_script  # noqa: PLC0415 - each format loads what it needs

        return read_hcl_script(text, path)
    from koding_audit.stack.json_source import read_json_script  # noqa: PLC0415 - as above

    if path.endswith(".json"):
        return read_json_script(text, path)
    from koding_audit.stack.yaml_source import read_yaml_script  # noqa: PLC0415 - as above

    if text.lstrip()[:1] == "{":  # JSON under another name, which YAML readers take but for a few letters
        with contextlib.suppress(InputError):
            return read_json_script(text, path)
    return read_yaml_script(text, path)


def _refuse_file(root: YamlNode, path: str) -> None:
    empty = isinstance(root, ScalarNode) and root.is_empty
    message = "the file is empty" if empty else "this is no stack script: it has no `resource` block"
    raise InputError(message, "a stack script is Terraform in YAML, JSON or HCL", Location(path, 1, 1))
