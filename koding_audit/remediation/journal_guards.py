"""Finds the guards for `undo`: those in the folders of the files that a journal names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from koding_audit import desired
from koding_audit.io import files
from koding_audit.io.text import escape
from koding_audit.model.desired import Guards
from koding_audit.model.errors import InputError, RefusedError
from koding_audit.model.frozen import replace
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Journal
from koding_audit.model.query import Fact, Query

_OPTION = "--guards-from"
_ROLE_FACTS = frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE})


def locate_desired_files(past: Journal, guards_folder: str) -> Journal:
    """The journal with its files at paths whose folders exist. Raises RefusedError if a folder is not known.

    guards_folder: the folder that takes the place of those that are not known; "" for none.
    """
    if guards_folder and not _is_folder(guards_folder):
        raise InputError(f"{_OPTION} {guards_folder} is not a folder", "name the folder with the guards of that run")
    lost = [each for each in past.desired if not _is_folder_known(each)]
    if lost and not guards_folder:
        raise _unknown_folder_error(lost[0])
    moved = {each: str(Path(guards_folder).absolute() / Path(each.path).name) for each in lost}
    return replace(past, desired=tuple(replace(each, path=moved.get(each, each.path)) for each in past.desired))


def load_journal_guards(located: Journal, guards_folder: str) -> Guards:
    """The guards in the folders of these files, and in `guards_folder` if it is not "". Raises InputError."""
    named = [str(Path(guards_folder) / desired.GUARDS_FILE)] if guards_folder else []
    return desired.load_guards_beside([*(file.path for file in located.desired), *named])


def declared_roles_query(located: Journal) -> Query:
    """The roles that these files declare now, which a principal may reach by the undo; none if the files are invalid.

    The roles that the journal itself names are left out: they are read anyway.
    """
    paths = [each.path for each in located.desired if not desired.is_guards_file(each.path)]
    try:
        declared = desired.load_desired([each for each in paths if os.path.lexists(each)])
    except InputError:
        return Query()
    named = {each.action.principal_names.get("role") for each in located.entries}
    return Query(roles={each.name: _ROLE_FACTS for each in declared.roles.values() if each.name not in named})


def missing_file_lines(located: Journal) -> Iterator[str]:
    """A line for each file of the run that does not exist any more."""
    for path in dict.fromkeys(file.path for file in located.desired if not os.path.lexists(file.path)):
        if desired.is_guards_file(path):
            yield f"The run had guards that do not apply now: {escape(path)} does not exist any more."
        else:
            yield f"{escape(path)} does not exist any more: only the guards that are in its folder now apply."


def _is_folder_known(file: SourceFile) -> bool:
    """Whether the folder of a file exists, and that of a link's target.

    A relative path, of an earlier version, may lead to any folder: the file must be there as the run read it.
    """
    try:
        parents = [str(Path(each).parent) for each in (file.path, os.path.realpath(file.path))]
    except (OSError, ValueError):  # a link that may not be read, a path that no file can have
        return False
    if not all(map(_is_folder, parents)):
        return False
    return Path(file.path).is_absolute() or desired.is_guards_file(file.path) or _is_unchanged(file)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for a folder that may not be read


def _is_unchanged(file: SourceFile) -> bool:
    try:
        data = files.read_file(file.path, files.FileSpec("the desired-state file", 1)).data
    except InputError:
        return False
    return hashlib.sha256(data).hexdigest() == file.sha256


def _unknown_folder_error(file: SourceFile) -> RefusedError:
    hint = f"nothing was written; name the folder with the guards of that run: {_OPTION} FOLDER"
    if Path(file.path).is_absolute():
        message = f"the folder of {file.path} does not exist any more, so the guards of the run are not known"
        return RefusedError(message, hint)
    message = f"{file.path} is not here as the run read it, so the guards of the run are not known"
    return RefusedError(message, f"{hint}, or run this in the folder of that run")
