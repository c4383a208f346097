"""The commands on saved accounts: statuses, reports and files, without a server and without AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from koding_audit import plugins
from koding_audit.cli import main
from koding_audit.cli.commands import demo
from koding_audit.io.codec.journal import journal_header, journal_line
from koding_audit.io.codec.plan import encode_plan
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.account import Caller
from koding_audit.model.errors import RefusedError
from koding_audit.model.finding import Action, Verb
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Basis, Entry, Plan
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Snapshot
from koding_audit.remediation.fix import refuse_root
from tests.unmeasured import told_by
from tests.values import (
    ACCOUNT,
    NOW,
    ROOT,
    aws,
    journal_of,
    live_group,
    live_user,
    managed,
    root_use,
    snapshot,
    statement,
)

WANTED = """\
version: 1
policy_sets:
  build: {policies: [IAMReadOnlyAccess]}
  dns: {policies: [AmazonRoute53FullAccess, AmazonRoute53DomainsFullAccess]}
groups:
  Developers: {required: [build], optional: [dns], members: [ada]}
"""
READ_ONLY = aws("IAMReadOnlyAccess")
WHOLE = snapshot(
    live_group("Developers", attached=[READ_ONLY]),
    live_user("ada", groups=["Developers"]),
    caller=Caller("arn:aws:iam::123456789012:user/auditor", root=False),
    summary={"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1},
    root_use=root_use(),
    policies={},
)
HALF = replace(
    WHOLE,
    principals={
        **WHOLE.principals,
        ("group", "developers"): live_group("Developers", attached=[READ_ONLY, aws("AmazonRoute53FullAccess")]),
    },
)


@pytest.fixture
def wanted(tmp_path: Path) -> str:
    path = tmp_path / "wanted.yaml"
    path.write_text(WANTED, encoding="utf-8")
    return str(path)


@pytest.fixture
def scan(tmp_path: Path, wanted: str) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs `scan` on an account; gives its status and its JSON report."""

    def run(account: Snapshot, *said: str) -> tuple[int, dict[str, Any]]:
        saved, report = tmp_path / "account.json", tmp_path / "report.json"
        saved.write_text(encode_snapshot(account), encoding="utf-8")
        every = ["--skip", "policy-not-found", "--skip", "quota-exceeded"]
        status = main(["scan", wanted, "--source", f"snapshot:{saved}", "--output", f"json:{report}", *every, *said])
        return status, json.loads(report.read_text(encoding="utf-8"))

    return run


# --- scan ---------------------------------------------------------------------------------------


def test_a_scan_of_what_is_right_loads_nothing_that_it_does_not_use(tmp_path: Path, wanted: str) -> None:
    saved = tmp_path / "account.json"
    saved.write_text(encode_snapshot(WHOLE), encoding="utf-8")
    said = ["scan", wanted, "--source", f"snapshot:{saved}", "--skip", "policy-not-found", "--skip", "quota-exceeded"]
    script = (
        "import json, sys\n"
        "from koding_audit.cli import main\n"
        f"status = main({said!r})\n"
        "print(json.dumps([status, *sys.modules]))\n"
    )
    status, *loaded = json.loads(told_by(script))
    assert status == 0
    assert not {"jsonschema", "boto3", "botocore", "sqlite3"}.intersection(loaded)
    unused = ("actions", "difference", "evaluate", "export", "guards", "history", "plan", "remediate", "stack")
    assert not {f"koding_audit.{room}" for room in unused}.intersection(loaded)


def test_a_whole_account_is_0(scan: Callable[..., Any]) -> None:
    status, report = scan(WHOLE)
    assert (status, report["status"]) == (0, "clean")


def test_one_scan_writes_every_format_and_its_saved_report_gives_the_same(
    tmp_path: Path, scan: Callable[..., Any]
) -> None:
    formats = plugins.plugin_names("report.formats")
    (tmp_path / "scanned").mkdir()
    (tmp_path / "rendered").mkdir()
    status, _ = scan(HALF, *(f"--output={each}:{tmp_path}/scanned/{each}" for each in formats))
    assert status == 1
    said = [f"--output={each}:{tmp_path}/rendered/{each}" for each in formats]
    assert main(["render", str(tmp_path / "report.json"), *said]) == 0
    for each in formats:
        assert (tmp_path / "rendered" / each).read_bytes() == (tmp_path / "scanned" / each).read_bytes()


