"""What is settled before an account is read: the file, the source, who asks, and whether anything may be written."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from koding_audit.aws.sources import AccountSource
from koding_audit.cli.parser import build_parser
from koding_audit.io.terminal import Terminal
from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import AccessError, AuditError, CallError, InputError, RefusedError
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.session import check_writable, identify_account, open_source, resolve_desired_state
from tests.terminal import AtTerminal
from tests.values import ACCOUNT, ROOT, desired, line, snapshot

GUIDE = str(Path(__file__).parents[2] / "policies" / "koding.yaml")


def options(*said: str, command: str = "scan") -> argparse.Namespace:
    return build_parser().parse_args([command, *said])


# --- the file -----------------------------------------------------------------------------------


def test_a_file_that_is_named_is_the_one() -> None:
    assert [file.path for file in resolve_desired_state(options(GUIDE), writes=True).files] == [GUIDE]


def test_what_reads_takes_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Developers" in resolve_desired_state(options(), writes=False).groups
    (tmp_path / "koding-audit.yaml").write_text("version: 1\ngroups: {Ops: {}}\n", encoding="utf-8")
    assert list(resolve_desired_state(options(), writes=False).groups) == ["Ops"]


def test_what_writes_wants_its_file_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "koding-audit.yaml").write_text("version: 1\ngroups: {Ops: {}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="has to name its desired state") as caught:
        resolve_desired_state(options("--fix"), writes=True)
    assert "KODING_AUDIT_FILE" in caught.value.hint
    monkeypatch.setenv("KODING_AUDIT_FILE", GUIDE)
    assert "Developers" in resolve_desired_state(options("--fix"), writes=True).groups


def test_the_demo_writes_to_nobodys_account_and_takes_a_default() -> None:
    assert resolve_desired_state(options("--fix", "--source", "demo"), writes=True).groups


def test_a_set_that_is_asked_for_is_required() -> None:
    developers = resolve_desired_state(options(GUIDE, "--with", "route53"), writes=False).groups["Developers"]
    assert [use.name for use in developers.required] == ["stack-build", "route53"]
    with pytest.raises(InputError, match="no policy set `nope`"):
        resolve_desired_state(options(GUIDE, "--with", "nope"), writes=False)


# --- the source ---------------------------------------------------------------------------------


def test_a_source_that_is_not_there_is_refused_with_those_that_are() -> None:
    with (
        pytest.raises(InputError, match="no such source") as caught,
        open_source(options("--source", "nonsense"), Terminal()),
    ):
        pass
    assert caught.value.hint == "the sources are: demo, live, snapshot"


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_DATA_PATH"])
def test_what_the_environment_says_and_is_not_obeyed_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    refused = options("--endpoint-url", "http://192.0.2.1")
    with pytest.raises(InputError, match="loopback"), open_source(refused, Terminal()):
        pass
    assert f"{name} is set, and not obeyed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "environment", "told"),
    [
        (["--profile", "p\x1b[31m"], {"AWS_ACCESS_KEY_ID": "AKIA"}, "not used: --profile p\\x1b[31m comes first"),
        (
            [],
            {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "p"},
            "AWS_ACCESS_KEY_ID is used, and not the keys of profile p",
        ),
        ([], {"AWS_SECRET_ACCESS_KEY": "PLANTED"}, "there is no AWS_ACCESS_KEY_ID beside it"),
        (["--profile", "p"], {}, ""),
        ([], {"AWS_PROFILE": "p"}, ""),
        ([], {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "PLANTED"}, ""),
    ],
)
def test_which_of_two_credentials_is_used_is_told(
    said: list[str],
    environment: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError), open_source(options("--endpoint-url", "http://192.0.2.1", *said), Terminal()):
        pass
    printed = capsys.readouterr().err
    assert told in printed if told else printed == ""
    assert "PLANTED" not in printed


# --- who asks -----------------------------------------------------------------------------------


def source(account: Account = ACCOUNT, caller: Caller | None = None, error: CallError | None = None) -> AccountSource:
    def identity() -> tuple[Account, Caller | None]:
        if error:
            raise error
        return account, caller

    def nothing(*_: object) -> Snapshot:
        return snapshot()

    return AccountSource(identity, nothing, None)


def test_the_account_is_the_one_that_is_pinned_or_any_where_none_is() -> None:
    pinned = desired(account_ids=("123456789012",), partition="aws")
    assert identify_account(source(), options(), Terminal(), pinned) == (ACCOUNT, None)
    assert identify_account(source(), options("--account", "123456789012"), Terminal()) == (ACCOUNT, None)
    assert identify_account(source(), options(), Terminal(), desired()) == (ACCOUNT, None)


@pytest.mark.parametrize(
    ("said", "wanted", "told"),
    [
        (["--account", "111111111111"], {}, "account 123456789012, and --account says 111111111111"),
        ([], {"account_ids": ("111111111111", "222222222222")}, "is for 111111111111, 222222222222"),
        ([], {"partition": "aws-cn"}, "partition aws, and the file is for aws-cn"),
        (["--account", "123456789012"], {"account_ids": ("111111111111",)}, "is for 111111111111"),
    ],
)
def test_another_account_or_partition_is_refused_with_a_hint(
    said: list[str], wanted: dict[str, object], told: str
) -> None:
    with pytest.raises(AccessError, match=told) as caught:
        identify_account(source(), options(*said), Terminal(), desired(**wanted, account_source=line(3)))
    assert caught.value.hint
    assert caught.value.location == (None if "--account says" in told else line(3))


def test_root_is_told_first(capsys: pytest.CaptureFixture[str]) -> None:
    root = Caller(ROOT, root=True)
    assert identify_account(source(caller=root), options(), Terminal()) == (ACCOUNT, root)
    assert "caller-is-root" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "look"),
    [
        ("EndpointConnection", "DNS"),
        ("ConnectTimeout", "network"),
        ("SSL", "AWS_CA_BUNDLE"),
        ("Redirect", "sign-in page"),
    ],
)
def test_an_aws_that_cannot_be_reached_is_not_blamed_on_the_credentials(code: str, look: str) -> None:
    error = CallError("sts:GetCallerIdentity", code, "no way")
    with pytest.raises(AccessError, match=r"cannot be reached.*no way") as caught:
        identify_account(source(error=error), options(), Terminal())
    assert look in caught.value.hint


def test_credentials_that_aws_does_not_take_are_named_as_such() -> None:
    error = CallError("sts:GetCallerIdentity", "AuthFailure", "no", refused=True)
    with pytest.raises(AccessError, match=r"does not say who is asking.*AuthFailure") as caught:
        identify_account(source(error=error), options(), Terminal())
    assert "no longer good" in caught.value.hint


# --- whether anything may be written ------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (["--source", "snapshot:x"], InputError, "a snapshot cannot be repaired"),
        (["--source", "snapshot:x", "--dry-run"], InputError, "a snapshot cannot be repaired"),
        (["--yes"], RefusedError, "needs a pinned account"),
        ([], InputError, "nobody is there to confirm"),
    ],
)
def test_a_write_that_nobody_can_agree_to_is_refused_before_anything_is_read(
    said: list[str], kind: type[AuditError], told: str
) -> None:
    with pytest.raises(kind, match=told) as caught:
        check_writable(options("--fix", *said), desired())
    assert caught.value.hint


@pytest.mark.parametrize(
    "allowed",
    [
        lambda: check_writable(options("--fix", "--dry-run"), desired()),
        lambda: check_writable(options("--fix", "--source", "demo"), desired()),
        lambda: check_writable(options("--fix", "--yes", "--account", "123456789012"), desired()),
        lambda: check_writable(options("--fix", "--yes"), replace(desired(), account_ids=("123456789012",))),
        lambda: check_writable(options("x", "--yes", "--account", "123456789012", command="undo")),
    ],
    ids=["dry run", "demo", "--account", "account in the file", "undo"],
)
def test_a_write_that_can_be_agreed_to_goes_on(allowed: Callable[[], None]) -> None:
    allowed()


def test_at_a_terminal_somebody_can_be_asked(at_terminal: AtTerminal) -> None:
    at_terminal()
    check_writable(options("--fix"), desired())
