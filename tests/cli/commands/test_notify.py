"""`notify` over real TLS: only what changed, to nobody else, and the address in no output, whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest

from koding_audit.cli import main
from koding_audit.model.report import Report
from koding_audit.report.codec import encode_report
from tests.report.formats.reports import NOW, audit, policy_missing
from tests.servers.always import Always, always, self_signed

PLANTED = "/services/T0PLANTED/B0PLANTED/planted"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:planted-topic"
PUBLISHED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
ONE, TWO = policy_missing(), policy_missing("arn:aws:iam::aws:policy/AmazonEC2FullAccess")


class Ended(NamedTuple):
    status: int
    out: str
    err: str


Notify = Callable[..., Ended]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server(certificate: Path) -> Iterator[Always]:
    with always(200, b"ok", certificate=certificate) as server:
        yield server


def save(path: Path, report: Report) -> str:
    path.write_text(encode_report(report), encoding="utf-8")
    return str(path)


@pytest.fixture
def notify(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Notify:
    """Tells of two reports, of which the newer has one finding more; nothing of the address may be in its output."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("KODING_AUDIT_NOTIFY_URL", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    before = save(tmp_path / "before.json", Report((audit(findings=(ONE,)),)))
    now = save(tmp_path / "now.json", Report((audit(findings=(ONE, TWO), taken_at=NOW + timedelta(hours=1)),)))

    def run(address: str, *said: str, to: str = "slack", report: str = now, since: str = before) -> Ended:
        if address:
            monkeypatch.setenv("KODING_AUDIT_NOTIFY_URL", address)
        status = main(["notify", report, "--since", since, "--to", to, "-v", *said])
        printed = capsys.readouterr()
        shown = (printed.out + printed.err).lower()
        assert "planted" not in shown
        assert "traceback" not in shown
        if address.startswith("https://127"):
            assert "127.0.0.1" not in shown
        return Ended(status, printed.out, printed.err)

    return run


def test_what_changed_is_told_and_only_that(notify: Notify, server: Always) -> None:
    ended = notify(server.url + PLANTED)
    assert ended == (0, "", "Sent to slack.\n")
    assert server.requests == [f"POST {PLANTED}"]
    text = json.loads(server.bodies[0])["text"]
    assert "New (1):\n- error: policy-missing: group Developers lacks AmazonEC2FullAccess" in text
    assert "IAMReadOnlyAccess" not in text
    assert server.headers[0]["Content-Type"] == "application/json"


def test_any_program_is_told_in_json(notify: Notify, server: Always) -> None:
    assert notify(f"{server.url}/hook?token=planted", to="webhook").status == 0
    assert server.requests == ["POST /hook?token=planted"]
    assert json.loads(server.bodies[0])["kind"] == "koding-audit-news"


def test_nothing_is_sent_where_nothing_changed_unless_a_heartbeat_is_wanted(
    notify: Notify, server: Always, tmp_path: Path
) -> None:
    same = save(tmp_path / "same.json", Report((audit(findings=(ONE,), taken_at=NOW + timedelta(hours=1)),)))
    assert notify(server.url + PLANTED, report=same) == (0, "", "Nothing changed: nothing was sent.\n")
    assert server.requests == []
    assert notify(server.url + PLANTED, "--heartbeat", report=same).status == 0
    assert "nothing new; findings" in json.loads(server.bodies[0])["text"]


def test_the_message_can_be_looked_at_without_an_address(notify: Notify) -> None:
    ended = notify("", "--dry-run")
    assert (ended.status, ended.err) == (0, "")
    assert "AmazonEC2FullAccess" in json.loads(ended.out)["text"]


def test_a_redirect_is_not_followed(notify: Notify, server: Always, certificate: Path) -> None:
    with always(307, b"planted", headers=[("Location", f"{server.url}{PLANTED}")], certificate=certificate) as away:
        ended = notify(away.url + PLANTED)
    assert ended.status == 2
    assert "the status of the reply is 307, a redirect, which is not followed;" in ended.err
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (404, b"no_service", "is 404: no_service;"),
        (500, b"https://planted", "status of the reply is 500;"),
        (403, b"planted", "403;"),
    ],
)
def test_a_refusal_is_told_with_its_word_but_never_with_the_address(
    status: int, said: bytes, told: str, notify: Notify, certificate: Path
) -> None:
    with always(status, said, certificate=certificate) as server:
        ended = notify(server.url + PLANTED)
    assert ended.status == 2
    assert told in ended.err
    assert "keep --since unchanged, so that the next run can send it" in ended.err


def test_a_certificate_that_nobody_vouches_for_gets_no_request(
    notify: Notify, server: Always, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = self_signed(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    ended = notify(server.url + PLANTED)
    assert ended.status == 2
    assert "the certificate of the server is not trusted" in ended.err
    assert server.requests == []


def test_a_server_that_never_answers_is_left(notify: Notify) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        ended = notify(f"https://127.0.0.1:{silent.getsockname()[1]}{PLANTED}", "--timeout", "1")
    assert ended.status == 2
    # The socket and the thread around it have the same time: either is the first to say so.
    assert re.search(r"no reply within 1 seconds|the connection timed out", ended.err)


def test_a_server_that_is_not_there_or_speaks_no_tls_is_told_without_its_name(notify: Notify) -> None:
    assert "Connection refused" in notify(f"https://127.0.0.1:1{PLANTED}").err
    assert "DNS" in notify(f"https://planted.invalid{PLANTED}").err
    with always(200) as plain:
        assert "TLS failed" in notify(plain.url.replace("http:", "https:") + PLANTED).err
        assert plain.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1/planted", "https://user:planted@127.0.0.1/", "https://127.0.0.1/#planted", "planted"),
        *("https://127.0.0.1/planted x", "file:///planted", "https:///planted", "https://127.0.0.1/planted\r\nX: 1"),
    ],
)
def test_what_is_no_https_address_is_refused_and_not_quoted(address: str, notify: Notify) -> None:
    ended = notify(address)
    assert ended.status == 2
    assert "the address to notify is not an https address; write it as https://HOST/PATH" in ended.err


