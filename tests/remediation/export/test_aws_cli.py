"""A plan as AWS CLI lines: each word as a shell and the CLI take it."""

from __future__ import annotations

import json
import shlex

import pytest
from botocore import xform_name

from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.remediation.export.aws_cli import aws_cli_command, export
from tests.remediation.export.plans import plan


@pytest.mark.parametrize("verb", Verb)
def test_a_call_has_the_name_that_the_cli_gives_it(verb: Verb) -> None:
    assert aws_cli_command(Action(verb, {})) == f"aws iam {xform_name(verb.value, '-')}"


@pytest.mark.parametrize(
    "value", ["-x", "--help", "a'b", 'a"$(id)`id`', "a;b|c&", "a b", "!!", "\\", "*", "~", "a=b,c", "{", "", "\u00e9"]
)
def test_a_value_is_one_word_whatever_is_in_it(value: str) -> None:
    said = aws_cli_command(Action(Verb.CREATE_USER, {"UserName": value, "Path": f"/{value}/"}))
    assert shlex.split(said) == ["aws", "iam", "create-user", f"--user-name={value}", f"--path=/{value}/"]


@pytest.mark.parametrize("value", ["file://x", "FILE://x", "fileb://x", "http://x", "https://x", "a\nb", "\x1b[2J"])
def test_what_the_cli_would_read_as_a_file_or_a_line_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="cannot be passed to the AWS CLI") as refused:
        aws_cli_command(Action(Verb.CREATE_USER, {"UserName": value}))
    assert str(refused.value).isprintable()


def test_documents_tags_and_flags_are_what_they_were() -> None:
    document = '{"Statement": [\n{"Sid": "\u202e\'$x", "Action": "s3:*"}]}'
    tags = [{"Key": "team", "Value": "it's \u2028"}]
    action = Action(
        Verb.CREATE_POLICY_VERSION,
        {"PolicyArn": "arn:x", "PolicyDocument": document, "SetAsDefault": True, "Tags": tags},
    )
    assert aws_cli_command(action).isascii()
    assert aws_cli_command(action).isprintable()
    *_, arn, told, flag, told_tags = shlex.split(aws_cli_command(action))
    assert (arn, flag) == ("--policy-arn=arn:x", "--set-as-default")
    assert json.loads(told.removeprefix("--policy-document=")) == json.loads(document)
    assert json.loads(told_tags.removeprefix("--tags=")) == tags
    assert aws_cli_command(Action(action.verb, {"SetAsDefault": False})).endswith("--no-set-as-default")


def test_a_finding_with_a_line_break_in_its_id_stays_in_its_comment() -> None:
    lines = export(plan(Action(Verb.CREATE_USER, {"UserName": "ada"}))).text.splitlines()
    comment, call = lines[-2:]
    assert comment.startswith("# rule/")
    assert comment.endswith("CreateUser")
    assert call == "aws iam create-user --user-name=ada"
