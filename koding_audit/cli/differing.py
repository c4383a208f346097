"""`diff OLD NEW`: what a policy document gained and lost, by meaning."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from koding_audit import document, inputs, jsontext
from koding_audit.cli.sources import identified, opened
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.difference import Difference, compare, described
from koding_audit.errors import InputError
from koding_audit.text import inert
from koding_audit.words import counted

if TYPE_CHECKING:
    from koding_audit.difference.values import Verdict

_DOCUMENT = inputs.Wanted("a policy document", 1)
_STATUS: Mapping[Verdict, int] = {"equal": 0, "different": 1, "undecided": 2}
# `#` may stand in a path too: the name begins where it can only be one.
_IN_SNAPSHOT = re.compile(r"(.+?)#((?:arn:|user/|group/).+)", re.DOTALL)
# `@` may stand in a policy's name too: only a version's id at the end is a version.
_LIVE = re.compile(r"(arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/[!-~]+?)(?:@(v[1-9][0-9]*))?")


def diff(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: no difference in meaning; 1: there is one; 2: it is not decided."""
    said = options.old, options.new
    texts = _texts(said, options, terminal)
    old, new = (document.parse(text, where=each) for each, text in zip(said, texts, strict=True))
    difference = compare(old, new)
    if options.output == "json":
        emit(jsontext.write_json({"version": 1, **asdict(difference)}, indent=2) + "\n")
    else:
        emit("".join(f"{inert(line)}\n" for line in _explained(difference, *said, same=old == new)))
    return _STATUS[difference.verdict]


def _texts(said: tuple[str, str], options: argparse.Namespace, terminal: Terminal) -> list[str]:
    """The two documents. What can be read without AWS is read first: a wrong path needs no credentials."""
    local = {each: _local(each) for each in said if not each.startswith("arn:")}
    wanted = {each: _live_name(each) for each in said if each.startswith("arn:")}
    if wanted:
        from koding_audit import iam  # noqa: PLC0415 - files need no AWS

        with opened(options, terminal) as source:
            identified(source, options, terminal)
            if source.connection is not None:
                read = partial(iam.managed_document, source.connection)
                local |= {each: read(arn, version) for each, (arn, version) in wanted.items()}
    return [local[each] for each in said]


def _live_name(said: str) -> tuple[str, str]:
    """The ARN of a managed policy and its version, "" for the default one."""
    found = _LIVE.fullmatch(said)
    if found is None:
        raise InputError(
            f"{said}: this is not the ARN of a managed policy", "write arn:aws:iam::123456789012:policy/NAME@v2"
        )
    return found[1], found[2] or ""


def _local(said: str) -> str:
    return _saved(said.removeprefix("snapshot:")) if said.startswith("snapshot:") else _file(said)


def _file(path: str) -> str:
    text = inputs.read_text(path, _DOCUMENT)
    if text.lstrip()[:1] != "%":  # as IAM's API encodes a document
        jsontext.read_json(text, path)  # which tells line and column
    return text


def _saved(said: str) -> str:
    """A document that a snapshot holds."""
    from koding_audit.collect import snapshot  # noqa: PLC0415 - most comparisons are of files

    hint = "write snapshot:FILE#NAME, NAME a managed policy's ARN, user/NAME/POLICY or group/NAME/POLICY"
    found = _IN_SNAPSHOT.fullmatch(said)
    if found is None:
        raise InputError(f"snapshot:{said}: which document of the snapshot?", hint)
    path, name = found.groups()
    documents = snapshot.read(path).documents
    if name not in documents:
        raise InputError(f"{path}: there is no document {name} among its {counted(len(documents), 'document')}", hint)
    return documents[name]


def _explained(difference: Difference, old: str, new: str, *, same: bool) -> Iterator[str]:
    """The answer as to a colleague, a line at a time."""
    if difference.verdict == "equal":
        yield "No difference." if same else "No difference in meaning: the text differs, what it allows does not."
    parts = (
        (f"{new} allows what {old} did not:", difference.gained),
        (f"{new} no longer allows:", difference.lost),
        ("It denies explicitly, which matters beside other policies only:", difference.forbidden),
        ("It no longer denies explicitly, which matters beside other policies only:", difference.released),
    )
    for title, changes in parts:
        if changes:
            yield title
            yield from (f"  {described(each)}" for each in changes)
    if difference.why:
        start = "Not decided" if difference.verdict == "undecided" else "Not everything is decided"
        yield f"{start}: {difference.why}"
