"""Every recorded reply of an operation that the collectors call is read whole over HTTP, or refused by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from koding_audit.aws import credential_report, iam
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from tests.recordings.conftest import RECORDINGS, replies
from tests.servers.replay import Replay, load, recorded
from tests.shared import needs

Data = Mapping[str, Any]


def names(rows: list[Data], member: str) -> frozenset[str]:
    return frozenset(row[member] for row in rows)


def principal_facts(kind: str, found: Any) -> tuple[str, ...]:
    assert found.kind == kind
    return (found.name, found.arn, found.unique_id, found.path)


def recorded_facts(word: str, data: Data) -> tuple[str, ...]:
    return (data[f"{word}Name"], data["Arn"], data[f"{word}Id"], data["Path"])


# For each operation: how the collectors read it, and what the recording says that they must have read.
Reader = Callable[[Connection, Data], Any]
READERS: dict[str, tuple[Reader, Callable[[Data], Any]]] = {
    "GetUser": (
        lambda connection, data: principal_facts(
            "user", iam.read_principal(connection, "user", data["User"]["UserName"])
        ),
        lambda data: recorded_facts("User", data["User"]),
    ),
    "GetGroup": (
        lambda connection, data: (
            principal_facts("group", found := iam.read_principal(connection, "group", name_of(data), members=True)),
            found.members,
        ),
        lambda data: (recorded_facts("Group", data["Group"]), names(data["Users"], "UserName")),
    ),
    "GetAccountSummary": (
        lambda connection, _: iam.read_account_summary(connection),
        lambda data: data["SummaryMap"],
    ),
    "GetPolicy": (
        lambda connection, data: (
            (found := iam.read_managed_policy(connection, data["Policy"]["Arn"])) and found.attachable
        ),
        lambda data: data["Policy"]["IsAttachable"],
    ),
    "ListAttachedUserPolicies": (
        lambda connection, _: iam.list_attached_policies(connection, "user", "someone"),
        lambda data: names(data["AttachedPolicies"], "PolicyArn"),
    ),
    "ListAttachedGroupPolicies": (
        lambda connection, _: iam.list_attached_policies(connection, "group", "some"),
        lambda data: names(data["AttachedPolicies"], "PolicyArn"),
    ),
    "ListUserPolicies": (
        lambda connection, _: iam.list_inline_policies(connection, "user", "someone"),
        lambda data: frozenset(data["PolicyNames"]),
    ),
    "ListGroupPolicies": (
        lambda connection, _: iam.list_inline_policies(connection, "group", "some"),
        lambda data: frozenset(data["PolicyNames"]),
    ),
    "ListGroupsForUser": (
        lambda connection, _: iam.list_groups_of_user(connection, "someone"),
        lambda data: names(data["Groups"], "GroupName"),
    ),
    "ListAccessKeys": (
        lambda connection, _: {
            (key.suffix, key.active, key.created) for key in iam.list_access_keys(connection, "someone")
        },
        lambda data: {
            (row["AccessKeyId"][-4:], row["Status"] == "Active", row["CreateDate"]) for row in data["AccessKeyMetadata"]
        },
    ),
    "ListMFADevices": (
        lambda connection, _: iam.has_mfa(connection, "someone"),
        lambda data: bool(data["MFADevices"]),
    ),
    "GetCredentialReport": (
        lambda connection, _: report_of(connection),
        lambda data: (list(csv.DictReader(io.StringIO(data["Content"]))), data["GeneratedTime"]),
    ),
    "GenerateCredentialReport": (
        lambda connection, _: len(iam.read_credential_report(connection)[0]),
        lambda _: 1,
    ),
}

# Recorded, and never called by a collector of this version.
NOT_CALLED = {"ListUsers", "ListGroups", "GetPolicyVersion", "SimulatePrincipalPolicy", "AttachRolePolicy"}
# Recorded as an error only, for which there is a test of its own below.
ONLY_ERRORS = {"GetLoginProfile"}

NEVER_USED = recorded({"UserName": "someone", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}})
COMPLETE = recorded({"State": "COMPLETE"})
REPORT = recorded(
    {"Content": "user,arn\n<root_account>,arn:aws:iam::644160558196:root\n", "GeneratedTime": "2026-01-01T00:00:00Z"}
)


def name_of(data: Data) -> str:
    name = data["Group"]["GroupName"]
    assert isinstance(name, str)
    return name


def report_of(connection: Connection) -> tuple[list[dict[str, str]], Any]:
    rows, generated = iam.read_credential_report(connection, sleep=lambda _: None)
    return [dict(row) for row in rows.values()], generated


def operation_of(path: Path) -> str:
    return path.name.removeprefix("iam.").rpartition("_")[0]


def readable() -> list[Path]:
    """The recorded replies that a reader is to give a value for."""
    return [path for path in replies() if operation_of(path) in READERS and "Error" not in load(path)["data"]]


def test_the_recordings_are_the_ones_that_these_tests_know(recordings: Path) -> None:
    operations = {operation_of(path) for path in replies()}
    assert operations == set(READERS) | NOT_CALLED | ONLY_ERRORS


NONE = pytest.param(RECORDINGS / "none" / "none.json", marks=needs(RECORDINGS))


@pytest.mark.parametrize("path", readable() or [NONE], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recorded_reply_is_read_whole_or_refused_by_name(path: Path, replay: Replay, connection: Connection) -> None:
    operation, recording = operation_of(path), load(path)
    replay.answer("GenerateCredentialReport", COMPLETE)
    replay.answer("GetCredentialReport", REPORT)
    replay.answer("GetAccessKeyLastUsed", NEVER_USED)
    replay.answer(operation, recording)
    read, expected = READERS[operation]
    problem = REFUSED.get((path.parent.name, operation))
    if problem:
        with pytest.raises(CallError, match=f"{operation} failed: MalformedReply: .*{problem}"):
            read(connection, recording["data"])
    else:
        assert read(connection, recording["data"]) == expected(recording["data"])


# What is wrong with a recording, where something is. christopher stands in this report twice; the years of the others
# were set to 2099 and 2116.
REFUSED = {
    ("test_iam_user_console_old", "GetCredentialReport"): "christopher",
    ("test_iam_user_credential_multi_delete_noop", "ListAccessKeys"): "a CreateDate in the future",
    ("test_iam_user_unused_keys_report_in_progress", "GetCredentialReport"): "a GeneratedTime in the future",
}


def made_in_2016(recording: Any) -> Any:
    """The report whose year was set to 2116, as AWS made it."""
    recording["data"]["GeneratedTime"] = "2016-11-25T14:30:42Z"
    return recording


def test_a_recorded_no_such_policy_is_an_absent_policy(
    recordings: Path, replay: Replay, connection: Connection
) -> None:
    replay.answer("GetPolicy", load(recordings / "replies/test_iam_policy_delete/iam.GetPolicy_1.json"))
    arn = "arn:aws:iam::644160558196:policy/IamCreateRoleAndCreatePolicy"
    assert iam.read_managed_policy(connection, arn) is None


def test_a_recorded_no_login_profile_is_a_user_without_password(
    recordings: Path, replay: Replay, connection: Connection
) -> None:
    path = recordings / "replies/test_iam_user_login_profile/iam.GetLoginProfile_2.json"
    replay.answer("GetLoginProfile", load(path))
    assert iam.has_password(connection, "test-user-no-console-access") is False


def test_a_report_that_is_recorded_as_absent_is_waited_for_and_then_read(
    recordings: Path, replay: Replay, connection: Connection
) -> None:
    folder = recordings / "replies/test_iam_user_unused_keys_report_in_progress"
    absent = load(recordings / "replies/test_iam_user_unused_keys/iam.GetCredentialReport_1.json")
    answers = iter([absent, absent, made_in_2016(load(folder / "iam.GetCredentialReport_2.json"))])
    replay.answer("GenerateCredentialReport", load(folder / "iam.GenerateCredentialReport_1.json"))
    replay.answer("GetCredentialReport", lambda _: next(answers))
    pauses: list[float] = []
    rows, _ = iam.read_credential_report(connection, sleep=pauses.append)
    assert set(rows) == {"<root_account>", "charmworld", "Hazmat", "kaleb", "kapilt", "rome", "syracuse", "tyre"}
    assert len(pauses) == 2


def test_a_report_that_stays_absent_is_an_error_and_not_an_empty_report(
    recordings: Path, replay: Replay, connection: Connection
) -> None:
    absent = load(recordings / "replies/test_iam_user_unused_keys/iam.GetCredentialReport_1.json")
    replay.answer("GenerateCredentialReport", COMPLETE)
    replay.answer("GetCredentialReport", absent)
    with pytest.raises(CallError, match="ReportNotPresent"):
        iam.read_credential_report(connection, sleep=lambda _: None)


def test_recorded_use_of_roots_key_and_password_is_seen(
    recordings: Path, replay: Replay, connection: Connection
) -> None:
    folder = recordings / "replies/test_iam_user_unused_keys_report_in_progress"
    replay.answer("GenerateCredentialReport", COMPLETE)
    replay.answer("GetCredentialReport", made_in_2016(load(folder / "iam.GetCredentialReport_2.json")))
    use = credential_report.parse_root_use(*iam.read_credential_report(connection))
    assert use.password_last_used is not None
    assert use.password_last_used.isoformat() == "2016-11-25T14:19:48+00:00"
    assert [moment and moment.isoformat() for moment in use.keys_last_used] == ["2015-07-04T15:09:00+00:00", None]


@pytest.mark.parametrize(
    "name", ["test_iam_user_credential_multi_delete", "test_iam_user_credential_reverse_filter_delete"]
)
def test_a_recorded_report_without_roots_row_is_refused_and_not_taken_for_a_root_that_was_never_used(
    name: str, recordings: Path, replay: Replay, connection: Connection
) -> None:
    replay.answer("GenerateCredentialReport", COMPLETE)
    replay.answer("GetCredentialReport", load(recordings / "replies" / name / "iam.GetCredentialReport_1.json"))
    rows, generated = iam.read_credential_report(connection)
    with pytest.raises(credential_report.ReportFormatError, match="no row of the root user"):
        credential_report.parse_root_use(rows, generated)
