"""The command `diff`: where documents come from, what it says of them, and its status."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from koding_audit.io.codec.snapshot import encode_snapshot
from tests.servers.moto_account import MotoAccount
from tests.values import own, snapshot

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
WRITE = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*"}
IN_EUROPE = READ | {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}

Write = Callable[..., str]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """Writes a file; gives its path."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def test_what_is_gained_and_lost_is_told_with_a_resource_and_a_condition(
    file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = file("old.json", policy(READ)), file("new.json", policy(IN_EUROPE, WRITE))
    assert main(["diff", old, new]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{new} allows what {old} did not:",
        "  s3:PutObject on arn:aws:s3:::logs/*",
        f"{new} no longer allows:",
        "  s3:GetObject on arn:aws:s3:::logs/*, when not (aws:requestedregion StringEquals eu-west-1)",
    ]


def test_the_other_way_round_gained_is_lost(file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = file("old.json", policy(READ)), file("new.json", policy(READ, WRITE))
    answers = []
    for said in ([old, new], [new, old]):
        assert main(["diff", *said, "--output", "json"]) == 1
        answers.append(json.loads(capsys.readouterr().out))
    change = {"action": "s3:PutObject", "resource": "arn:aws:s3:::logs/*", "condition": "", "principal": ""}
    rest = {"version": 1, "verdict": "different", "forbidden": [], "released": [], "why": ""}
    assert answers == [rest | {"gained": [change], "lost": []}, rest | {"gained": [], "lost": [change]}]


def test_an_explicit_deny_of_what_neither_allows_is_told_apart(file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = file("old.json", policy(READ)), file("new.json", policy(READ, WRITE | {"Effect": "Deny"}))
    assert main(["diff", old, new]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "It denies explicitly, which matters only beside other policies:",
        "  s3:PutObject on arn:aws:s3:::logs/*",
    ]
    assert main(["diff", new, old]) == 1
    assert capsys.readouterr().out.startswith("It no longer denies explicitly")


def test_another_text_of_the_same_meaning_is_no_difference(file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    both = READ | {"Action": ["s3:PutObject", "s3:GetObject"]}
    old, new = file("old.json", policy(READ, WRITE)), file("new.json", policy(both))
    assert main(["diff", old, new]) == 0
    assert capsys.readouterr().out == "No difference in meaning: the text differs, what it allows does not.\n"
    assert main(["diff", old, old]) == 0
    assert capsys.readouterr().out == "No difference.\n"


def test_what_is_not_decided_is_neither_equal_nor_different(file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    many = [f"*{letter}*" for letter in "abcdefghijklmnopqrst"]
    old = file("old.json", policy(READ | {"Resource": [f"arn:aws:s3:::{each}" for each in many]}))
    new = file("new.json", policy(READ | {"Resource": [f"arn:aws:s3:::{each}x" for each in many]}))
    assert main(["diff", old, new, "--output", "json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["gained"], answer["lost"]) == ("undecided", [], [])
    assert main(["diff", old, new]) == 2
    assert capsys.readouterr().out == f"Not decided: {answer['why']}\n"


def test_hostile_text_is_inert(file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = file("old.json", policy(READ)), file("new.json", policy(READ, WRITE | {"Resource": "\x1b[2J\u202eevil"}))
    assert main(["diff", old, new]) == 1
    assert "s3:PutObject on \\x1b[2J\\u202eevil" in capsys.readouterr().out
    assert main(["diff", old, new, "--output", "json"]) == 1
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert "\x1b" not in shown
    assert json.loads(shown)["gained"][0]["resource"] == "\x1b[2J\u202eevil"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[]", "must be an object"),
        ('{"Version": "2012-10-17"}', "Statement: missing"),
        (policy(READ | {"Effect": "Perhaps"}), "Statement[0].Effect"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_document_that_iam_would_not_take_is_refused(
    text: str, says: str, file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    old, bad = file("old.json", policy(READ)), file("bad.json", text)
    assert main(["diff", old, bad]) == 2
    shown = capsys.readouterr()
    assert (shown.out, bad in shown.err, says in shown.err) == ("", True, True)


def test_what_cannot_be_read_is_refused(file: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = file("old.json", policy(READ))
    (tmp_path / "latin").write_bytes(b"\xff")
    for said, says in (
        (str(tmp_path / "none.json"), "none.json:1:1: error: the file cannot be read: No such file"),
        (str(tmp_path), "this is a directory"),
        (str(tmp_path / "latin"), "is not UTF-8"),
        ("snapshot:account.json", "does not name a document of the snapshot"),
        ("arn:aws:iam::123456789012:role/x", "this is not the ARN of a managed policy"),
    ):
        assert main(["diff", old, said]) == 2
        assert says in capsys.readouterr().err


def test_documents_of_a_snapshot_are_compared_by_name(file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    documents = {own("team"): policy(READ), "user/ada/extra": policy(WRITE), "group/Some/x": policy(READ)}
    # The mark that parts file and name may stand in the file's own name.
    saved = file("account#1.json", encode_snapshot(replace(snapshot(), documents=documents)))
    same = file("same.json", policy(READ))
    assert main(["diff", f"snapshot:{saved}#{own('team')}", same]) == 0
    assert main(["diff", f"snapshot:{saved}#group/Some/x", same]) == 0
    assert main(["diff", f"snapshot:{saved}#user/ada/extra", same]) == 1
    capsys.readouterr()
    assert main(["diff", f"snapshot:{saved}#user/ada/other", same]) == 2
    assert "there is no document user/ada/other among its 3 documents" in capsys.readouterr().err


def test_versions_of_a_live_policy_are_compared(
    account: MotoAccount,
    aws_environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = account.iam.create_policy(PolicyName="team@work", PolicyDocument=policy(READ))["Policy"]["Arn"]
    account.iam.create_policy_version(PolicyArn=made, PolicyDocument=policy(READ, WRITE), SetAsDefault=True)
    account.forget()
    live = ["--endpoint-url", account.url]
    assert main(["diff", f"{made}@v1", made, "--output", "json", *live]) == 1
    assert [each["action"] for each in json.loads(capsys.readouterr().out)["gained"]] == ["s3:PutObject"]
    called = [call.action for call in account.calls() if call.service == "iam"]
    assert called == ["GetPolicyVersion", "GetPolicy", "GetPolicyVersion"]
    assert main(["diff", f"{made}@v2", made, *live]) == 0
    assert main(["diff", f"{made}@v9", made, *live]) == 2
    assert "iam:GetPolicyVersion failed: NoSuchEntity" in capsys.readouterr().err
    assert main(["diff", made, made, "--account", "999999999999", *live]) == 2
    assert "--account is 999999999999" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_before_aws_is_asked(
    account: MotoAccount,
    aws_environment: pytest.MonkeyPatch,
) -> None:
    account.forget()
    assert main(["diff", own("team"), "none.json", "--endpoint-url", account.url]) == 2
    assert account.calls() == []
