"""A plan as Terraform: python-hcl2 reads it, and what the provider would then call is the plan."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hypothesis import given, settings

from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Plan
from koding_audit.model.verb import Verb
from koding_audit.remediation.export.terraform import export
from tests.remediation.export.plans import DOCUMENT, TAKEN_AWAY, everything, plan, plans, told
from tests.values import ACCOUNT, aws, own

OPTIONS = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False)
KINDS = ("group", "user", "role")


def read(text: str) -> Any:
    """Strings keep their quotes, and what is no string is `${...}`: nothing that is only text can look like code."""
    return hcl2.loads(text, serialization_options=OPTIONS)


def resources(text: str) -> dict[str, Any]:
    """The arguments of each resource by its address."""
    each = [
        (type_, label, args)
        for block in read(text).get("resource", [])
        for type_, of in block.items()
        for label, args in of.items()
    ]
    found = {f"{string(type_)}.{string(label)}": args for type_, label, args in each}
    assert len(found) == len(each), "two resources have one address"
    return found


def value(said: Any, known: dict[str, Any]) -> Any:
    """What an expression comes to."""
    if isinstance(said, dict):
        return {string(key) if key[0] == '"' else key: value(each, known) for key, each in said.items()}
    if isinstance(said, list):
        return [value(each, known) for each in said]
    if not isinstance(said, str):
        return said
    if call := re.fullmatch(r"\$\{jsonencode\((.*)\)\}", said, re.DOTALL):
        return value(read(f"x = {call[1]}\n")["x"], known)
    if reference := re.fullmatch(r"\$\{(aws_iam_[a-z_]+\.[A-Za-z_][\w-]*)\.(name|arn)\}", said):
        args = known[reference[1]]
        name = value(args["name"], known)
        return name if reference[2] == "name" else ACCOUNT.policy_arn(name, value(args.get("path", "/"), known))
    if number := re.fullmatch(r"\$\{(-\d+)\}", said):
        return int(number[1])
    return string(said) if said[0] == '"' else said  # the name of an argument, as in `ignore_changes`


def string(said: str) -> str:
    """What a quoted template without interpolations says, by the specification of HCL's syntax."""
    assert said[0] == said[-1] == '"'
    parts = re.findall(r"\\u(.{4})|\\U(.{8})|\\(.)|(\$\$|%%)(?=\{)|([^\\])", said[1:-1], re.DOTALL)
    return "".join(_part(*each) for each in parts)


def _part(short: str, long: str, escaped: str, doubled: str, plain: str) -> str:
    if short or long:
        return chr(int(short or long, 16))
    return {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}[escaped] if escaped else doubled[:1] or plain


def calls(text: str) -> Iterator[tuple[str, Any]]:
    """What the provider calls for each resource: one that is imported is changed, any other made."""
    known = resources(text)
    imported = {each["to"][2:-1]: value(each["id"], {}) for each in read(text).get("import", [])}
    for address, args in known.items():
        yield call(address.partition(".")[0], value(args, known), imported.pop(address, ""))
    assert not imported


def call(type_: str, args: dict[str, Any], there: str) -> tuple[str, Any]:
    kind = next((each for each in KINDS if each in args), "")
    named = {f"{kind.title()}Name": args.get(kind)}
    if type_ == "aws_iam_user_group_membership":
        (group,) = args["groups"]
        return "AddUserToGroup", {"GroupName": group, "UserName": args["user"]}
    if type_.endswith("_policy_attachment"):
        return f"Attach{kind.title()}Policy", {**named, "PolicyArn": args["policy_arn"]}
    if type_ != "aws_iam_policy" and type_.endswith("_policy"):
        assert there in ("", f"{args[kind]}:{args['name']}")
        return f"Put{kind.title()}Policy", {**named, "PolicyName": args["name"], "PolicyDocument": args["policy"]}
    document = {"PolicyDocument": args["policy"]} if "policy" in args else {}
    if there:
        assert there == ACCOUNT.policy_arn(args["name"], args["path"])
        assert args["lifecycle"] == [{"ignore_changes": ["description", "tags", "tags_all"]}]
        return "CreatePolicyVersion", {"PolicyArn": there, **document, "SetAsDefault": True}
    kind = type_.removeprefix("aws_iam_").title()
    path = {"Path": args["path"]} if "path" in args else {}
    tags = {"Tags": [{"Key": key, "Value": each} for key, each in args["tags"].items()]} if "tags" in args else {}
    arn = args.get("permissions_boundary")
    boundary = {"PermissionsBoundary": arn} if arn else {}
    return f"Create{kind}", {f"{kind}Name": args["name"], **path, **boundary, **tags, **document}


@given(plans())
@settings(max_examples=30)
def test_a_plan_of_any_names_and_documents_is_read_as_what_it_was(made: Plan) -> None:
    found = export(made)
    assert [*calls(found.text)] == told(step.action for step in made.steps if step.action not in TAKEN_AWAY)
    assert tuple(each.step.action for each in found.left_out_steps) == TAKEN_AWAY


def test_an_inline_policy_that_is_there_is_imported_and_one_that_is_not_is_made() -> None:
    put = Action(Verb.PUT_USER_POLICY, {"UserName": "ada", "PolicyName": "note", "PolicyDocument": DOCUMENT})
    (block,) = read(export(plan(put, change="replace")).text)["import"]
    assert block == {"to": "${aws_iam_user_policy.ada_note}", "id": '"ada:note"'}
    assert "import" not in read(export(plan(put)).text)
    assert [*calls(export(plan(put, change="replace")).text)] == told([put])


