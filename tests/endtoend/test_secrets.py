"""Secrets are planted wherever the tool may meet one, and looked for in everything that it prints and writes.

A key's id may be shown by its last four characters. A policy's document may be where it is asked for: in a snapshot, a
plan, a comparison, and in the journal, where undo needs it; a report goes further than those.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from tests.endtoend.conftest import MANAGED
from tests.endtoend.harness import ACCOUNT, Command
from tests.servers.moto_account import MotoAccount

KEY_ID = "AKIAPLANTEDPLANTWXYZ"
SECRET = "planted+secret/0123456789abcdefghijklmno"
TOKEN = "plantedtoken" + "IQoJb3JpZ2luX2VjE" * 20
EXTERNAL = "planted-external-id"
PROXY = "planted-proxy-password"
LIVE, WANTED, TRUST = "planted-live-value", "planted-wanted-value", "planted-trust-value"
CREDENTIALS = (KEY_ID, KEY_ID[:-4], SECRET, TOKEN, TOKEN[:40], EXTERNAL, PROXY)
DOCUMENTS = (LIVE, WANTED, TRUST)

FILE = f"""version: 1
policy_sets:
  read:
    policies: [IAMReadOnlyAccess]
    actions: ["s3:GetObject", "iam:ListUsers"]
groups:
  Developers:
    required: [read]
    members: [koding-user]
    inline:
      own:
        Version: 2012-10-17
        Statement:
          Effect: Allow
          Action: s3:GetObject
          Resource: "arn:aws:s3:::logs/*"
          Condition: {{StringEquals: {{"aws:SourceVpc": {WANTED}}}}}
users:
  koding-user: {{access_keys: forbidden}}
roles:
  app:
    trust:
      Version: 2012-10-17
      Statement: {{Effect: Allow, Action: "sts:AssumeRole", Principal: {{AWS: "arn:aws:iam::{ACCOUNT}:root"}}}}
"""


def policy(action: str, value: str, **more: Any) -> str:
    condition = {"StringEquals": {"sts:ExternalId" if "Principal" in more else "aws:SourceVpc": value}}
    number = {"NumericLessThan": {"s3:max-keys": value}} if "Principal" not in more else {}
    statement = {"Effect": "Allow", "Action": action, "Condition": condition | number, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def planted(account: MotoAccount, tmp_path: Path, aws_environment: pytest.MonkeyPatch) -> MotoAccount:
    """An account that differs from the file, with secrets in its policies and in the credentials of who asks."""
    iam: Any = account.iam
    iam.create_group(GroupName="Developers")
    iam.create_user(UserName="koding-user")
    iam.add_user_to_group(GroupName="Developers", UserName="koding-user")
    iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}IAMReadOnlyAccess")
    document = policy("s3:GetObject", LIVE, Resource="arn:aws:s3:::logs/*")
    iam.put_group_policy(GroupName="Developers", PolicyName="own", PolicyDocument=document)
    trust = policy("sts:AssumeRole", TRUST, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)
    account.forget()
    (tmp_path / "desired.yaml").write_text(FILE, encoding="utf-8")
    aws_environment.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    aws_environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    aws_environment.setenv("AWS_SESSION_TOKEN", TOKEN)
    aws_environment.chdir(tmp_path)
    return account


def told(capfd: pytest.CaptureFixture[str], url: str, *arguments: str) -> tuple[int, str]:
    """The status of a command in this process, and all that it printed."""
    status = main([*arguments, "--endpoint-url", url] if url else list(arguments))
    shown = capfd.readouterr()
    return status, shown.out + shown.err


def written(folder: Path, *but: str) -> Iterator[tuple[str, str]]:
    """The name and text of each file below a folder, but for those that the test put there."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in but:
            yield path.name, path.read_text(encoding="utf-8", errors="replace")


def clean(texts: Iterable[tuple[str, str]], *secrets: str) -> None:
    for name, text in texts:
        for secret in secrets:
            assert secret not in text, f"{secret} in {name}:\n{text}"


ASKED = [
    ("scan", "desired.yaml", "--verbose"),
    ("scan", "desired.yaml", "--verbose", "--output", "json"),
    ("scan", "desired.yaml", "--fix", "--dry-run", "--create", "--replace"),
    ("can", "user/koding-user", "s3:GetObject", "--verbose"),
    ("can", "group/Developers", "s3:GetObject", "--output", "json"),
    ("can", "--who", "s3:GetObject"),
    ("can", "user/koding-user", "s3:GetObject", "--simulate"),
    ("undo", "nothing.jsonl"),
]