# --- the address, and what else the process may hold --------------------------------------------


def test_the_address_may_be_in_a_file_that_nobody_else_can_read(notify: Notify, server: Always, tmp_path: Path) -> None:
    file = tmp_path / "address"
    file.write_text(f"{server.url}{PLANTED}\n", encoding="utf-8")
    for mode in (0o644, 0o620, 0o601):
        file.chmod(mode)
        ended = notify("", "--url-file", str(file))
        assert (ended.status, server.requests) == (2, [])
        assert (
            f"{file} has a secret, and is not private; run `chown` for your own user, and `chmod 600 {file}`"
            in ended.err
        )
    file.chmod(0o600)
    assert notify("https://127.0.0.1:1/planted", "--url-file", str(file)).status == 0
    assert server.requests == [f"POST {PLANTED}"]


def test_an_address_that_is_missing_is_an_error_also_where_nothing_changed(notify: Notify, tmp_path: Path) -> None:
    before = str(tmp_path / "before.json")
    ended = notify("", report=before)
    assert ended.status == 2
    assert "there is no address to notify; set KODING_AUDIT_NOTIFY_URL, or name a file of mode 0600" in ended.err


@pytest.mark.parametrize("to", ["slack", "webhook"])
def test_with_aws_credentials_nobody_outside_is_told(
    to: str, notify: Notify, server: Always, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    ended = notify(server.url + PLANTED, to=to)
    assert (ended.status, server.requests) == (2, [])
    assert (
        "AWS_SECRET_ACCESS_KEY is set: a process that sends messages outside must not have AWS credentials" in ended.err
    )
    assert "`env -u AWS_SECRET_ACCESS_KEY koding-audit notify ...`" in ended.err


def test_telling_slack_loads_nothing_of_aws_and_reads_no_credentials(
    notify: Notify, server: Always, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    os.mkfifo(tmp_path / ".aws" / "credentials")  # whoever opened it would hang
    script = (
        "import sys\n"
        "from koding_audit.cli import main\n"
        f"status = main(['notify', {str(tmp_path / 'now.json')!r}, '--to', 'slack', '-q'])\n"
        "print(status, [name for name in ('boto3', 'botocore', 'yaml', 'sqlite3') if name in sys.modules])\n"
    )
    environment = {"HOME": str(tmp_path), "SSL_CERT_FILE": str(certificate), "PATH": os.environ["PATH"]}
    environment["KODING_AUDIT_NOTIFY_URL"] = server.url + PLANTED
    line = [sys.executable, "-c", script]
    done = subprocess.run(
        line, env=environment, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("0 []\n", "")
    assert len(server.requests) == 1


# --- SNS ----------------------------------------------------------------------------------------


def test_a_topic_is_told_by_one_call_and_nothing_else_is_asked(notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    with always(200, PUBLISHED) as server:
        assert notify(TOPIC, "--endpoint-url", server.url, to="sns") == (0, "", "Sent to sns.\n")
    assert len(server.requests) == 1
    sent = parse_qs(server.bodies[0].decode())
    assert (sent["Action"], sent["TopicArn"]) == (["Publish"], [TOPIC])
    assert sent["Subject"] == ["koding-audit: account 123456789012: 1 new; findings"]
    assert "lacks AmazonEC2FullAccess" in sent["Message"][0]
    assert "/eu-west-1/sns/aws4_request" in server.headers[0]["Authorization"]


def test_a_topic_that_refuses_is_told_without_its_name(notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    error = f"<Error><Code>AuthorizationError</Code><Message>not on {TOPIC}</Message></Error>"
    said = f"<ErrorResponse>{error}</ErrorResponse>"
    with always(403, said.encode()) as server:
        ended = notify(TOPIC, "--endpoint-url", server.url, to="sns")
    assert ended.status == 2
    assert "sns:Publish failed: AuthorizationError: not on ****; grant its credentials sns:Publish" in ended.err


def test_what_is_no_topic_is_refused_and_so_are_options_of_sns_for_others(notify: Notify) -> None:
    assert "is not the ARN of an SNS topic" in notify("arn:aws:sqs:eu-west-1:1:planted", to="sns").err
    assert "--profile needs --to sns" in notify("https://127.0.0.1/planted", "--profile", "x").err


def test_a_report_that_is_none_is_refused_before_anything_is_sent(
    notify: Notify, server: Always, tmp_path: Path
) -> None:
    (tmp_path / "none.json").write_text("{}", encoding="utf-8")
    assert notify(server.url + PLANTED, since=str(tmp_path / "none.json")).status == 2
    assert notify(server.url + PLANTED, since=str(tmp_path / "nowhere.json")).status == 2
    assert server.requests == []


def test_an_old_report_is_told_as_that(notify: Notify, server: Always, tmp_path: Path) -> None:
    before = str(tmp_path / "before.json")
    assert notify(server.url + PLANTED, report=before).status == 0
    assert "check that the scheduled audit still runs." in json.loads(server.bodies[0])["text"]
