"""A journal, line by line: read back, torn at its end, changed by hand, and chained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.io.codec.journal import decode_journal, journal_end, journal_header, journal_line
from koding_audit.model.account import Account, principal_key
from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.verb import Verb
from tests.io.codec.shapes import ATTACH, KNOWN, NOW, accounts, entries
from tests.values import journal_of

ENTRY = Entry(ATTACH, "started", unique_ids={principal_key("group", "Developers"): "AGPA1"})


def journal_text(found: tuple[Entry, ...], account: Account = KNOWN, more: Iterable[str] = ()) -> str:
    """The lines of these entries, and of what else is to be said, each with its chain."""
    entries = (journal_line(NOW, index, each) for index, each in enumerate(found))
    return journal_of(journal_header(account, NOW, ()), *entries, *more)


def test_a_journal_knows_the_files_of_its_plan() -> None:
    files = (SourceFile("policies/koding.yaml", "ab" * 32), SourceFile("policies/guards.yaml", "cd" * 32))
    found, _ = decode_journal(journal_of(journal_header(KNOWN, NOW, files)), "j")
    assert found.desired == files


@given(entries, accounts)
def test_a_journal_is_read_back_as_it_was(found: tuple[Entry, ...], account: Account) -> None:
    assert decode_journal(journal_text(found, account), "j") == (Journal("j", account, found), None)


def test_the_last_line_of_an_entry_holds() -> None:
    text = journal_text((ENTRY,), more=[journal_line(NOW, 0, replace(ENTRY, outcome="done"))])
    journal, torn = decode_journal(text, "j")
    assert [each.outcome for each in journal.entries] == ["done"]
    assert torn is None


def test_a_torn_last_line_is_told_and_the_others_are_used() -> None:
    text = journal_text((ENTRY,))
    last = journal_text((ENTRY, replace(ENTRY, outcome="done"))).removeprefix(text)
    for kept in range(1, len(last) - 1):
        journal, torn = decode_journal(text + last[:kept], "j")
        assert journal.entries == (ENTRY,)
        assert torn is not None
        assert torn.message == "the journal's last line is incomplete"
        assert torn.location == Location("j", 3, 1)


def test_a_last_line_that_lacks_only_its_newline_is_used() -> None:
    journal, torn = decode_journal(journal_text((ENTRY,)).rstrip("\n"), "j")
    assert journal.entries == (ENTRY,)
    assert torn is None


def test_zeros_that_a_power_loss_left_are_a_torn_line() -> None:
    journal, torn = decode_journal(journal_text((ENTRY,)) + "\0" * 4096, "j")
    assert journal.entries == (ENTRY,)
    assert torn is not None


def test_a_bad_line_before_the_last_is_refused_with_its_number() -> None:
    text = journal_text((), more=['{"time": }', journal_line(NOW, 0, ENTRY)])
    with pytest.raises(InputError, match="not JSON") as caught:
        decode_journal(text, "j")
    assert caught.value.location is not None
    assert (caught.value.location.path, caught.value.location.line) == ("j", 2)


@pytest.mark.parametrize("text", ["", '{"version": 1, "kind"'])
def test_a_journal_without_its_first_line_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="the journal has no complete first line"):
        decode_journal(text, "j")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"index": -1}, "j:2: index: must be 0 or more"),
        ({"index": "0"}, "j:2: index: must be a number"),
        ({"outcome": "perhaps"}, "j:2: outcome: must be one of started"),
        ({"time": None}, "j:2: time: must be a UTC time"),
        ({"action": "DeleteRole"}, "j:2: action: must be one of CreateGroup"),
        ({"parameters": {"GroupName": "g", "PolicyArn": ["A"]}}, 'j:2: parameters["PolicyArn"]: must be text'),
        ({"more": 1}, 'j:2: unknown key "more"'),
        ({"absent_before": None}, "j:2: absent_before: must be true or false"),
        ({"ended": True}, 'j:2: unknown key "index"'),
    ],
)
def test_a_bad_entry_is_refused_with_its_line(changed: dict[str, object], message: str) -> None:
    line = json.loads(journal_line(NOW, 0, ENTRY)) | changed
    with pytest.raises(InputError, match=re.escape(message)):
        decode_journal(journal_text((), more=[json.dumps(line)]), "j")


def test_an_entry_cannot_become_another_action() -> None:
    other = Entry(Action(Verb.CREATE_GROUP, {"GroupName": "Developers"}), "done")
    with pytest.raises(InputError, match="j:3: entry 0 has another action than in a line before"):
        decode_journal(journal_text((ENTRY,), more=[journal_line(NOW, 0, other)]), "j")


@given(st.text(alphabet='{}[]":,\n\\0123456789 abvk') | st.text())
def test_no_text_after_the_first_line_is_more_than_refused(tail: str) -> None:
    message = "j"
    try:
        decode_journal(journal_text((ENTRY,)) + tail, "j")
    except InputError as error:
        message = error.message if error.location is None else error.location.path
    assert message.startswith("j")


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_repeated_key_is_refused_with_its_line_although_the_chain_fits(number: int, end: str) -> None:
    lines = [journal_header(KNOWN, NOW, ()), journal_line(NOW, 0, ENTRY), journal_end(NOW)]
    key = json.loads(lines[number - 1])
    name = next(iter(key))
    lines[number - 1] = lines[number - 1].replace("{", f'{{"{name}":{json.dumps(key[name])},', 1)
    with pytest.raises(InputError, match=f'duplicate key "{name}"') as caught:
        decode_journal(journal_of(*lines).removesuffix("\n") + end, "j")
    assert caught.value.location is not None
    assert (caught.value.location.path, caught.value.location.line) == ("j", number)


def test_a_newer_journal_is_refused() -> None:
    head = json.loads(journal_header(KNOWN, NOW, ())) | {"version": 2, "chained": "in another way"}
    with pytest.raises(InputError, match="j:1: version 2 is newer"):
        decode_journal(json.dumps(head) + "\n", "j")


def test_the_end_of_a_run_is_the_last_line_of_its_journal() -> None:
    end = journal_end(NOW)
    assert decode_journal(journal_text((ENTRY,), more=[end]), "j")[0] == Journal("j", KNOWN, (ENTRY,), True)
    assert not decode_journal(journal_text((ENTRY,)), "j")[0].ended
    with pytest.raises(InputError, match="j:2: index: missing"):
        decode_journal(journal_text((), more=[end, journal_line(NOW, 0, ENTRY)]), "j")


LINES = journal_text(
    (ENTRY, replace(ENTRY, outcome="done"), replace(ENTRY, outcome="failed")), more=[journal_end(NOW)]
).splitlines()


def refused_at(lines: list[str]) -> int:
    """The line at which a journal of these lines is refused."""
    with pytest.raises(InputError, match="was changed after its run") as caught:
        decode_journal("".join(f"{line}\n" for line in lines), "j")
    assert caught.value.hint.startswith("restore the journal")
    assert caught.value.location is not None
    return caught.value.location.line


@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_an_edited_line_of_a_journal_is_refused_by_its_number(number: int) -> None:
    line = LINES[number - 1]
    edits = [line.replace(":", ": ", 1), line.replace("2026", "2025", 1), line[:-10] + "0123abcd" + line[-2:]]
    edits += [line.replace(',"chain"', ',"more":1,"chain"'), line[: line.index(',"chain"')] + "}"]
    for edited in edits:
        assert edited != line
        assert refused_at([*LINES[: number - 1], edited, *LINES[number:]]) == number


@pytest.mark.parametrize("number", range(2, len(LINES)))
def test_a_removed_moved_or_inserted_line_of_a_journal_is_refused_by_its_number(number: int) -> None:
    before, line, after = LINES[: number - 1], LINES[number - 1], LINES[number:]
    assert refused_at([*before, *after]) == number
    assert refused_at([*before, after[0], line, *after[1:]]) == number
    assert refused_at([*before, line, line, *after]) == number + 1
    assert refused_at([*before, LINES[0], line, *after]) == number


def test_a_line_of_another_journal_does_not_follow() -> None:
    others = journal_text((replace(ENTRY, detail="x"), ENTRY)).splitlines()
    assert refused_at([LINES[0], LINES[1], others[2]]) == 3


def test_a_journal_whose_last_lines_are_gone_has_no_end() -> None:
    for kept in range(1, len(LINES)):
        journal, torn = decode_journal("".join(f"{line}\n" for line in LINES[:kept]), "j")
        assert (journal.ended, torn) == (False, None)


def test_a_key_named_chain_within_a_line_is_not_its_chain() -> None:
    hostile = Action(Verb.CREATE_GROUP, {"GroupName": "g", "chain": "0" * 64})
    entry = Entry(hostile, "started", f'","chain":"{"0" * 64}"}}')
    assert decode_journal(journal_text((entry,)), "j")[0].entries == (entry,)
