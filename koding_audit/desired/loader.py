"""Loads desired-state files: reads them, validates them by the schema, builds the desired state and checks it."""

from __future__ import annotations

from collections.abc import Sequence

from koding_audit.desired.builder import build_desired
from koding_audit.desired.checks import first_refusal
from koding_audit.desired.guards_file import forbidden_policy_error, read_guards_beside, refuse_misnamed_guards_file
from koding_audit.desired.paths import is_guards_file
from koding_audit.desired.policy_documents import read_document_files
from koding_audit.desired.validator import fits_schema
from koding_audit.desired.values import Schema
from koding_audit.io.yaml_nodes import YamlFile
from koding_audit.io.yaml_reader import read_yaml_file
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location


def load_desired_files(paths: Sequence[str], schema: Schema) -> Desired:
    """Load one desired state from one or several files, with the guards beside them. Raises InputError."""
    if not paths:
        raise InputError("no desired-state file is named", "name a FILE")
    files: dict[tuple[int, int], YamlFile] = {}
    for path in paths:
        if is_guards_file(path):
            hint = "name only the desired-state files: the guards.yaml beside them is read automatically"
            raise InputError("a guards file is not a desired state", hint, Location(path, 1, 1))
        refuse_misnamed_guards_file(path)
        file = _read_valid_file(path, schema)
        if file.identity in files:
            raise InputError("the file is named twice", "name it once", Location(path, 1, 1))
        files[file.identity] = file
    read_files = tuple(files.values())
    guards = read_guards_beside(paths)
    desired = build_desired(read_files, guards)
    refusal = first_refusal(read_files, desired) or forbidden_policy_error(desired)
    if refusal:
        raise refusal
    return desired


def _read_valid_file(path: str, schema: Schema) -> YamlFile:
    file = read_yaml_file(path)
    if not fits_schema(file.root, schema):
        from koding_audit.desired.schema_errors import explain_schema_error  # noqa: PLC0415 - it loads jsonschema, which is slow

        raise explain_schema_error(file.root, schema)
    return replace(file, documents=read_document_files(path, file.root))
