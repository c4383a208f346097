"""The credential report as AWS has sent it over the years, and as it should never be."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.aws.credential_report import (
    ROOT,
    ReportFormatError,
    has_no_key,
    has_no_password,
    parse_credential_report,
    parse_report_time,
    parse_root_use,
)
from tests.values import NOW

COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]
FIRST_DAY = "0001-01-01T00:00+23:00"  # in UTC it is before the calendar begins
NEVER = dict.fromkeys(COLUMNS, "N/A") | {name: "false" for name in COLUMNS if name.endswith("_active")}
ROOT_ROW = NEVER | {"user": ROOT, "password_enabled": "not_supported", "password_last_used": "no_information"}
USER_ROW = NEVER | {"user": "someone", "password_enabled": "false"}


def report(*lines: dict[str, str], columns: list[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def test_rows_are_found_by_user() -> None:
    table = parse_credential_report(report(ROOT_ROW, USER_ROW))
    assert set(table) == {ROOT, "someone"}
    assert table["someone"] == USER_ROW


def test_a_quoted_cell_may_hold_a_comma_and_a_line() -> None:
    strange = USER_ROW | {"user": 'a,"b"\nc'}
    assert parse_credential_report(report(strange))['a,"b"\nc'] == strange


@pytest.mark.parametrize(
    "columns",
    [list(reversed(COLUMNS)), [*COLUMNS, "additional_credentials_info"], ["new", *COLUMNS]],
    ids=["reordered", "a column more", "a column more in front"],
)
def test_columns_are_found_by_their_names(columns: list[str]) -> None:
    used = {"access_key_2_last_used_date": "2026-11-20T08:00:00+00:00"}
    more = {"new": "x", "additional_credentials_info": "1,2"}
    table = parse_credential_report(report(ROOT_ROW | used | more, USER_ROW | more, columns=columns))
    assert parse_root_use(table, NOW).keys_last_used == (None, datetime(2026, 11, 20, 8, tzinfo=timezone.utc))
    assert has_no_key(table["someone"])


def test_roots_use_is_read_from_its_row() -> None:
    used = {
        "password_last_used": "2026-11-25T14:19:48+00:00",
        "access_key_1_last_used_date": "2026-07-04T15:09:00Z",
        "access_key_2_last_used_date": "2026-07-04T15:09:00+02:00",
    }
    use = parse_root_use(parse_credential_report(report(ROOT_ROW | used)), NOW)
    assert use.generated == NOW
    assert use.password_last_used == datetime(2026, 11, 25, 14, 19, 48, tzinfo=timezone.utc)
    assert use.keys_last_used == (
        datetime(2026, 7, 4, 15, 9, tzinfo=timezone.utc),
        datetime(2026, 7, 4, 13, 9, tzinfo=timezone.utc),
    )


@pytest.mark.parametrize("word", ["N/A", "n/a", "no_information", "NO_INFORMATION", "not_supported", ""])
def test_each_word_for_never_is_never(word: str) -> None:
    assert parse_report_time({"password_last_used": word}, "password_last_used") is None


@pytest.mark.parametrize(
    "word",
    [
        "yes",
        "false",
        "TRUE",
        "unknown",
        "2026-13-01",
        "2026-11-20T25:00:00Z",
        "yesterday",
        " ",
        FIRST_DAY,
    ],
)
def test_an_unknown_word_for_a_time_is_refused_and_not_taken_for_never(word: str) -> None:
    with pytest.raises(ReportFormatError, match="password_last_used"):
        parse_report_time({"password_last_used": word}, "password_last_used")


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_report_time({"at": "2026-11-20T08:00:00"}, "at") == datetime(2026, 11, 20, 8, tzinfo=timezone.utc)


@pytest.mark.parametrize("column", ["password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"])
def test_a_missing_column_of_root_is_refused(column: str) -> None:
    columns = [name for name in COLUMNS if name != column]
    with pytest.raises(ReportFormatError, match=column):
        parse_root_use(parse_credential_report(report(ROOT_ROW, columns=columns)), NOW)


def test_a_report_without_roots_row_says_nothing_of_root() -> None:
    with pytest.raises(ReportFormatError, match="no row of the root user"):
        parse_root_use(parse_credential_report(report(USER_ROW)), NOW)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no column `user`"),
        (b"\n\n", "no column `user`"),
        (b"User,arn\nsomeone,x\n", "no column `user`"),
        (b"arn\nx\n", "no column `user`"),
        (b"user,arn\nsomeone,\xff\n", "not a CSV file"),
        (b'user,arn\nsomeone,"x\n', "not a CSV file"),
        (b'user,arn\nsomeone,"x"y\n', "not a CSV file"),
        (report(USER_ROW, USER_ROW), "two rows of user someone"),
        (report(ROOT_ROW, USER_ROW)[:-80], "another length"),
        (b"user,arn\nsomeone,x,y\n", "another length"),
        (b"user,password_enabled,password_enabled\nsomeone,true,false\n", "a column twice"),
        (b"user,arn,Arn \nsomeone,x,y\n", "a column twice"),
        (b"<html><body>no</body></html>", "no column `user`"),
    ],
)
def test_what_is_no_report_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(ReportFormatError, match=problem):
        parse_credential_report(content)


@pytest.mark.parametrize(
    ("change", "clear"),
    [
        ({}, True),
        ({"access_key_1_active": "FALSE", "access_key_2_active": "False"}, True),
        ({"access_key_1_active": "true"}, False),
        ({"access_key_2_active": "TRUE"}, False),
        ({"access_key_1_active": "N/A"}, False),
        ({"access_key_1_active": "perhaps"}, False),
        ({"access_key_1_active": ""}, False),
        # Made once and switched off: it is there.
        ({"access_key_1_last_rotated": "2026-01-01T00:00:00+00:00"}, False),
        ({"access_key_2_last_rotated": "unknown"}, False),
    ],
)
def test_a_user_has_no_key_only_where_the_report_says_so_for_certain(change: dict[str, str], clear: bool) -> None:
    assert has_no_key(USER_ROW | change) is clear


@pytest.mark.parametrize(
    ("word", "clear"),
    [("false", True), ("FALSE", True), ("true", False), ("N/A", False), ("not_supported", False), ("", False)],
)
def test_a_user_has_no_password_only_where_the_report_says_so_for_certain(word: str, clear: bool) -> None:
    assert has_no_password(USER_ROW | {"password_enabled": word}) is clear


def test_a_missing_column_clears_nobody() -> None:
    assert not has_no_key({"user": "someone"})
    assert not has_no_password({"user": "someone"})


WORDS = st.sampled_from(["true", "FALSE", "N/A", "no_information", "2026-01-01T00:00:00Z", FIRST_DAY, ""])
CELLS = st.one_of(WORDS, st.text(max_size=8))
TABLES = st.lists(st.lists(st.one_of(st.just(ROOT), CELLS), max_size=24), max_size=4)


def joined(table: list[list[str]]) -> bytes:
    return "\n".join(",".join(cells) for cells in [COLUMNS, *table]).encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), TABLES.map(joined), st.text(max_size=200).map(str.encode)))
def test_whatever_comes_is_read_or_refused_as_no_report(content: bytes) -> None:
    try:
        table = parse_credential_report(content)
        for row in table.values():
            assert has_no_key(row) in (True, False)
            assert has_no_password(row) in (True, False)
        use = parse_root_use(table, NOW)
    except ReportFormatError:
        return
    moments = (*use.keys_last_used, use.password_last_used)
    assert all(each is None or each.tzinfo == timezone.utc for each in moments)


def test_a_report_without_users_has_no_rows() -> None:
    assert parse_credential_report(b"user,arn\n") == {}
