"""`plan` on a saved account: what it shows, saves and prints in another form."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.io.codec.snapshot import encode_snapshot
from tests.cli.commands.accounts import READ_ONLY, WANTED, WHOLE
from tests.values import ACCOUNT, managed, own, statement

ONLY_USERS = ["--only", "user-missing", "--only", "group-missing", "--only", "membership-missing"]
BOUNDED = replace(
    WHOLE,
    listed=frozenset({"user"}),
    policies=managed(READ_ONLY, own("edge")),
    documents={READ_ONLY: statement("iam:Get*"), own("edge"): statement("s3:*")},
)


def test_a_plan_is_shown_and_saved(
    wanted: str, saved_account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "change.plan"
    assert main(["plan", wanted, "--source", saved_account, "--only", "policy-missing", "--out", str(out)]) == 0
    saved = json.loads(out.read_text(encoding="utf-8"))
    assert [step["action"] for step in saved["steps"]] == ["AttachGroupPolicy"]
    printed = capsys.readouterr().err
    assert "+ AttachGroupPolicy   IAMReadOnlyAccess to group Developers" in printed
    assert f"Saved to {out}" in printed


def test_the_errors_that_a_plan_does_not_fix_are_counted_with_their_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = "{Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '*'}}"
    wanted, saved = tmp_path / "own.yaml", tmp_path / "saved.json"
    wanted.write_text(
        f"version: 1\npolicy_sets: {{s: {{policies: [{{name: edge, document: {document}}}]}}}}\n"
        "groups: {Developers: {required: [s]}}\n"
    )
    live = replace(WHOLE, policies=managed(own("team/edge")), policies_listed=True)
    saved.write_text(encode_snapshot(live))
    only = ["--only", "policy-missing", "--only", "policy-name-taken", "--only", "policy-document-missing"]
    main(["plan", str(wanted), "--source", f"snapshot:{saved}", *only, "--create", "--as", "terraform"])
    told = "Not in this plan: 2 errors (policy-missing, policy-name-taken); `koding-audit scan` says what to do."
    assert told in capsys.readouterr().err


def test_a_plan_of_what_could_be_seen_is_saved_and_is_2(
    wanted: str, saved_account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "change.plan"
    said = ["--only", "policy-missing", "--only", "policy-not-found"]
    assert main(["plan", wanted, "--source", saved_account, *said, "--out", str(out)]) == 2
    assert out.is_file()
    assert "the plan has only what could be read" in capsys.readouterr().err


def test_a_plan_that_a_form_can_say_as_a_whole_is_printed_and_is_0(
    wanted: str, saved_account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", wanted, "--source", saved_account, "--only", "policy-missing", "--as", "terraform"]) == 0
    printed = capsys.readouterr()
    assert 'resource "aws_iam_group_policy_attachment" "Developers_IAMReadOnlyAccess" {' in printed.out
    assert "error" not in printed.err


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("terraform", '  permissions_boundary = "arn:aws:iam::123456789012:policy/edge"\n'),
        ("cloudformation", '      PermissionsBoundary: "arn:aws:iam::123456789012:policy/edge"\n'),
        ("aws-cli", "create-user --user-name=eve --permissions-boundary=arn:aws:iam::123456789012:policy/edge\n"),
    ],
)
def test_a_missing_user_is_printed_for_another_tool_with_its_boundary_and_its_groups(
    form: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, saved = tmp_path / "wanted.yaml", tmp_path / "saved.json"
    file.write_text(WANTED + "users:\n  eve: {boundary: 'customer:edge', groups: [Developers]}\n", encoding="utf-8")
    saved.write_text(encode_snapshot(BOUNDED), encoding="utf-8")
    words = [str(file), "--source", f"snapshot:{saved}", "--create", *ONLY_USERS]
    assert main(["plan", *words, "--as", form]) == 0
    printed = capsys.readouterr()
    assert said in printed.out
    assert f"membership-missing/{ACCOUNT.arn('user', 'eve')}/Developers" in printed.out
    assert "+ CreateUser          user eve with boundary customer:edge" in printed.err
    out = str(tmp_path / "change.plan")
    assert main(["plan", *words, "--out", out]) == 0
    assert json.loads(Path(out).read_text(encoding="utf-8"))["steps"] == [], "this tool writes no boundary"


def test_a_step_that_a_form_cannot_say_is_told_and_is_2(
    wanted: str, saved_account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["--only", "policy-missing", "--as", "cloudformation", "--quiet"]
    assert main(["plan", wanted, "--source", saved_account, *said]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(
        "error: --as cloudformation leaves out AttachGroupPolicy IAMReadOnlyAccess to group Developers: "
    )
    assert printed.err.endswith("; use --as aws-cli, which prints it as a command\n")
    assert f"# Not here: policy-missing/{ACCOUNT.arn('group', 'Developers')}/{READ_ONLY}\n" in printed.out


@pytest.mark.parametrize("command", [["plan", "wanted.yaml"], ["snapshot"]], ids=lambda command: command[0])
def test_a_file_that_is_there_is_refused_before_anything_is_read(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "there"
    out.write_text("old")
    assert main([*command, "--source", "snapshot:nowhere", "--out", str(out)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert out.read_text() == "old"
