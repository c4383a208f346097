"""An account, files and arguments whose every free text is hostile: what is printed is inert, and no crash."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings

from koding_audit import plugins
from koding_audit.cli import main
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.finding import Action
from koding_audit.model.location import Location
from koding_audit.model.plan import Basis, Entry, Plan, Step
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Problem
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.write import outcome_lines, plan_lines
from tests.endtoend.harness import ACCOUNT, Command
from tests.report.formats.test_hostile import NASTY, TEXTS
from tests.servers.moto_account import MotoAccount
from tests.values import ACCOUNT as VALUE
from tests.values import NOW, live_group, live_role, live_user, snapshot

FILE = """version: 1
policy_sets: {read: {policies: [IAMReadOnlyAccess]}}
groups:
  Developers: {required: [read], members: [koding-user], exclusive: true}
users:
  koding-user:
    exclusive: true
    inline: {own: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}
closed: {users: true, groups: true}
"""


def is_inert(text: str, end: str = "\n") -> None:
    text.encode("utf-8")
    for line in text.split(end):
        assert escape(line) == line, line


def ran(*arguments: str) -> tuple[int, str]:
    """The status of a command in this process, and all that it printed; it is inert, and no crash."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(arguments))
    is_inert(out.getvalue(), "\r\n" if "csv" in arguments else "\n")  # as RFC 4180 ends its lines
    is_inert(err.getvalue())
    assert "this is a bug" not in err.getvalue(), err.getvalue()
    return status, out.getvalue() + err.getvalue()


def policy(text: str, effect: str = "Allow") -> str:
    """A document with the text wherever IAM does not look."""
    statement = {
        "Sid": text,
        "Effect": effect,
        "Action": ["s3:GetObject", f"s3:{text}"],
        "Resource": ["*", f"arn:aws:s3:::{text}/*"],
        "Condition": {"StringLike": {f"aws:PrincipalTag/{text}": [text, f"{text}*"]}, text: {text: text}},
    }
    return json.dumps({"Version": "2012-10-17", "Id": text, "Statement": [statement]})


