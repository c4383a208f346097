"""What is refused before any cluster is asked, and what is sent to its workers; see tests/endtoend/test_engines.py."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import pytest

from koding_audit.accounts.engines.dask import Cluster, PickledWork, check_cluster, prepare_worker, run_items
from koding_audit.accounts.worker import AccountJobs, AccountWork, ProcessCredentials
from koding_audit.aws.connection import connect
from koding_audit.aws.settings import Settings
from koding_audit.desired import load_desired
from koding_audit.desired.targets import TargetAccount
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import InputError
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import prepare_run
from tests.servers.replay import Replay, identity

FILE = """version: 1
targets: {all: {accounts: ["123456789012"], role: audit}}
policy_sets: {read: {policies: [ReadOnlyAccess]}}
groups: {Readers: {required: [read]}}
"""


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("tcp://scheduler.example:8786", "needs TLS, because it is not on this machine"),
        ("tcp://10.0.0.1:8786", "needs TLS, because it is not on this machine"),
        ("scheduler.example:8786", "is not an address"),
        ("http://127.0.0.1:8786", "is not an address"),
        ("tls://somebody@scheduler.example:8786", "is not an address"),
        ("tls://scheduler.example:8786", "has no certificates"),
    ],
)
def test_a_scheduler_that_anybody_could_listen_to_is_refused(address: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_cluster(Cluster(address))


def test_certificates_that_are_not_there_are_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "no.pem")
    with pytest.raises(InputError, match="certificates for the scheduler cannot be used: FileNotFoundError"):
        check_cluster(Cluster("tls://scheduler.example:8786", 0, missing, missing, missing))


@pytest.mark.parametrize("package", ["distributed", "cryptography"])
def test_without_the_extra_the_command_that_installs_it_is_told(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else usual(name))
    with pytest.raises(InputError, match=package) as caught:
        check_cluster(Cluster(count=2))
    assert caught.value.hint == "pip install 'koding-audit[dask]'"


def test_what_is_sent_to_workers_holds_no_credentials_and_does_the_same_there(
    replay: Replay, tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEPARENT")
    aws_environment.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-parent")
    aws_environment.setenv("AWS_SESSION_TOKEN", "token-of-the-parent")
    replay.answer("GetCallerIdentity", identity("123456789012", "arn:aws:iam::123456789012:user/auditor"))
    (tmp_path / "desired.yaml").write_text(FILE)
    settings = Settings(endpoint_url=replay.url)
    desired = load_desired([str(tmp_path / "desired.yaml")])
    with connect(settings) as connection:
        connection.identity()
        run = prepare_run(ScanOptions(), Terminal(quiet=True), desired)
        work = AccountWork(run, desired, ProcessCredentials(settings, connection), "aws")
        sent = pickle.dumps(PickledWork("0.0.0", pickle.dumps(work)))
    for secret in ("AKIAOFTHEPARENT", "secret-of-the-parent", "token-of-the-parent"):
        assert secret.encode() not in sent
    aws_environment.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEWORKER")
    there = pickle.loads(pickle.dumps(work))
    there.prepare()
    assert {call.key for call in replay.calls} == {"AKIAOFTHEPARENT", "AKIAOFTHEWORKER"}
    (member,) = AccountJobs([TargetAccount("123456789012", "audit", "", frozenset(["all"]))], None, "aws")
    assert "role/audit cannot be assumed" in there(member).errors[0].message


def test_a_worker_of_another_version_does_nothing() -> None:
    parcel = PickledWork("0.0.0", pickle.dumps(_Never()))
    assert "this run has 0.0.0" in prepare_worker(parcel)[0]
    with pytest.raises(InputError, match=r"this run has 0\.0\.0"):
        run_items(["a"], parcel)


class _Never:
    """Work that must not be taken out."""

    def __setstate__(self, _: Any) -> None:
        raise AssertionError

    def __getstate__(self) -> dict[str, int]:
        return {"some": 1}