def test_the_resources_are_those_that_leave_alone_what_they_do_not_name() -> None:
    types = {address.partition(".")[0] for address in resources(export(everything()).text)}
    assert types == {
        "aws_iam_group",
        "aws_iam_group_policy_attachment",
        "aws_iam_policy",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_iam_user",
        "aws_iam_user_group_membership",
        "aws_iam_user_policy_attachment",
    }


def test_what_the_plan_makes_is_referred_to_so_that_terraform_makes_it_first() -> None:
    found = resources(export(everything()).text)
    assert found["aws_iam_user_group_membership.ada_Dev_Ops_05d02183"] == {
        "user": "${aws_iam_user.ada.name}",
        "groups": ["${aws_iam_group.Dev_Ops_551bd372.name}"],
    }
    assert (
        found["aws_iam_user_policy_attachment.koding-user_logs_2b5a56ab"]["policy_arn"] == "${aws_iam_policy.logs.arn}"
    )
    assert found["aws_iam_user.eve"]["permissions_boundary"] == "${aws_iam_policy.logs.arn}"


def test_labels_depend_on_names_alone_and_tell_every_two_apart() -> None:
    pairs = [("a_b", "c"), ("a", "b_c"), ("a", "b-c"), ("a+b", "c"), ("a.b", "c"), ("1", "2"), ("A", "b-c"), ("+", "+")]
    arns = [*map(aws, ("X", "job-function/X", "service-role/X")), own("X"), own("a/X")]
    actions = [Action(Verb.ATTACH_USER_POLICY, {"UserName": "u", "PolicyArn": arn}) for arn in arns]
    actions += [Action(Verb.ADD_USER_TO_GROUP, {"UserName": user, "GroupName": group}) for user, group in pairs]
    together = {*resources(export(plan(*actions)).text)}
    assert together == {address for each in actions for address in resources(export(plan(each)).text)}
    assert len(together) == len(actions)
    assert all(re.fullmatch(r"aws_iam_\w+\.[A-Za-z_][A-Za-z0-9_-]*", address) for address in together)
    assert "aws_iam_user_policy_attachment.u_X" in together


def test_another_account_is_refused_before_anything_is_made() -> None:
    ((data),) = read(export(plan()).text)["data"]
    (lifecycle,) = data['"aws_caller_identity"'][f'"account_{ACCOUNT.id}"']["lifecycle"]
    (check,) = lifecycle["postcondition"]
    assert ACCOUNT.id in check["condition"]
    assert "==" in check["condition"]


def test_the_head_counts_what_terraform_plan_will_count() -> None:
    head = export(everything()).text.split("\n\n")[0]
    assert "\n# alone it shows 1 to import, 12 to add, 1 to change, 0 to destroy." in head
    assert all(line.startswith("# ") for line in head.splitlines())


@pytest.mark.parametrize(
    "verb", [each for each in Verb if each.value.startswith(("Detach", "Remove", "Delete", "Set"))]
)
def test_what_terraform_cannot_do_is_told_in_comments_and_left_out(verb: Verb) -> None:
    action = Action(
        verb, {"GroupName": "g", "UserName": "u", "RoleName": "r", "PolicyArn": aws("X"), "PolicyName": "p"}
    )
    found = export(plan(action))
    assert [each.step.action for each in found.left_out_steps] == [action]
    assert f"\n# Not here: rule/\\x0a{verb.value}\n# Why: {found.left_out_steps[0].reason}.\n" in found.text
    assert "resource" not in read(found.text)


def test_a_version_that_is_put_in_force_is_told_as_what_terraform_cannot_do() -> None:
    found = export(plan(Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": own("mine"), "VersionId": "v1"})))
    (left,) = found.left_out_steps
    assert left.reason == "Terraform cannot put an existing version of a policy in force"


@pytest.mark.parametrize(("text", "why"), [("e\u0301", "other characters"), ("\ud800", "half of a surrogate pair")])
def test_a_text_that_terraform_would_change_is_refused(text: str, why: str) -> None:
    document = json.dumps({"Statement": [{"Sid": text}]})
    action = Action(Verb.PUT_USER_POLICY, {"UserName": "ada", "PolicyName": "note", "PolicyDocument": document})
    with pytest.raises(InputError, match=why) as refused:
        export(plan(action))
    assert str(refused.value).isprintable()


def terraform(*said: str, folder: Path, typed: str = "") -> str:
    """What the program says, where it is installed; it needs no provider for this."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    words = ["terraform", *said]
    done = subprocess.run(
        words, cwd=folder, input=typed, capture_output=True, text=True, check=True, env=environment, timeout=60
    )
    return done.stdout


def test_terraform_itself_would_not_write_it_otherwise(tmp_path: Path) -> None:
    (tmp_path / "change.tf").write_text(export(everything()).text, encoding="utf-8")
    assert terraform("fmt", "-check", "-diff", folder=tmp_path) == ""


def test_terraform_itself_reads_hostile_documents_as_they_were(tmp_path: Path) -> None:
    texts = [
        "${x}",
        "$${x}",
        "$$${x",
        "%{if}",
        "%%{",
        "\\${",
        '"${"',
        "\n\r\t",
        "\x00\u2028",
        "\U0001f600",
        "for",
        "$",
        "{%",
    ]
    document = {**dict.fromkeys(texts, texts), "Null": [None, True, -1.5, 12345678901234567890, {}, []]}
    action = Action(
        Verb.PUT_USER_POLICY, {"UserName": "ada", "PolicyName": "note", "PolicyDocument": json.dumps(document)}
    )
    expression = export(plan(action)).text.partition("policy = ")[2].rpartition("\n}\n")[0]
    (tmp_path / "main.tf").write_text(f"locals {{\n  said = {expression}\n}}\n", encoding="utf-8")
    said = terraform("console", folder=tmp_path, typed="base64encode(local.said)\n")
    assert json.loads(base64.b64decode(said.strip().strip('"'))) == document