def account_of(text: str) -> Snapshot:
    """A saved account with the text in every name that the desired state does not give."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{text}"
    people = (
        live_user(
            inline=["own", text], attached=[arn], groups=["Developers", text], path=f"/{text}/", tags={text: text}
        ),
        live_user(f"other{text}", inline=[text], attached=[arn], groups=[text], path=f"/{text}/"),
        live_group(inline=[text], attached=[arn], members=["koding-user", text], path=f"/{text}/"),
        live_group(f"more{text}", attached=[arn], members=[text]),
        live_role(f"role{text}", attached=[arn], inline=[text]),
    )
    names = [f"{each.kind}/{each.name}/{name}" for each in people for name in each.inline or ()]
    documents = {name: policy(text, "Deny" if name.endswith("own") else "Allow") for name in [*names, arn]}
    return snapshot(
        *people,
        documents=documents,
        listed=frozenset({"user", "group", "role"}),
        source="live",
        endpoint=text,
        account=replace(VALUE, alias=text),
        gaps=(Gap(Fact.SUMMARY, "iam:GetAccountSummary", text, text, text),),
    )


@pytest.mark.slow
@settings(max_examples=15)
@given(text=TEXTS)
@example(text=NASTY[0])
@example(text=NASTY[1])
def test_a_saved_account_full_of_hostile_names_is_told_inertly(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desired, saved = Path(folder, "desired.yaml"), Path(folder, "saved.json")
        desired.write_text(FILE, encoding="utf-8")
        saved.write_text(encode_snapshot(account_of(text)), encoding="utf-8")
        source = ("--source", f"snapshot:{saved}")
        for name in plugins.plugin_names("report.formats"):
            assert ran("scan", str(desired), *source, "--output", name)[0] in (1, 2)
        assert ran("can", "user/koding-user", "s3:GetObject", *source)[0] in (1, 2)
        ran("can", "--who", "s3:GetObject", *source)
        ran("diff", f"snapshot:{saved}#user/koding-user/own", f"snapshot:{saved}#group/Developers/{text}")


@settings(max_examples=8)
@given(text=TEXTS)
@example(text=NASTY[0])
def test_whatever_is_typed_or_written_is_quoted_inertly(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        case = {"id": text, "request": {"action": text, "resource": text, "principal": text}, "scps": [], "note": text}
        case |= {"identityPolicies": [policy(text)], "expected": "allowed", text or "x": text}
        cases, saved = Path(folder, "cases.jsonl"), Path(folder, "saved.json")
        saved.write_text(encode_snapshot(account_of("x")), encoding="utf-8")
        source = ("--source", f"snapshot:{saved}")
        cases.write_text(f"{json.dumps(case)}\n", encoding="utf-8")
        ran("can", "--cases", str(cases))
        cases.write_text(f"{json.dumps({'Statement': {'Effect': text, text: text}})}\n", encoding="utf-8")
        ran("diff", str(cases), str(cases))
        ran("scan", *source, "--scp", str(cases))
        typed = text.replace("\x00", "")  # which no process can be given
        for arguments in (
            ("scan", typed, *source),
            ("scan", f"--source={typed}"),
            ("scan", f"--source=snapshot:{typed}"),
            ("scan", f"--output={typed}", *source),
            ("scan", f"--only={typed}", *source),
            ("scan", f"--{typed}"),
            ("can", f"user/{typed}", "s3:GetObject", *source),
            ("can", "user/koding-user", typed, typed, *source),
            ("can", "user/koding-user", "s3:GetObject", typed, f"--context={typed}={typed}", *source),
            ("can", "--who", typed, *source),
            ("apply", typed),
            ("undo", typed),
            ("diff", typed, typed),
            ("diff", f"snapshot:{saved}#arn:{typed}", typed),
            ("permissions", typed),
            ("permissions", "x" * 300),
            ("snapshot", "--out", f"{folder}/{'x' * 300}/{typed}", *source),
            ("schema", typed),
            (typed,),
        ):
            ran(*arguments)


@settings(max_examples=60)
@given(text=TEXTS)
@example(text=NASTY[0])
def test_the_lines_of_a_plan_and_of_its_outcome_are_inert(text: str) -> None:
    names = {"GroupName": text, "UserName": text, "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/{text}", "Path": text}
    names |= {"PolicyName": text, "VersionId": text, "PolicyDocument": text, "RoleName": text}
    steps = tuple(Step(Action(verb, names), text, "replace", {}) for verb in Verb)
    basis = Basis(replace(VALUE, alias=text), NOW, (), (), (), (), True, True, text)
    for line in plan_lines(Plan(basis, steps), {0: text}):
        is_inert(line)
    for line in outcome_lines([Entry(each.action, "failed", text) for each in steps], len(steps)):
        is_inert(line)
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        terminal = Terminal(verbose=True)
        terminal.note(text)
        terminal.say(text)
        terminal.print_problem(Problem(text, text, Location(text, 1, 1)))
        terminal.print_traceback(ValueError(text))
    is_inert(err.getvalue())


LEGAL = "\x9b31m\x85\u202e\u2066\u200b\ufeff\u2028<script>=1|`[x](y)@all ::set-output name=x::1"
"""What may stand in XML."""


def test_a_hostile_account_is_told_inertly_by_the_real_process(
    account: MotoAccount, command: Command, tmp_path: Path
) -> None:
    """Over HTTP: escapes in conditions and resources, names, paths, tags, and errors with a text of their own."""
    iam: Any = account.iam
    hostile = NASTY[0] + NASTY[1] + LEGAL

    def policy(text: str, effect: str = "Allow") -> str:
        likes = {"StringLike": {"aws:username": [text]}}
        statement = {"Effect": effect, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{text}", "Condition": likes}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    iam.create_group(GroupName="Developers")
    iam.create_user(UserName="koding-user", Tags=[{"Key": "team", "Value": "=1+1"}])
    iam.add_user_to_group(GroupName="Developers", UserName="koding-user")
    iam.put_user_policy(UserName="koding-user", PolicyName="own", PolicyDocument=policy(hostile, "Deny"))
    iam.put_group_policy(GroupName="Developers", PolicyName="=1@x,+y", PolicyDocument=policy(hostile))
    iam.create_user(UserName="=cmd", Path="/<script>/")
    iam.create_policy(PolicyName="=x", Path='/"><b>/', PolicyDocument=policy(hostile))
    iam.attach_group_policy(GroupName="Developers", PolicyArn=f'arn:aws:iam::{ACCOUNT}:policy/"><b>/=x')
    (tmp_path / "desired.yaml").write_text(FILE, encoding="utf-8")
    account.fail("GetAccountSummary", "error", code=LEGAL, message=LEGAL)
    account.fail("GenerateCredentialReport", "error", code="AccessDenied", message=LEGAL, status=403)
    runs = [command("scan", "desired.yaml", "-v", "--output", name) for name in plugins.plugin_names("report.formats")]
    runs.append(command("can", "user/koding-user", "s3:GetObject"))
    account.fail("*", "error", code=LEGAL, message=LEGAL)
    runs.append(command("scan", "desired.yaml", "-v"))
    for each in runs:
        assert each.status in (1, 2)
        assert "this is a bug" not in each.stderr
        is_inert(each.stdout)
        is_inert(each.stderr)


@pytest.mark.parametrize("name", [b"\x1b]8;;x\x07\xff\xc2\x9b", "\u202e\u2028\n::set-output name=x::1 =<b>|`".encode()])
def test_a_hostile_file_name_is_inert_in_a_report(name: bytes, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/" + name + b".yaml"
    with open(path, "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(FILE.encode())
    saved = tmp_path / "saved.json"
    saved.write_text(encode_snapshot(account_of("x")), encoding="utf-8")
    for output in plugins.plugin_names("report.formats"):
        assert ran("scan", os.fsdecode(path), "--source", f"snapshot:{saved}", "--output", output)[0] in (1, 2)