@pytest.mark.parametrize("arguments", ASKED, ids=" ".join)
def test_nothing_secret_is_printed(
    arguments: tuple[str, ...], planted: MotoAccount, capfd: pytest.CaptureFixture[str]
) -> None:
    planted.fail("SimulatePrincipalPolicy", "echo")
    planted.iam.create_access_key(UserName="koding-user")
    status, shown = told(capfd, planted.url, *arguments)
    assert status in (1, 2), shown
    clean([("output", shown)], *CREDENTIALS, *DOCUMENTS)
    if arguments[:2] == ("scan", "desired.yaml") and "--fix" not in arguments:
        for rule in ("inline-changed", "trust-changed", "action-not-effective", "access-key-extra"):
            assert rule in shown
        assert "aws:sourcevpc StringEquals (1 value)" in " ".join(shown.split())
        assert "sts:externalid StringEquals (1 value)" in " ".join(shown.split())


def test_a_users_key_is_shown_by_its_last_four_characters(
    planted: MotoAccount, capfd: pytest.CaptureFixture[str]
) -> None:
    made = planted.iam.create_access_key(UserName="koding-user")["AccessKey"]
    for output in ("table", "json"):
        _, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v", "--output", output)
        assert made["AccessKeyId"][-4:] in shown
        clean([("output", shown)], made["AccessKeyId"], made["SecretAccessKey"])


def test_documents_are_where_they_are_asked_for_and_credentials_nowhere(
    planted: MotoAccount, tmp_path: Path, command: Command
) -> None:
    """As processes: a snapshot, a plan, its application and what takes it back."""
    command.environment.update(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_SESSION_TOKEN=TOKEN)
    writing = ("--yes", "--account", ACCOUNT, "--verbose")
    plan = ("plan", "desired.yaml", "--replace", "--create", "--out", "change.plan", "--verbose")
    steps = [
        command("snapshot", "--out", "saved.json", "--verbose"),
        command(*plan),
        command("apply", "change.plan", *writing, "--output", "table", "--output", "json:report.json"),
    ]
    (journal,) = command.journals()
    steps.append(command("undo", str(journal), "--journal", "undo.jsonl", *writing))
    assert [each.status for each in steps] == [0, 0, 1, 0], [each.stderr for each in steps]
    clean((("output", each.stdout + each.stderr) for each in steps), *CREDENTIALS, *DOCUMENTS)
    files = dict(written(tmp_path, "desired.yaml"))
    clean(files.items(), *CREDENTIALS)
    assert WANTED in files["change.plan"]
    assert LIVE in files["saved.json"]
    assert TRUST in files["saved.json"]
    allowed = {"change.plan", "saved.json", "undo.jsonl", journal.name}
    assert {"report.json", "lock", *allowed} <= set(files)
    clean(((name, text) for name, text in files.items() if name not in allowed), *DOCUMENTS)
    clean([("change.plan", files["change.plan"])], LIVE, TRUST)


ECHOED = [
    ("GetCallerIdentity", "echo", "SignatureDoesNotMatch"),
    ("GetCallerIdentity", "echo", "ExpiredToken"),
    ("GetCallerIdentity", "mumble", ""),
    ("*", "mumble", ""),
    ("GetGroup", "echo", "AccessDenied"),
    ("GetUser", "mumble", ""),
    ("GetGroupPolicy", "echo", "InvalidClientTokenId"),
    ("DescribeOrganization", "echo", "AccessDeniedException"),
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("action", "kind", "code"), ECHOED)
def test_a_reply_that_quotes_the_request_is_told_without_the_credentials_in_it(
    action: str, kind: str, code: str, planted: MotoAccount, capfd: pytest.CaptureFixture[str]
) -> None:
    """AWS does it: the message of SignatureDoesNotMatch is the canonical request, the session token in it."""
    planted.fail(action, kind, code=code, status=403)
    status, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v", "--output", "json", "--timeout", "20")
    assert status == 2 or action == "DescribeOrganization", shown
    clean([("output", shown)], *CREDENTIALS)


