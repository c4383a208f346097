"""What is settled before an account is read: the file, the source, and who asks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import Terminal
from koding_audit.model.account import Account, Caller
from koding_audit.model.errors import AccessError, CallError, InputError
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.options import DesiredOptions, SourceOptions
from koding_audit.scan.session import identify_account, open_source, resolve_desired_state
from tests.values import ACCOUNT, ROOT, desired, line, snapshot

GUIDE = str(Path(__file__).parents[2] / "policies" / "koding.yaml")


# --- the file -----------------------------------------------------------------------------------


def test_a_file_that_is_named_is_the_one() -> None:
    assert [file.path for file in resolve_desired_state(DesiredOptions((GUIDE,)), must_be_named=True).files] == [GUIDE]


def test_what_reads_takes_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Developers" in resolve_desired_state(DesiredOptions()).groups
    (tmp_path / "koding-audit.yaml").write_text("version: 1\ngroups: {Ops: {}}\n", encoding="utf-8")
    assert list(resolve_desired_state(DesiredOptions()).groups) == ["Ops"]


def test_what_writes_wants_its_file_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "koding-audit.yaml").write_text("version: 1\ngroups: {Ops: {}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="needs the name of its desired state") as caught:
        resolve_desired_state(DesiredOptions(), must_be_named=True)
    assert "KODING_AUDIT_FILE" in caught.value.hint
    monkeypatch.setenv("KODING_AUDIT_FILE", GUIDE)
    assert "Developers" in resolve_desired_state(DesiredOptions(), must_be_named=True).groups


def test_a_set_that_is_asked_for_is_required() -> None:
    developers = resolve_desired_state(DesiredOptions((GUIDE,), ("route53",))).groups["Developers"]
    assert [use.name for use in developers.required] == ["stack-build", "route53"]
    with pytest.raises(InputError, match="policy set `nope` is not declared"):
        resolve_desired_state(DesiredOptions((GUIDE,), ("nope",)))


def test_waivers_are_refused_in_the_files_that_may_not_have_them(tmp_path: Path) -> None:
    waiver = 'waivers: [{rule: policy-missing, reason: x, owner: y, expires: "2099-01-31"}]\n'
    proposed, accepted = tmp_path / "proposed.yaml", tmp_path / "waivers.yaml"
    proposed.write_text(f"version: 1\ngroups: {{Ops: {{}}}}\n{waiver}", encoding="utf-8")
    accepted.write_text(f"version: 1\n{waiver.replace('missing', 'unexpected')}", encoding="utf-8")
    files = (str(proposed), str(accepted))
    assert len(resolve_desired_state(DesiredOptions(files)).waivers) == 2
    with pytest.raises(InputError, match=r"this file may not have waivers") as caught:
        resolve_desired_state(DesiredOptions(files, without_waivers=files[:1]))
    assert caught.value.location == (files[0], 3, 11)
    (tmp_path / "link.yaml").symlink_to(proposed)
    for other in (f"{tmp_path}/./proposed.yaml", f"{tmp_path}/link.yaml"):
        with pytest.raises(InputError, match=r"this file may not have waivers"):
            resolve_desired_state(DesiredOptions(files, without_waivers=(other,)))
    proposed.write_text("version: 1\ngroups: {Ops: {}}\n", encoding="utf-8")
    assert len(resolve_desired_state(DesiredOptions(files, without_waivers=files[:1])).waivers) == 1
    with pytest.raises(InputError, match="is not a desired-state file of this run"):
        resolve_desired_state(DesiredOptions((GUIDE,), without_waivers=files[:1]))


# --- the source ---------------------------------------------------------------------------------


def test_a_source_that_is_not_there_is_refused_with_those_that_are() -> None:
    with (
        pytest.raises(InputError, match="there is no source") as caught,
        open_source(SourceOptions(source="nonsense"), Terminal()),
    ):
        pass
    assert caught.value.hint == "the sources are: demo, live, snapshot"


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_DATA_PATH"])
def test_what_the_environment_says_and_is_not_obeyed_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    refused = SourceOptions(settings=Settings(endpoint_url="http://192.0.2.1"))
    with pytest.raises(InputError, match="loopback"), open_source(refused, Terminal()):
        pass
    assert f"{name} is ignored" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("profile", "environment", "told"),
    [
        ("p\x1b[31m", {"AWS_ACCESS_KEY_ID": "AKIA"}, "is ignored: --profile p\\x1b[31m takes precedence"),
        (
            "",
            {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_PROFILE": "p"},
            "AWS_ACCESS_KEY_ID takes precedence over profile p",
        ),
        ("", {"AWS_SECRET_ACCESS_KEY": "PLANTED"}, "AWS_ACCESS_KEY_ID is not set"),
        ("p", {}, ""),
        ("", {"AWS_PROFILE": "p"}, ""),
        ("", {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "PLANTED"}, ""),
    ],
)
def test_which_of_two_credentials_is_used_is_told(
    profile: str,
    environment: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    refused = SourceOptions(settings=Settings(profile, endpoint_url="http://192.0.2.1"))
    with pytest.raises(InputError), open_source(refused, Terminal()):
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
    assert identify_account(source(), "", Terminal(), pinned) == (ACCOUNT, None)
    assert identify_account(source(), "123456789012", Terminal()) == (ACCOUNT, None)
    assert identify_account(source(), "", Terminal(), desired()) == (ACCOUNT, None)


@pytest.mark.parametrize(
    ("pinned", "wanted", "told"),
    [
        ("111111111111", {}, "account 123456789012, but --account is 111111111111"),
        ("", {"account_ids": ("111111111111", "222222222222")}, "is for 111111111111, 222222222222"),
        ("", {"partition": "aws-cn"}, "partition aws, but the file is for aws-cn"),
        ("123456789012", {"account_ids": ("111111111111",)}, "is for 111111111111"),
    ],
)
def test_another_account_or_partition_is_refused_with_a_hint(pinned: str, wanted: dict[str, object], told: str) -> None:
    with pytest.raises(AccessError, match=told) as caught:
        identify_account(source(), pinned, Terminal(), desired(**wanted, account_source=line(3)))
    assert caught.value.hint
    assert caught.value.location == (None if "--account is" in told else line(3))


def test_root_is_told_first(capsys: pytest.CaptureFixture[str]) -> None:
    root = Caller(ROOT, root=True)
    assert identify_account(source(caller=root), "", Terminal()) == (ACCOUNT, root)
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
    with pytest.raises(AccessError, match=r"could not reach AWS.*no way") as caught:
        identify_account(source(error=error), "", Terminal())
    assert look in caught.value.hint


def test_credentials_that_aws_does_not_take_are_named_as_such() -> None:
    error = CallError("sts:GetCallerIdentity", "AuthFailure", "no", refused=True)
    with pytest.raises(AccessError, match=r"could not get the caller's identity.*AuthFailure") as caught:
        identify_account(source(error=error), "", Terminal())
    assert "not valid" in caught.value.hint
