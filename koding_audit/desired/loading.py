"""The way of a file: read, held against the schema, built, checked."""

from __future__ import annotations

from collections.abc import Sequence

from koding_audit.desired import is_guards
from koding_audit.desired.building import build
from koding_audit.desired.checks import problem
from koding_audit.desired.documents import read_beside
from koding_audit.desired.guarding import forbidden, guards_beside
from koding_audit.desired.nodes import File
from koding_audit.desired.reading import read
from koding_audit.desired.validator import Invalid, validate
from koding_audit.desired.values import Schema, value
from koding_audit.errors import InputError
from koding_audit.frozen import replace
from koding_audit.model import Desired, Source


def load(paths: Sequence[str], schema: Schema) -> Desired:
    """One desired state from one or several files, with the guards beside them. Raises InputError."""
    if not paths:
        raise InputError("no desired-state file is given", "name a FILE")
    files: dict[tuple[int, int], File] = {}
    for path in paths:
        if is_guards(path):
            hint = "name the desired-state files: a guards.yaml beside one of them is read with it"
            raise InputError("guards are no desired state", hint, Source(path, 1, 1))
        file = _fitting(path, schema)
        if file.identity in files:
            raise InputError("this file is given twice", "name it once", Source(path, 1, 1))
        files[file.identity] = file
    read_files = tuple(files.values())
    guards = guards_beside(paths)
    desired = build(read_files, guards)
    refusal = problem(read_files, desired) or forbidden(desired)
    if refusal:
        raise refusal
    return desired


def _fitting(path: str, schema: Schema) -> File:
    file = read(path)
    plain = value(file.root, schema, schema)
    try:
        validate(plain)
    except Invalid as error:
        from koding_audit.desired.explaining import explain  # noqa: PLC0415 - it loads jsonschema, which is slow

        raise explain(file.root, plain, schema) from error
    return replace(file, documents=read_beside(path, file.root))