@pytest.mark.parametrize(
    ("said", "status"), [([], 1), (["--fail-on", "error"], 0), (["--fail-on", "note"], 1), (["--exit-zero"], 0)]
)
def test_a_warning_is_1_from_the_severity_that_counts(said: list[str], status: int, scan: Callable[..., Any]) -> None:
    found, report = scan(HALF, *said)
    assert found == status
    assert [each["rule"] for each in report["audits"][0]["findings"]] == ["optional-set-incomplete"]


def test_what_was_not_read_is_2_whatever_was_said(scan: Callable[..., Any]) -> None:
    gap = Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "AccessDenied")
    account = replace(WHOLE, root_use=None, gaps=(gap,))
    assert scan(account, "--exit-zero", "--fail-on", "error")[0] == 2
    assert scan(account, "--skip", "root-used", "--skip", "root-key-used")[0] == 0


def test_with_a_set_an_optional_half_is_an_error(scan: Callable[..., Any]) -> None:
    status, report = scan(HALF, "--with", "dns", "--fail-on", "error")
    assert status == 1
    assert [each["rule"] for each in report["audits"][0]["findings"]] == ["policy-missing"]


@pytest.mark.parametrize("said", [["--with", "nope"], ["--only", "nope"], ["--account", "999999999999"]])
def test_where_no_audit_was_possible_the_report_says_why(said: list[str], scan: Callable[..., Any]) -> None:
    status, report = scan(WHOLE, *said)
    assert (status, report["status"], report["audits"]) == (2, "incomplete", [])
    assert report["errors"][0]["message"]
    assert report["errors"][0]["hint"]


