"""`diff OLD NEW`: what a policy document gained and lost, by meaning."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from koding_audit.cli.option_values import live_source
from koding_audit.cli.output import emit
from koding_audit.io import files, json_text
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.errors import InputError
from koding_audit.model.traits import find_source_traits
from koding_audit.policy import document
from koding_audit.policy.diff import Difference, compare_documents, describe_policy_change
from koding_audit.scan.options import SourceOptions
from koding_audit.scan.session import identify_account, open_source

if TYPE_CHECKING:
    from koding_audit.policy.diff.values import DiffVerdict

_DOCUMENT_FILE = files.FileSpec("a policy document", 1)
_EXIT_STATUS: Mapping[DiffVerdict, int] = {"equal": 0, "different": 1, "undecided": 2}
# `#` may be in a path too: the name begins with one of these words.
_SNAPSHOT_NAME = re.compile(r"(.+?)#((?:arn:|user/|group/).+)", re.DOTALL)
# `@` may be in a policy's name too: only an id of a version at the end is a version.
_POLICY_ARN = re.compile(r"(arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/[!-~]+?)(?:@(v[1-9][0-9]*))?")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: no difference in meaning; 1: there is one; 2: undecided."""
    names = namespace.old, namespace.new
    texts = _read_documents(names, live_source(namespace), terminal)
    old, new = (document.parse_document(text, where=each) for each, text in zip(names, texts, strict=True))
    difference = compare_documents(old, new)
    if namespace.output == "json":
        emit(json_text.write_json({"version": 1, **asdict(difference)}, indent=2) + "\n")
    else:
        emit("".join(f"{escape(line)}\n" for line in _difference_lines(difference, *names, same=old == new)))
    return _EXIT_STATUS[difference.verdict]


def _read_documents(names: tuple[str, str], options: SourceOptions, terminal: Terminal) -> list[str]:
    """The two documents. Local ones are read first: a wrong path is reported without credentials."""
    local = {each: _read_local(each) for each in names if not each.startswith("arn:")}
    wanted = {each: _parse_policy_arn(each) for each in names if each.startswith("arn:")}
    if wanted:
        from koding_audit.aws import iam  # noqa: PLC0415 - files need no AWS

        with open_source(options, terminal) as source:
            identify_account(source, options.account, terminal)
            if source.connection is not None:
                read = partial(iam.read_managed_document, source.connection)
                local |= {each: read(arn, version) for each, (arn, version) in wanted.items()}
    return [local[each] for each in names]


def _parse_policy_arn(name: str) -> tuple[str, str]:
    """The ARN of a managed policy and its version, "" for the default one."""
    found = _POLICY_ARN.fullmatch(name)
    if found is None:
        raise InputError(
            f"{name}: this is not the ARN of a managed policy", "write arn:aws:iam::123456789012:policy/NAME@v2"
        )
    return found[1], found[2] or ""


def _read_local(name: str) -> str:
    source, colon, rest = name.partition(":")
    return _read_from_snapshot(rest) if colon and not find_source_traits(source).is_writable else _read_file(name)


def _read_file(path: str) -> str:
    text = files.read_text(path, _DOCUMENT_FILE)
    if text.lstrip()[:1] != "%":  # as IAM's API encodes a document
        json_text.parse_json(text, path)  # for the line and column of an error
    return text


def _read_from_snapshot(reference: str) -> str:
    """A document of a snapshot. Raises InputError."""
    from koding_audit.aws.sources import snapshot  # noqa: PLC0415 - most comparisons are of files

    hint = "write snapshot:FILE#NAME, NAME a managed policy's ARN, user/NAME/POLICY or group/NAME/POLICY"
    found = _SNAPSHOT_NAME.fullmatch(reference)
    if found is None:
        raise InputError(f"snapshot:{reference} does not name a document of the snapshot", hint)
    path, name = found.groups()
    documents = snapshot.read_snapshot(path).documents
    if name not in documents:
        raise InputError(f"{path}: there is no document {name} among its {pluralize(len(documents), 'document')}", hint)
    return documents[name]


def _difference_lines(difference: Difference, old: str, new: str, *, same: bool) -> Iterator[str]:
    """The lines of the answer."""
    if difference.verdict == "equal":
        yield "No difference." if same else "No difference in meaning: the text differs, what it allows does not."
    parts = (
        (f"{new} allows what {old} did not:", difference.gained),
        (f"{new} no longer allows:", difference.lost),
        ("It denies explicitly, which matters only beside other policies:", difference.forbidden),
        ("It no longer denies explicitly, which matters only beside other policies:", difference.released),
    )
    for title, changes in parts:
        if changes:
            yield title
            yield from (f"  {describe_policy_change(each)}" for each in changes)
    if difference.why:
        start = "Not decided" if difference.verdict == "undecided" else "Not everything is decided"
        yield f"{start}: {difference.why}"
