"""A whole text: each denial once, nothing of other errors, in time and memory in proportion to the text."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.reader import read_denials, read_log
from koding_audit.denials.values import Denial
from tests.denials.texts import ENCODED, ROLE, SESSION, USER, sentence
from tests.fuzz.test_linear import steps
from tests.shared import SHARED, needs

SAMPLE = SHARED / "denials" / "sample.jsonl"
FIELDS = ("principal", "action", "resource", "effect", "layer", "policy")
TEXTS = ("principal_text", "resource_text", "policy_text", "authorization_id", "role", "operation")


def cases() -> Sequence[dict[str, Any]]:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines() if SAMPLE.exists() else []
    return [json.loads(line) for line in lines]


@needs(SAMPLE)
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_a_sample_is_read_right(case: dict[str, Any], tables: DenialTables) -> None:
    reading = read_denials(case["input"], tables)
    expected = case["expected"]["denials"]
    assert len(reading.denials) == len(expected)
    for found, wanted in zip(reading.denials, expected, strict=True):
        assert list(problems(found, wanted)) == []
    assert bool(reading.look_alikes) or not case["expected"].get("not_denial")


def problems(found: Denial, wanted: dict[str, Any]) -> Iterator[str]:
    for field in FIELDS:
        right = [wanted[field], *wanted.get("accept", {}).get(field, [])]
        right += [None] if field == "action" and wanted.get("inferred") else []
        if getattr(found, field) not in right:
            yield field
    for field in TEXTS:
        if field in wanted and getattr(found, field) != wanted[field]:
            yield field
    if "encoded" in wanted:
        end = wanted["encoded"]
        text = found.encoded or ""
        if (len(text), text[:12], text[-12:]) != (end["length"], end["head"], end["tail"]):
            yield "encoded"


def test_a_denial_that_a_tool_prints_several_times_is_one(tables: DenialTables) -> None:
    text = sentence("iam:GetRole", ROLE, "identity-based policy")
    (found,) = read_denials(f"{text}\nError: {text}\n{json.dumps({'message': text})}", tables).denials
    assert (found.action, found.repeats) == ("iam:GetRole", 3)


def test_an_error_that_is_printed_again_without_its_sentence_is_the_same(tables: DenialTables) -> None:
    text = sentence("s3:GetObject", '"arn:aws:s3:::bucket/key"', "identity-based policy")
    cut = text.replace('et/key"', " (truncated...)")
    again = "<Code>AccessDenied</Code><Message>Access Denied</Message>"
    (found,) = read_denials(f"{cut}\n{text}\n{again}", tables).denials
    assert found.resource == "arn:aws:s3:::bucket/key"


def test_a_reason_that_is_no_policy_makes_it_no_denial(tables: DenialTables) -> None:
    reason = "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access"
    reading = read_denials(sentence("s3:PutBucketPolicy", '"arn:aws:s3:::b"', reason), tables)
    assert reading.denials == ()
    assert reading.look_alikes[0].kind == "public-access-block"


def test_a_text_may_be_an_id_or_an_encoded_message_alone(tables: DenialTables) -> None:
    name = "tn3bjjepqq28okijiepedabcd"
    assert read_denials(f" {name}\n", tables).denials == (Denial(authorization_id=name),)
    assert read_denials(ENCODED, tables).denials == (Denial(encoded=ENCODED),)
    assert read_denials(f"Encoded authorization failure message: {ENCODED}", tables).denials[0].encoded == ENCODED
    address = f"https://eu-west-1.console.aws.amazon.com/iam/home?region=eu-west-1#/authorization-details/{name}"
    assert read_denials(address, tables).denials == (Denial(authorization_id=name, region="eu-west-1"),)


def test_an_action_that_is_not_printed_has_candidates(tables: DenialTables) -> None:
    start = "An error occurred (AccessDeniedException) when calling the CreateAlias operation: "
    (found,) = read_denials(f"{start}User: {USER} is not authorized to perform: null", tables).denials
    assert (found.action, found.principal) == (None, USER)
    (found,) = read_denials(
        f"{start.replace('CreateAlias', 'ListBuckets')}User: {USER} is not authorized to perform: null", tables
    ).denials
    assert (found.operation, found.likely) == ("s3:ListBuckets", ("s3:ListAllMyBuckets",))


@pytest.mark.parametrize(
    "text", ["", "\n", "all is well", "WARNING: 3 requests were denied", "AccessDenied", "{}", "\x00\ud800"]
)
def test_a_text_without_a_denial_has_none(text: str, tables: DenialTables) -> None:
    assert read_denials(text, tables).denials == ()
    assert read_log(text.splitlines(keepends=True), tables).denials == ()


def log(number: int) -> Iterator[str]:
    """A log of so many lines, with a denial in each thousand and secrets beside it."""
    words = [
        "compile",
        "run",
        "ok",
        "test",
        "step",
        "npm",
        "install",
        "module",
        "package",
        "downloading",
        "cached",
        "layer",
        "1.2.3",
        "PASS",
        "done",
        "3.2s",
    ]
    chosen = random.Random(1)
    for each in range(number):
        yield f"2026-01-02T03:04:05.{each % 1000:03d}Z {' '.join(chosen.choices(words, k=9))}\n"
        if each % 1000 == 500:
            text = sentence("iam:PassRole", f"{ROLE}-{each // 1000}", "identity-based policy")
            yield f"2026-01-02T03:04:05.{each % 1000:03d}Z {text[:100]}\n2026-01-02T03:04:05.000Z {text[100:]}\n"


def test_a_log_is_read_in_parts_as_it_is_read_whole(tables: DenialTables) -> None:
    lines = list(log(4000))
    reading = read_log(lines, tables)
    assert [each.resource for each in reading.denials] == [f"{ROLE}-{each}" for each in range(4)]
    assert {each.principal for each in reading.denials} == {SESSION}
    assert reading.denials == read_denials("".join(lines), tables).denials


def test_a_log_full_of_denials_is_cut_between_them(tables: DenialTables) -> None:
    lines = [f"{sentence('iam:PassRole', f'{ROLE}-{each}', 'identity-based policy')}\n" for each in range(3000)]
    found = read_log(lines, tables).denials
    assert [each.resource for each in found] == [f"{ROLE}-{each}" for each in range(3000)]
    assert {each.layer for each in found} == {"identity"}


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_ten_megabytes_take_less_than_two_seconds_and_little_memory(tables: DenialTables) -> None:
    lines = list(log(120_000))
    assert sum(map(len, lines)) > 9_000_000
    start = time.process_time()
    assert len(read_log(lines, tables).denials) == 120
    assert time.process_time() - start < 2
    tracemalloc.start()
    try:
        read_log(iter(lines[:20_000]), tables)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


HOSTILE = {
    "user": "User: ",
    "anchor": "is not authorized to perform: ",
    "sentence": "User: a is not authorized to perform: s3:GetObject on resource: ",
    "quotes": 'on resource: "',
    "names": "User: arn:aws:iam::" + "1" * 40,
    "encoded": "Encoded authorization failure message: aB1_",
    "codes": "An error occurred (A) when calling the ",
    "go": "operation error ",
    "java": "(Service: S3, Status Code: 403",
    "denied": "AccessDenied: Access Denied",
    "id": "authorization-details/",
    "columns": "a  b  c\n        ",
    "escapes": "\\\\\\\\",
    "ansi": "\x1b[",
    "prefixes": "> | > | ",
    "rows": "s3.amazonaws.com ",
    "breaks": "arn:aws:iam::\n",
    "json": '{"a":',
    "spaces": " " * 20,
    "letters": "a" * 20,
}


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("name", HOSTILE)
def test_twice_the_text_takes_twice_the_work(name: str, tables: DenialTables) -> None:
    """Counted in steps; and in time for what one step of an expression may do, in texts of up to a megabyte."""
    unit = HOSTILE[name]

    def work(size: int) -> int:
        return steps(lambda: read_denials(unit * size, tables))

    work(2)
    half, whole = work(200), work(400)
    assert whole <= 2.3 * half + 300


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_seconds(name: str, tables: DenialTables) -> None:
    unit = HOSTILE[name]
    start = time.process_time()
    read_denials(unit * (1_000_000 // len(unit)), tables)
    assert time.process_time() - start < 20
