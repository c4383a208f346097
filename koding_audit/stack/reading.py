"""A stack script as the user names it, a file or a folder, read whatever its format."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from koding_audit import inputs
from koding_audit.desired.nodes import MappingNode, Node, ScalarNode
from koding_audit.errors import InputError
from koding_audit.model import Source, SourceFile
from koding_audit.stack import planned, shape
from koding_audit.stack.limits import MOST_MIB
from koding_audit.stack.values import Script
from koding_audit.text import inert

_SUFFIXES = (".yml", ".yaml", ".json", ".tf")
# A file of a folder that cannot be read as it should be is passed over only where it surely builds nothing.
_BUILDS = re.compile(r"\b(?:resource|module|data)\b")


def read(path: str) -> Script:
    """The script. Raises InputError: what is wrong, with file, line and column, and what to do."""
    parts = shape.Parts()
    folder = os.path.isdir(path)  # noqa: PTH112 - the text as it was given, which may be no path at all
    paths = _within(path) if folder else [path]
    files = []
    for each in paths:
        file = _add(each, parts, folder=folder)
        files += [file] if file else []
    if not files:
        hint = "give a file with a `resource` block"
        raise InputError("there is no stack script in this folder", hint, Source(path, 1, 1))
    return Script(
        path=path,
        files=tuple(files),
        resources=shape.finished(parts),
        others=dict(sorted(parts.others.items())),
        unread=tuple(parts.unread),
        assuming=shape.assuming(parts),
        notes=tuple(parts.notes),
        locals=parts.locals,
    )


def _within(folder: str) -> list[str]:
    """The files of a folder that may be scripts, without hidden ones, in order."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", "", Source(folder, 1, 1)) from error
    paths = (Path(folder) / name for name in names if name.endswith(_SUFFIXES) and not name.startswith("."))
    return [str(path) for path in paths if path.is_file()]


def _add(path: str, parts: shape.Parts, *, folder: bool) -> SourceFile | None:
    """Read one file; None for a file of a folder that is no script, which is told."""
    wanted = inputs.Wanted("a stack script", MOST_MIB, too_large="divide it: a folder of scripts is read together")
    content = inputs.read(path, wanted).data
    text = inputs.decoded(content, path)
    try:
        root = _root(text, path)
    except InputError:
        if folder and not _BUILDS.search(text):
            parts.notes.append(f"{inert(path)} is no stack script: it cannot be read, and holds no `resource`")
            return None
        raise
    if isinstance(root, MappingNode) and planned.is_plan(root):
        planned.add(root, parts)
    elif isinstance(root, MappingNode) and shape.is_script(root):
        shape.add(root, parts)
    elif folder:
        parts.notes.append(f"{inert(path)} is no stack script")
        return None
    else:
        _refuse(root, path)
    return SourceFile(path, hashlib.sha256(content).hexdigest())


def _root(text: str, path: str) -> Node:
    if path.endswith(".tf"):
        from koding_audit.stack.hcl import read_hcl  # noqa: PLC0415 - each format loads what it needs

        return read_hcl(text, path)
    from koding_audit.stack.jsonscan import read_json  # noqa: PLC0415 - as above

    if path.endswith(".json"):
        return read_json(text, path)
    from koding_audit.stack.yamltext import read_yaml  # noqa: PLC0415 - as above

    if text.lstrip()[:1] == "{":  # JSON under another name, which YAML readers take but for a few letters
        with contextlib.suppress(InputError):
            return read_json(text, path)
    return read_yaml(text, path)


def _refuse(root: Node, path: str) -> None:
    empty = isinstance(root, ScalarNode) and root.empty
    message = "the file is empty" if empty else "this is no stack script: it has no `resource` block"
    raise InputError(message, "a stack script is Terraform in YAML, JSON or HCL", Source(path, 1, 1))