def test_the_external_id_of_a_role_is_not_told(planted: MotoAccount, capfd: pytest.CaptureFixture[str]) -> None:
    role = ("--role-arn", f"arn:aws:iam::{ACCOUNT}:role/app", "--external-id", EXTERNAL)
    for kind in ("echo", "mumble", "deny"):
        planted.mend()
        planted.fail("AssumeRole", kind)
        status, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v", *role)
        assert status == 2
        assert "cannot be assumed" in shown
        clean([("output", shown)], *CREDENTIALS)
    planted.mend()
    planted.fail("GetGroup", "echo")
    status, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v", *role)
    assert status == 2
    assert "SignatureDoesNotMatch" in shown
    clean([("output", shown)], *CREDENTIALS)


KEYS = json.dumps({"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": TOKEN})
PROGRAMS = [
    f"echo '{KEYS}' >&2; exit 1",
    f"echo '{KEYS}'; exit 3",
    f"echo '{KEYS[:-2]}'",
    f"echo '[{KEYS}]'",
    f"echo '{KEYS.replace('1', '2', 1)}'",
    f"echo '{KEYS.replace('SessionToken', 'Expiration')}'",
    f"echo '{KEYS.replace('AccessKeyId', 'KeyId')}'",
    f"printf '\\377{SECRET}'",
]


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_what_a_program_prints_that_should_give_credentials_is_not_told(
    program: str,
    planted: MotoAccount,
    tmp_path: Path,
    aws_environment: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    script = tmp_path / "credentials.sh"
    script.write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    script.chmod(0o700)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {script}\n", encoding="utf-8")
    aws_environment.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        aws_environment.delenv(name)
    status, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v")
    assert status == 2
    assert "this is a bug" not in shown
    clean([("output", shown)], *CREDENTIALS)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("name", "junk"),
    [
        ("AWS_SESSION_TOKEN", "\n"),
        ("AWS_SESSION_TOKEN", "\u202e"),
        ("AWS_ACCESS_KEY_ID", "\r\nX-Evil: 1"),
        ("AWS_SECRET_ACCESS_KEY", "\x1b[31m\u202e"),
    ],
)
def test_credentials_that_no_header_can_hold_are_not_quoted(
    name: str,
    junk: str,
    planted: MotoAccount,
    aws_environment: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    known = {"AWS_SESSION_TOKEN": TOKEN, "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    aws_environment.setenv(name, known[name] + junk)
    _, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v")
    assert "this is a bug" not in shown
    clean([("output", shown)], *CREDENTIALS)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("host", ["127.0.0.1:9", "[127.0.0.1", "127.0.0.1:port", ""])
def test_the_password_of_a_proxy_is_not_told(
    host: str,
    planted: MotoAccount,
    aws_environment: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    aws_environment.setenv("HTTP_PROXY", f"http://user:{PROXY}@{host}")
    status, shown = told(capfd, planted.url, "scan", "desired.yaml", "-v", "--timeout", "20")
    assert status == 2
    assert "this is a bug" not in shown
    clean([("output", shown)], *CREDENTIALS)


CRASH = f"""
import sys
from koding_audit.cli import main
from koding_audit.cli.handlers import diff
from koding_audit.model import errors

class Reply(Exception):
    pass

def crash(*_, **__):
    secret, token = {SECRET!r}, {TOKEN!r}
    try:
        raise Reply(f"<SecretAccessKey>{{secret}}</SecretAccessKey><SessionToken>{{token}}</SessionToken>")
    except Reply as error:
        raise KeyError({KEY_ID!r} + " \\x1b[31m " + token) from error

diff.compare_documents = crash
sys.exit(main(["diff", sys.argv[1], sys.argv[1], "--verbose"]))
"""


def test_a_crash_shows_where_it_was_and_nothing_of_what_was_in_it(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(policy("s3:GetObject", LIVE, Resource="*"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path / "policy.json")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Traceback of Reply" in done.stderr
    assert "in crash" in done.stderr
    assert "unexpected KeyError: '****WXYZ" in done.stderr
    assert "\x1b" not in done.stderr
    clean([("output", done.stdout + done.stderr)], *CREDENTIALS, LIVE)


def test_the_policy_that_is_attached_is_named_and_not_quoted(
    planted: MotoAccount, capfd: pytest.CaptureFixture[str]
) -> None:
    arn = f"{MANAGED}IAMReadOnlyAccess"
    status, shown = told(capfd, planted.url, "diff", arn, arn, "-v")
    assert status == 0
    clean([("output", shown)], *CREDENTIALS)