@pytest.mark.parametrize(
    "said", [["--create"], ["--replace"], ["--yes"], ["--dry-run"], ["--journal", "x"]], ids=lambda said: said[0]
)
def test_how_to_write_without_anything_to_write_is_refused(
    said: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", wanted, *said]) == 2
    assert f"error: {said[0]} says how to write" in capsys.readouterr().err


def test_a_snapshot_cannot_be_repaired(wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", wanted, "--source", "snapshot:nowhere", "--fix", "--yes", "--account", "123456789012"]) == 2
    assert "a snapshot cannot be repaired" in capsys.readouterr().err


def test_nothing_is_written_with_roots_keys() -> None:
    with pytest.raises(RefusedError, match="root user") as caught:
        refuse_root(Caller(ROOT, root=True))
    assert caught.value.hint
    refuse_root(Caller("arn:aws:iam::123456789012:user/ada", root=False))
    refuse_root(None)


def test_what_another_tool_manages_is_shown_for_that_tool_and_never_offered_to_fix(
    wanted: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["scan", wanted, "--source", account, "--only", "policy-missing"]
    main(said)
    assert "To fix" in capsys.readouterr().out
    Path(wanted).write_text(WANTED.replace("members:", "managed_by: terraform, members:"), encoding="utf-8")
    assert main(said) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "terraform manages it, and --fix leaves it alone: `koding-audit plan FILE --as terraform` prints" in printed
    assert "To fix" not in printed
    assert "can be fixed" not in printed


# --- plan and apply -----------------------------------------------------------------------------


@pytest.fixture
def account(tmp_path: Path) -> str:
    path = tmp_path / "saved.json"
    lacking = replace(WHOLE.principals["group", "developers"], attached=frozenset())
    principals = {**WHOLE.principals, ("group", "developers"): lacking}
    documents = {READ_ONLY: statement("iam:Get*")}
    saved = replace(WHOLE, principals=principals, policies=managed(READ_ONLY), documents=documents)
    path.write_text(encode_snapshot(saved), encoding="utf-8")
    return f"snapshot:{path}"


def test_a_plan_is_shown_and_saved(
    wanted: str, account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "change.plan"
    assert main(["plan", wanted, "--source", account, "--only", "policy-missing", "--out", str(out)]) == 0
    saved = json.loads(out.read_text(encoding="utf-8"))
    assert [step["action"] for step in saved["steps"]] == ["AttachGroupPolicy"]
    printed = capsys.readouterr().err
    assert "+ AttachGroupPolicy   IAMReadOnlyAccess to group Developers" in printed
    assert f"Saved to {out}" in printed


def test_a_plan_of_what_could_be_seen_is_saved_and_is_2(
    wanted: str, account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "change.plan"
    said = ["--only", "policy-missing", "--only", "policy-not-found"]
    assert main(["plan", wanted, "--source", account, *said, "--out", str(out)]) == 2
    assert out.is_file()
    assert "the plan holds only what could be seen" in capsys.readouterr().err


def test_a_plan_that_a_form_can_say_as_a_whole_is_printed_and_is_0(
    wanted: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", wanted, "--source", account, "--only", "policy-missing", "--as", "terraform"]) == 0
    printed = capsys.readouterr()
    assert 'resource "aws_iam_group_policy_attachment" "Developers_IAMReadOnlyAccess" {' in printed.out
    assert "error" not in printed.err


def test_a_step_that_a_form_cannot_say_is_told_and_is_2(
    wanted: str, account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["--only", "policy-missing", "--as", "cloudformation", "--quiet"]
    assert main(["plan", wanted, "--source", account, *said]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(
        "error: --as cloudformation leaves out AttachGroupPolicy IAMReadOnlyAccess to group Developers: "
    )
    assert printed.err.endswith("; --as aws-cli says it as a command\n")
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


def saved_plan(path: Path, **basis: Any) -> list[str]:
    given = {"account": ACCOUNT, "made_at": datetime.now(timezone.utc).replace(microsecond=0), "files": ()}
    more = {"with_sets": (), "only": (), "skip": (), "create": False, "replace": False, "state": ""}
    path.write_text(encode_plan(Plan(Basis(**{**given, **more, **basis}), ())), encoding="utf-8")
    return ["apply", str(path), "--yes", "--account", "123456789012"]


@pytest.mark.parametrize("age", [timedelta(hours=25), timedelta(hours=-1)], ids=["old", "from the future"])
def test_a_plan_out_of_its_time_is_refused(
    age: timedelta, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = saved_plan(
        tmp_path / "p", made_at=(datetime.now(timezone.utc) - age).replace(microsecond=0), files=file(wanted)
    )
    assert main(said) == 2
    assert "more than 24 hours old, or from the future; make it again" in capsys.readouterr().err


def file(path: str) -> tuple[SourceFile, ...]:
    from koding_audit import desired

    return desired.load_desired([path]).files


def test_a_plan_whose_file_has_changed_is_refused(
    wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = saved_plan(tmp_path / "p", files=file(wanted))
    Path(wanted).write_text(f"{WANTED}# more\n", encoding="utf-8")
    assert main(said) == 2
    assert f"{wanted} has changed since the plan was made; make the plan again" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 1}', b"\xff", b"[1"], ids=repr)
@pytest.mark.parametrize("command", ["apply", "undo"])
def test_a_file_that_is_no_plan_or_journal_is_2_and_named(
    command: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "junk"
    path.write_bytes(content)
    assert main([command, str(path)]) == 2
    printed = capsys.readouterr().err
    assert str(path) in printed
    assert "unexpected" not in printed


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_a_plan_or_journal_that_is_not_there_is_2_and_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "nowhere"]) == 2
    assert "nowhere:1:1: error: the file cannot be read: No such file" in capsys.readouterr().err


def test_undo_wants_somebody_to_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = Entry(Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": READ_ONLY}), "done")
    path = tmp_path / "journal.jsonl"
    path.write_text(journal_of(journal_header(ACCOUNT, NOW, ()), journal_line(NOW, 0, entry)), encoding="utf-8")
    assert main(["undo", str(path)]) == 2
    assert "nobody is there to confirm" in capsys.readouterr().err
    assert main(["undo", str(path), "--yes"]) == 2
    assert "needs a pinned account" in capsys.readouterr().err


# --- snapshot, schema, demo ---------------------------------------------------------------------


def test_a_snapshot_with_gaps_is_saved_and_is_2(
    account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snapshot", "--source", account, "--out", str(tmp_path / "again.json")]) == 2
    printed = capsys.readouterr().err
    assert "could not be read" in printed
    assert "Saved account 123456789012" in printed


def test_the_schema_is_json_for_an_editor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("http://json-schema.org/draft-07")
    assert main(["schema", "guards"]) == 0
    assert set(json.loads(capsys.readouterr().out)["properties"]) == {
        "version",
        "protected",
        "forbidden",
        "max_changes",
    }


def test_the_tour_shows_what_it_runs_and_ends_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    assert "$ koding-audit scan policies/koding.yaml policies/service-users.yaml --source demo --fix --yes\n" in printed
    assert printed.count("(exit status ") == len(demo._STEPS)
    assert "That was the tour." in printed


def test_a_tour_that_does_not_go_as_it_says_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_STEPS", (("Nothing is wrong.", demo._LIMITS_FILES, (), 0),))
    assert main(["demo"]) == 2
    assert "step 1 of the tour ended with status 1, not 0" in capsys.readouterr().err
