"""Pages as a reader follows them: what is shown beneath `from an account` is what comes out of one, from top to bottom.

The blocks of a page are run in their order in one folder, over one account on loopback that has a year's drift. What
they write and what they change is there for the next; the command has `--endpoint-url` added, which nobody sees.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from koding_audit import desired
from koding_audit.cli import main
from tests.servers.moto_account import MotoAccount
from tests.test_docs import FENCED, TEXTS, arguments_in, assert_shows, said, shown
from tests.values import aws

pytestmark = pytest.mark.slow

FROM_AN_ACCOUNT = "<!-- from an account -->\n"
OFFLINE = ("why", "validate", "permissions", "history", "render", "merge", "explain", "schema", "completion", "demo")
ELSEWHERE = {"--help", "--version", "init", *OFFLINE}
"""What reaches no account, and takes no endpoint."""

FOLLOWED = {
    page: [each["body"] for each in FENCED.finditer(text) if each["mark"] == FROM_AN_ACCOUNT]
    for page, text in TEXTS.items()
    if FROM_AN_ACCOUNT in text
}


_LOCAL = r"http://127\S+( \(not AWS's own endpoint\))?"


class Screen(io.StringIO):
    """A terminal's, for both streams: what is typed is seen there too."""

    def __init__(self, typed: str) -> None:
        super().__init__()
        self.typed = iter(typed.splitlines(keepends=True))

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        line = next(self.typed, "")
        self.write(line)
        return line

    def lines(self) -> list[str]:
        """As they stay: without progress, which is written over, and with AWS's hosts in place of the local one."""
        text = re.sub(r"\r\x1b\[K[^\r\n]*(?=\r\x1b\[K)", "", self.getvalue()).replace("\r\x1b[K", "")
        text = re.sub(rf"(?<=live), at {_LOCAL}", ", at iam.amazonaws.com, sts.us-east-1.amazonaws.com", text)
        return re.sub(rf",? at {_LOCAL}", "", text).splitlines()


@pytest.fixture
def drifted(account: MotoAccount, aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> MotoAccount:
    """The guide's account after a year, seen from an empty folder."""
    iam: Any = account.iam
    iam.create_group(GroupName="Developers")
    iam.create_user(UserName="koding-user")
    for policy in ("AmazonEC2FullAccess", "AmazonS3ReadOnlyAccess"):
        iam.attach_group_policy(GroupName="Developers", PolicyArn=aws(policy))
    account.forget()
    aws_environment.setenv("NO_COLOR", "1")
    aws_environment.setenv("COLUMNS", "80")
    aws_environment.chdir(tmp_path)
    return account


def typed_in(expected: list[str]) -> str:
    """What the page shows somebody to type."""
    return "".join(f"{line.rpartition(': ')[2]}\n" for line in expected if line.startswith("Type `yes` to continue: "))


def followed(line: str, typed: str, url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    """A line of a page, as at a terminal, with an endpoint: its status, and what stays on the screen."""
    words = [os.path.expandvars(word) for word in arguments_in(line) or ()]
    assert words
    _, _, file = line.partition(" > ")
    screen, out = Screen(typed), io.StringIO()
    with monkeypatch.context() as patched:
        for name, stream in (("stdin", screen), ("stderr", screen), ("stdout", out if file else screen)):
            patched.setattr(sys, name, stream)
        offline = words[0] in ELSEWHERE and "--adopt" not in words
        status = main([*words, *([] if offline or not url else ["--endpoint-url", url])])
    if file:
        path = Path(*shlex.split(file)).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(out.getvalue(), encoding="utf-8")
    return status, screen.lines()


@pytest.mark.parametrize("page", FOLLOWED)
def test_who_follows_a_page_sees_what_it_shows(
    page: str, drifted: MotoAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = 0
    for body in FOLLOWED[page]:
        for line, expected in shown(body):
            if line == "echo $?":
                assert expected == [str(status)]
                continue
            status, seen = followed(line, typed_in(expected), drifted.url, monkeypatch)
            assert_shows(expected, seen)


def test_the_quickstart_goes_from_a_file_to_a_history_and_its_file_is_what_init_writes(tmp_path: Path) -> None:
    commands = [line for body in FOLLOWED["docs/quickstart.md"] for line, _ in shown(body)]
    assert commands[0] == "koding-audit init"
    assert commands[-1] == "koding-audit history history.db"
    (file,) = (each["body"] for each in FENCED.finditer(TEXTS["docs/quickstart.md"]) if each["kind"] == "yaml")
    states = []
    for name, text in (("shown", file), ("written", desired.starter_text())):
        (tmp_path / name).write_text(text, encoding="utf-8")
        states.append(said(desired.load_desired([str(tmp_path / name)])))
    assert states[0] == states[1]


def test_other_output_than_a_page_shows_would_be_noticed(drifted: MotoAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    followed("koding-audit init", "", drifted.url, monkeypatch)
    status, seen = followed("koding-audit scan koding-audit.yaml --fix", "no\n", drifted.url, monkeypatch)
    assert (status, drifted.writes()) == (1, [])
    with pytest.raises(AssertionError):
        assert_shows(["...", "Result   clean: nothing at or above warning"], seen)
