"""Reads `guards.yaml` beside the desired state: protected principals and forbidden policies, with an own owner."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

from koding_audit.desired.builder import arn_of_policy_name
from koding_audit.desired.guards_names import has_guard_and_format, is_copy_of_guards, is_misnamed_guards_file
from koding_audit.desired.paths import GUARDS_FILE
from koding_audit.desired.resources import guards_schema
from koding_audit.desired.validator import fits_schema
from koding_audit.io.files import FileSpec, read_text
from koding_audit.io.text import place_text, quote_text
from koding_audit.io.yaml_nodes import ScalarNode, YamlFile
from koding_audit.io.yaml_reader import read_yaml_file
from koding_audit.model.account import PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.arn import is_same_policy, policy_name
from koding_audit.model.desired import Desired, DesiredGroup, DesiredRole, DesiredUser, Guards, PolicyRef, PolicySet
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location, Reference

_Key = TypeVar("_Key")

_GUARDS_KEY = re.compile(r"""(?m)(?:^|[{,])\s*["']?(?:protected|forbidden|max_changes)["']?\s*:""")


def read_guards_beside(paths: Sequence[str]) -> Guards:
    """Read and combine the guards in the folders of these files, if there are any. Raises InputError.

    If a file is a symbolic link, the folder of its target counts too.
    """
    folders = dict.fromkeys(folder for path in paths for folder in _folders_of(path))
    for folder in folders:
        _refuse_misnamed_guards(folder)
    found = (str(folder / GUARDS_FILE) for folder in folders)
    # A file that exists but cannot be read is an error: guards are never skipped.
    files = {file.identity: file for file in (_read_valid_guards(each) for each in found if os.path.lexists(each))}
    return _merge_guards(tuple(files.values()))


def refuse_misnamed_guards_file(path: str) -> None:
    """Refuse a file that a person may take for guards by its name, and that is not read as such. Raises InputError."""
    name = Path(path).name
    if is_misnamed_guards_file(name) or (has_guard_and_format(name) and _may_contain_guards(path)):
        message = f"{quote_text(name)} looks like guards, and is not read as guards"
        raise InputError(message, f"rename it to {GUARDS_FILE}, or to something else", Location(path, 1, 1))


def _folders_of(path: str) -> Iterator[Path]:
    """Yield the folder of a file, and those of the targets of its links."""
    seen: set[Path] = set()
    file = Path(path)
    while file not in seen:
        seen.add(file)
        yield file.parent
        if file.is_symlink():
            file = file.parent / file.readlink()


def _refuse_misnamed_guards(folder: Path) -> None:
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError as error:
        message = f"could not list the folder, which may contain guards: {error.strerror}"
        raise InputError(message, "make it readable", Location(str(folder), 1, 1)) from error
    for name in names:
        is_copy = GUARDS_FILE in names and is_copy_of_guards(name)
        # A folder without a format in its name, such as `guards`, is an ordinary folder.
        is_folder = (folder / name).is_dir() and not (has_guard_and_format(name) and is_misnamed_guards_file(name))
        if not is_copy and not is_folder:
            refuse_misnamed_guards_file(str(folder / name))


def _may_contain_guards(path: str) -> bool:
    """Whether a file has a key of guards, or cannot be read."""
    try:
        return _GUARDS_KEY.search(read_text(path, FileSpec("the file", 1))) is not None
    except InputError:
        return True


def forbidden_policy_error(desired: Desired) -> InputError | None:
    """The error for the first required policy that a guard forbids, with both places; None if there is none."""
    if not desired.guards.forbidden:
        return None
    for policy_set in _required_sets(desired):
        for ref in policy_set.policies:
            for guard in desired.guards.forbidden:
                if is_same_policy(ref.arn, guard.arn):
                    message = f"policy {quote_text(policy_name(ref.arn))} is forbidden at {place_text(guard.location)}"
                    hint = "remove it from the set, or ask the owner of that file to allow it"
                    return InputError(message, hint, ref.location)
    return None


def _required_sets(desired: Desired) -> Iterator[PolicySet]:
    principals: tuple[DesiredGroup | DesiredUser | DesiredRole, ...]
    principals = (*desired.groups.values(), *desired.users.values(), *desired.roles.values())
    names = dict.fromkeys(use.name for each in principals for use in each.required)
    return (desired.policy_sets[name] for name in names if name in desired.policy_sets)


def _read_valid_guards(path: str) -> YamlFile:
    file, schema = read_yaml_file(path), guards_schema()
    if not fits_schema(file.root, schema):
        from koding_audit.desired.schema_errors import explain_schema_error  # noqa: PLC0415 - it loads jsonschema, which is slow

        raise explain_schema_error(file.root, schema)
    return file


def _merge_guards(files: Sequence[YamlFile]) -> Guards:
    protected: dict[PrincipalKey, Reference] = {}
    policies_forbidden: list[PolicyRef] = []
    for file in files:
        principals = [(_principal_key(each), each) for each in file.root.scalars("protected")]
        policies = [(arn_of_policy_name(each.value), each) for each in file.root.scalars("forbidden")]
        _refuse_duplicates(principals)
        _refuse_duplicates((policy_name(arn).casefold(), each) for arn, each in policies)
        for key, each in principals:
            protected.setdefault(key, Reference(each.value, each.location))
        policies_forbidden += [PolicyRef(arn, each.location) for arn, each in policies]
    limits = [(int(each.value), each.location) for file in files for each in [file.root.scalar("max_changes")] if each]
    return Guards(
        tuple(file.source_file for file in files), protected, tuple(policies_forbidden), min(limits, default=None)
    )


def _principal_key(scalar: ScalarNode) -> PrincipalKey:
    kind, _, name = scalar.value.partition("/")
    return principal_key(cast("PrincipalKind", kind), name)


def _refuse_duplicates(entries: Iterable[tuple[_Key, ScalarNode]]) -> None:
    seen: dict[_Key, ScalarNode] = {}
    for key, scalar in entries:
        first = seen.setdefault(key, scalar)
        if first is not scalar:
            message = f"duplicate {quote_text(scalar.value)}; the first is at {place_text(first.location)}"
            raise InputError(message, "remove one of the two", scalar.location)
