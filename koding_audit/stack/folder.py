"""Finds the stacks below a folder that has no script of its own: root modules, templates, and what a CDK wrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from koding_audit.model.errors import InputError, NoScriptError
from koding_audit.model.location import Location
from koding_audit.stack.script import Script

_SKIPPED = frozenset({"node_modules"})
ScriptReader = Callable[[str], Script]


def read_stacks(path: str, read: ScriptReader) -> tuple[Script, ...]:
    """Returns the stack of a file or folder; for a folder without a script of its own, those below it, by path.

    What another of them calls is not a stack: a local module, or the template of a nested stack. Hidden folders and
    node_modules are not read. Raises InputError with file, line and column.

    read: reads one file or one folder; it raises NoScriptError for a folder without a script
    """
    own = _read_folder(path, read)
    if own is not None:
        return (own,)
    found = _without_called(list(_stacks_below(Path(path), read)))
    if not found:
        raise NoScriptError(
            "neither the folder nor a folder below it has a stack script",
            "give a folder that has a file with a `resource` block, or a template",
            Location(path, 1, 1),
        )
    return found


def _read_folder(path: str, read: ScriptReader) -> Script | None:
    try:
        return read(path)
    except NoScriptError:
        return None


def _stacks_below(folder: Path, read: ScriptReader) -> Iterator[Script]:
    for inner in _folders_in(folder):
        script = _read_folder(str(inner), read)
        if script is not None:
            yield from _stacks_of(script, read)
        if script is None or script.template is None or script.template.cdk is None:
            yield from _stacks_below(inner, read)


def _folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, without hidden ones and without links, which could lead back."""
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", "", Location(str(folder), 1, 1)) from error
    return [
        Path(each.path)
        for each in entries
        if each.is_dir(follow_symlinks=False) and not each.name.startswith(".") and each.name not in _SKIPPED
    ]


def _stacks_of(script: Script, read: ScriptReader) -> Iterator[Script]:
    """The stacks of one folder: each template is one; Terraform's files, and all that a CDK wrote, are one together."""
    if script.template is None or script.template.cdk is not None or len(script.files) == 1:
        yield script
        return
    folder = Path(script.path)
    yield from (read(each.path) for each in script.files if Path(each.path).parent == folder)


def _without_called(scripts: Sequence[Script]) -> tuple[Script, ...]:
    """The scripts whose files are not all among those of a script with more files, which then calls it."""
    files = [frozenset(os.path.realpath(each.path) for each in script.files) for script in scripts]
    return tuple(
        script for script, own in zip(scripts, files, strict=True) if not any(own < others for others in files)
    )
