"""`can PRINCIPAL ACTION`: answered about the embedded account and a saved one, with reasons and an exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.reference.actions import load_actions
from tests.cli.questions import DETAILS, ask

FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NO_READS = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Blind", "Effect": "Deny", "Action": "iam:Get*", "Resource": "*"}],
}


def test_an_allowed_action_names_the_statement_that_allows_it(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, err = ask(capsys, "user/ada", "iam:GetUser", "--source", saved)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "allowed: user ada, iam:GetUser on *",
        "  because    statement 1 of P, group Ops: allows",
        "  not read   scp",
    ]


def test_what_no_statement_allows_is_1_and_says_what_would_change_it(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    status, out, _ = ask(capsys, "group/Ops", "s3:GetObject", "arn:aws:s3:::logs/x", "--source", saved)
    assert status == 1
    assert out.startswith("not allowed: group Ops, s3:GetObject on arn:aws:s3:::logs/x\n")
    assert "no statement allows s3:GetObject" in out
    assert "to change  allow it by a policy" in out


def test_what_aws_refuses_to_every_account_is_changed_by_no_policy(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    status, out, _ = ask(capsys, "user/ada", "iam:CreatePolicyVersion", managed, "--source", saved)
    assert (status, "to change  nothing: AWS refuses it, and no policy changes that" in out) == (1, True)


def test_a_key_that_decides_and_is_not_known_is_2_and_named(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "user/ada", "ec2:RunInstances", "--source", saved)
    assert status == 2
    assert "depends on aws:requestedregion" in out


@pytest.mark.parametrize(("region", "expected"), [("eu-west-1", 0), ("us-east-1", 1)])
def test_context_says_what_the_request_carries(
    capsys: pytest.CaptureFixture[str], saved: str, region: str, expected: int
) -> None:
    said = ["--context", f"aws:RequestedRegion={region}", "--source", saved]
    status, out, _ = ask(capsys, "user/ada", "ec2:RunInstances", *said)
    assert status == expected
    assert ("statement 1 (Regions) of inline policy guard, user ada: denies" in out) is (expected == 1)


def test_wildcards_are_every_action_there_is_and_all_have_to_be_allowed(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    status, out, _ = ask(capsys, "group/Ops", "iam:*User", "--source", saved)
    assert status == 1
    assert "allowed      iam:GetUser" in out
    assert "not allowed  iam:CreateUser" in out
    assert out.splitlines()[-1].startswith("group Ops, ")
    assert ask(capsys, "group/Ops", "iam:Get*", "--source", saved)[0] == 0


def test_strict_makes_unseen_layers_unknown(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "user/ada", "iam:GetUser", "--strict", "--source", saved)
    assert (status, "because    scp: was not read" in out) == (2, True)
    assert out.splitlines()[-1] == "  to change  give the service control policies with --scp"


def test_strict_decides_where_every_layer_that_can_apply_was_seen(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = tmp_path / "scp.json"
    path.write_text(json.dumps(FULL))
    given = ["--strict", "--source", saved, "--scp", str(path)]
    assert ask(capsys, "user/ada", "iam:GetUser", *given)[0] == 0
    # A bucket may have a policy of its own, which nobody gave.
    status, out, _ = ask(capsys, "group/Ops", "s3:GetObject", "arn:aws:s3:::logs/x", *given)
    assert (status, "because    resource: was not read" in out) == (2, True)
    hints = "give the resource control policies with --rcp; check the resource's own policy, which was not read"
    assert out.splitlines()[-1] == f"  to change  {hints}"


def test_scps_are_given_by_level_and_the_one_that_denies_is_named(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    root, unit = tmp_path / "root.json", tmp_path / "unit.json"
    root.write_text(json.dumps(FULL))
    unit.write_text(json.dumps([FULL, NO_READS]))
    asked = ["user/ada", "iam:GetUser", "--source", saved, "--scp", str(root)]
    status, out, err = ask(capsys, *asked)
    assert (status, err) == (0, "")
    assert "not seen" not in out
    status, out, _ = ask(capsys, *asked, "--scp", str(unit))
    assert status == 1
    assert f"because    statement 1 (Blind) of {unit}[1], SCP level 2: denies" in out


def test_an_rcp_is_given_in_the_same_way(capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path) -> None:
    path = tmp_path / "rcp.json"
    path.write_text(json.dumps(FULL))
    asked = ["group/Ops", "s3:GetObject", "--source", saved]
    assert "not read   rcp, resource, scp" in ask(capsys, *asked)[1]
    assert "not read   resource, scp" in ask(capsys, *asked, "--rcp", str(path))[1]
    path.write_text(json.dumps(FULL).replace('"*"', '"ec2:*"', 1))
    status, out, err = ask(capsys, *asked, "--rcp", str(path))
    assert (status, out) == (2, "")
    assert "an RCP of your own cannot allow" in err


def test_a_level_in_which_nothing_allows_is_told(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = tmp_path / "deny.json"
    path.write_text(json.dumps(NO_READS))
    status, out, err = ask(capsys, "group/Ops", "ec2:RunInstances", "--source", saved, "--scp", str(path))
    assert (status, out.partition(":")[0]) == (1, "not allowed")
    assert f"{path} allows nothing, so nothing would be allowed" in err


def test_a_file_that_is_no_policy_is_refused_with_its_place(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = tmp_path / "scp.json"
    path.write_text('{"Version": "2012-10-17",\n "Statement": [{"Effect": "No"}]}')
    status, out, err = ask(capsys, "user/ada", "iam:GetUser", "--source", saved, "--rcp", str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"{path}:2:17: error: Statement[0].Effect: must be Allow or Deny; ")


def endpoint(tmp_path: Path, *statements: dict[str, str]) -> str:
    """A file with the policy of a VPC endpoint."""
    path = tmp_path / "vpce.json"
    path.write_text(json.dumps({"Statement": [{"Principal": "*", "Resource": "*", **each} for each in statements]}))
    return str(path)


def test_the_policy_of_a_vpc_endpoint_that_does_not_allow_is_named(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = endpoint(tmp_path, {"Effect": "Allow", "Action": "sqs:*"})
    status, out, _ = ask(capsys, "user/ada", "iam:GetUser", "--source", saved, "--vpce", path)
    assert status == 1
    assert f"because    VPC endpoint policy ({path}): no statement allows iam:GetUser on *" in out


def test_the_statement_of_a_vpc_endpoint_policy_that_denies_is_named(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = endpoint(
        tmp_path, {"Effect": "Allow", "Action": "*"}, {"Sid": "Blind", "Effect": "Deny", "Action": "iam:Get*"}
    )
    status, out, _ = ask(capsys, "user/ada", "iam:GetUser", "--source", saved, "--vpce", path)
    assert status == 1
    assert f"because    statement 2 (Blind) of {path}, VPC endpoint policy: denies" in out


def test_the_policy_of_a_vpc_endpoint_that_allows_grants_nothing(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = endpoint(tmp_path, {"Effect": "Allow", "Action": "*"})
    assert ask(capsys, "user/ada", "iam:GetUser", "--source", saved, "--vpce", path)[0] == 0
    assert ask(capsys, "user/ada", "s3:GetObject", "--source", saved, "--vpce", path)[0] == 1


def test_a_vpc_endpoint_policy_without_an_allow_is_told(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = endpoint(tmp_path, {"Effect": "Deny", "Action": "s3:*"})
    status, _, err = ask(capsys, "user/ada", "iam:GetUser", "--source", saved, "--vpce", path)
    assert status == 1
    assert f"{path} allows nothing, so nothing would be allowed through that endpoint" in err


def test_a_vpc_endpoint_policy_without_a_principal_is_refused_with_its_place(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = tmp_path / "vpce.json"
    path.write_text('{"Statement": [\n {"Effect": "Allow", "Action": "*", "Resource": "*"}]}')
    status, out, err = ask(capsys, "user/ada", "iam:GetUser", "--source", saved, "--vpce", str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"{path}:2:2: error: Statement[0]: the policy of a VPC endpoint needs a Principal; ")


def test_json_holds_the_decision_with_its_reasons(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(
        capsys, "arn:aws:iam::123456789012:user/ada", "iam:GetUser", "--output", "json", "--source", saved
    )
    (decision,) = json.loads(out)["decisions"]
    assert status == 0
    assert (decision["action"], decision["verdict"], decision["not_seen"]) == (
        "iam:GetUser",
        "allowed",
        ["scp"],
    )
    assert decision["because"][0]["policy"] == "arn:aws:iam::aws:policy/P"


def test_an_action_that_does_not_exist_is_status_2_with_the_most_similar_one(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    status, out, _ = ask(capsys, "group/Ops", "iam:PasRole", "--source", saved)
    assert (status, out.splitlines()[0]) == (2, "not known: group Ops, iam:PasRole on *")
    assert "did you mean iam:PassRole?" in out


@pytest.mark.parametrize("action", ["iam:PutHologram", "quantumstore:PutHologram"])
def test_a_year_later_an_action_or_service_that_the_data_lack_is_unknown_with_the_date_of_the_data(
    capsys: pytest.CaptureFixture[str], saved: str, action: str
) -> None:
    status, out, _ = ask(capsys, "role/deploy", action, "--source", saved, "--output", "json")
    (decision,) = json.loads(out)["decisions"]
    date = load_actions().names_date
    assert (status, decision["verdict"], decision["problem"]["kind"]) == (2, "unknown", "unknown-action")
    assert f"{action} is not among AWS's actions of {date}" in decision["problem"]["message"]
    assert decision["problem"]["policies"]["verdict"] == "implicit-deny"


@pytest.mark.parametrize("resource", [[], ["arn:aws:aoss:eu-west-1:123456789012:collection/c"]])
def test_the_policies_decide_about_an_action_of_which_only_the_name_is_known(
    capsys: pytest.CaptureFixture[str], saved: str, resource: list[str]
) -> None:
    status, out, _ = ask(
        capsys, "role/deploy", "aoss:CreateIngestionJob", *resource, "--source", saved, "--output", "json"
    )
    (decision,) = json.loads(out)["decisions"]
    assert (status, decision["verdict"]) == (1, "implicit-deny")


def test_case_11_an_action_without_resource_types_on_a_queue_is_unknown_and_its_verdict_on_any_resource_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:orders"
    path = tmp_path / "details.json"
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": queue}]}
    user = {**DETAILS["UserDetailList"][0], "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": allow}]}
    path.write_text(json.dumps({**DETAILS, "UserDetailList": [user]}))
    asked = ("user/ada", "sqs:ListQueues", queue, "--source", f"snapshot:{path}")
    status, out, _ = ask(capsys, *asked)
    assert (status, out.splitlines()[:3]) == (
        2,
        [
            f"not known: user ada, sqs:ListQueues on {queue}",
            f"  because    sqs:ListQueues has no resource type: it is not used on {queue}",
            "  on *       not allowed: identity policies: no statement allows sqs:ListQueues on *; "
            "statement 1 of inline policy p, user ada: is about another resource",
        ],
    )
    status, out, _ = ask(capsys, *asked, "--output", "json")
    (decision,) = json.loads(out)["decisions"]
    assert (status, decision["verdict"]) == (2, "unknown")
    policies = decision["problem"]["policies"]
    assert (policies["resource"], policies["verdict"]) == ("*", "implicit-deny")


def test_case_11_the_form_that_aws_prints_for_a_list_action_is_decided(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    printed = ("user/ada", "sqs:ListQueues", "arn:aws:sqs:eu-west-1:123456789012:", "--source", saved)
    status, out, _ = ask(capsys, *printed)
    assert (status, out.splitlines()[0]) == (1, f"not allowed: user ada, sqs:ListQueues on {printed[2]}")


def test_case_12_an_action_on_a_resource_of_another_type_is_unknown_with_the_types_of_the_action(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    asked = ("role/deploy", "s3:GetObject", "arn:aws:s3:::logs", "--source", saved)
    status, out, _ = ask(capsys, *asked)
    assert (status, "its resource types are accesspointobject, object" in out) == (2, True)
    status, out, _ = ask(capsys, *asked, "--output", "json")
    (decision,) = json.loads(out)["decisions"]
    assert (decision["verdict"], decision["because"]) == ("unknown", [])
    assert decision["problem"] == {
        "kind": "mismatch",
        "message": "s3:GetObject is not used on arn:aws:s3:::logs: its resource types are accesspointobject, object",
        "resource_types": ["accesspointobject", "object"],
        "policies": None,
    }


def test_of_several_actions_each_that_is_not_used_on_the_resource_is_unknown(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    named = ("--action", "s3:GetObject", "--action", "s3:ListBucket")
    status, out, _ = ask(capsys, "group/Ops", "arn:aws:s3:::logs/x", *named, "--source", saved)
    assert status == 2
    assert "not allowed  s3:GetObject\nnot known    s3:ListBucket\nbecause    s3:ListBucket is not used on" in out


def test_actions_that_only_a_wildcard_matches_are_left_out_where_aws_does_not_use_them_on_the_resource(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    status, out, err = ask(capsys, "group/Ops", "s3:*", "arn:aws:s3:::logs/x", "--source", saved)
    assert (status, "s3:GetObject" in out, "s3:ListAllMyBuckets" in out) == (1, True, False)
    assert "actions are left out: AWS does not use them on arn:aws:s3:::logs/x" in err
    status, _, err = ask(capsys, "group/Ops", "ec2:*", "arn:aws:s3:::logs/x", "--source", saved)
    assert (status, "no action that ec2:* matches is used on arn:aws:s3:::logs/x" in err) == (2, True)


def test_a_document_that_was_not_saved_is_unknown_and_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "details.json"
    path.write_text(json.dumps({**DETAILS, "Policies": []}))
    status, out, err = ask(capsys, "group/Ops", "ec2:RunInstances", "--source", f"snapshot:{path}")
    assert status == 2
    assert out.startswith("not known")
    assert "policy-document of arn:aws:iam::aws:policy/P could not be read" in err
    assert out.splitlines()[-1] == "  to change  make the policies readable that standard error names"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "give either PRINCIPAL and ACTION"),
        (["user/ada"], "ACTION is missing"),
        (["user/ada", "ec2:RunInstances", "--cases", "x"], "give either PRINCIPAL and ACTION"),
        (["--cases", "x", "--scp", "x"], "--scp cannot be used with --cases: a case has its own policies"),
        (["--cases", "x", "--vpce", "x"], "--vpce cannot be used with --cases: a case has its own policies"),
        (["user/ada", "iam:GetUser", "--vpce", "x", "--vpce", "y"], "--vpce is given twice, but a call goes through"),
        (["user/ada", "iam:GetUser", "--vpce", "x", "--simulate"], "--simulate cannot be used with --vpce"),
        (["user/ada", "iam:GetUser", "--vpce", "no-such-file"], "no-such-file:1:1: error: the file cannot be read"),
        (["user/ada", "RunInstances"], "is not an action"),
        (["user/ada", "ec2:Rum*"], "no AWS action matches"),
        (["user/ada", "ec2:RunInstances", "--context", "region"], "is not KEY=VALUE"),
        (["user/bob", "ec2:RunInstances"], "there is no user bob"),
        (["robot/builder", "ec2:RunInstances"], "is not a user, group or role"),
        (["role/builder", "ec2:RunInstances"], "there is no role builder"),
        (["user/ada", "ec2:RunInstances", "--simulate"], "--simulate needs AWS"),
        (["--who", "ec2:*"], "one action, without wildcards"),
        (["--who", "RunInstances"], "is not an action"),
        (["--who", "ec2:RunInstances", "*", "more"], "--who needs only ACTION and RESOURCE"),
        (["--who", "ec2:RunInstances", "--simulate"], "--who needs only ACTION and RESOURCE"),
        (["--who", "--action", "ec2:RunInstances"], "--who needs only ACTION and RESOURCE"),
        (["--action", "ec2:RunInstances"], "with --action, give only PRINCIPAL and RESOURCE"),
        (["user/ada", "ec2:Run*", "*", "--action", "iam:GetUser"], "with --action, give only PRINCIPAL and RESOURCE"),
        (["user/ada", "ec2:RunInstances", "--action", "iam:GetUser"], "write --action iam:GetUser --action ec2:Run"),
        (["--cases", "x", "--action", "iam:GetUser"], "give either PRINCIPAL and ACTION"),
        (["user/ada", "s3:GetObject", ""], "RESOURCE is empty"),
        (["user/", "ec2:RunInstances"], "is not a user, group or role"),
        (["arn:aws:iam::999999999999:user/ada", "ec2:RunInstances"], "not of account 123456789012"),
        (
            ["arn:aws:iam::123456789012:role/deploy", "iam:GetUser"],
            "the ARN of role deploy is arn:aws:iam::123456789012",
        ),
        (["user/ada", "s3:GetObject", "arn:aws-cn:s3:::logs/x"], "arn:aws-cn:s3:::logs/x is not of partition aws"),
        (["--who", "s3:GetObject", "arn:aws-cn:s3:::logs/x"], "arn:aws-cn:s3:::logs/x is not of partition aws"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    capsys: pytest.CaptureFixture[str], saved: str, arguments: list[str], problem: str
) -> None:
    status, out, err = ask(capsys, *arguments, "--source", saved)
    assert (status, out) == (2, "")
    assert problem in err


# --- the question is checked before anything is read -------------------------------------------------


def test_two_actions_are_not_taken_for_an_action_and_its_resource(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    status, out, err = ask(capsys, "user/ada", "ec2:RunInstances", "iam:PassRole", "--source", saved)
    assert (status, out) == (2, "")
    assert err == (
        "error: iam:PassRole is not an ARN; to ask about several actions, write --action ec2:RunInstances"
        " --action iam:PassRole\n"
    )


def test_actions_with_a_comma_are_not_one_action(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, err = ask(capsys, "user/ada", "ec2:RunInstances,s3:GetObject", "--source", saved)
    assert (status, out) == (2, "")
    assert err == (
        "error: ec2:RunInstances,s3:GetObject is more than one action; write --action ec2:RunInstances"
        " --action s3:GetObject\n"
    )


@pytest.mark.parametrize(
    ("resource", "meant"),
    [("acme-logs", "arn:aws:s3:::acme-logs/*"), ("s3://acme-logs/key", "arn:aws:s3:::acme-logs/key")],
)
def test_a_resource_that_is_not_an_arn_is_refused_with_the_arn_that_was_meant(
    capsys: pytest.CaptureFixture[str], saved: str, resource: str, meant: str
) -> None:
    for question in (["user/ada", "s3:GetObject"], ["--who", "s3:GetObject"]):
        status, out, err = ask(capsys, *question, resource, "--source", saved)
        assert (status, out, err) == (2, "", f"error: {resource} is not an ARN; write '{meant}'\n")


def test_several_actions_have_one_verdict_each_and_the_worst_is_the_status(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    given = ("group/Ops", "--action", "iam:GetUser", "--action", "ec2:RunInst*", "--source", saved)
    status, out, _ = ask(capsys, *given)
    assert (status, out.splitlines()[:2]) == (0, ["allowed      iam:GetUser", "allowed      ec2:RunInstances"])
    assert ask(capsys, *given, "--action", "iam:CreateUser")[0] == 1
    assert ask(capsys, "user/ada", *given[1:], "--action", "iam:CreateUser")[0] == 2


def test_the_resource_of_several_actions_follows_the_principal(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    arn = "arn:aws:iam::123456789012:user/ada"
    status, out, _ = ask(
        capsys,
        "group/Ops",
        arn,
        "--action",
        "iam:GetUser",
        "--action",
        "iam:GetUserPolicy",
        "--output",
        "json",
        "--source",
        saved,
    )
    found = json.loads(out)["decisions"]
    assert (status, [each["resource"] for each in found]) == (0, [arn, arn])


def test_an_argument_after_an_option_is_refused_with_where_to_write_it(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    logs = "arn:aws:s3:::logs/*"
    status, out, err = ask(capsys, "user/ada", "--action", "s3:GetObject", "--source", saved, logs)
    if status != 1:  # later versions of Python accept it
        assert (status, out) == (2, "")
        assert err.startswith(f"error: unrecognized arguments: {logs}; there are too many, or they follow an option")


def test_the_embedded_account_can_be_asked_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "group/Developers", "ec2:RunInstances", "--source", "demo")[0] == 0


# --- roles ------------------------------------------------------------------------------------------


def test_a_role_is_asked_about_as_its_sessions(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "arn:aws:iam::123456789012:role/web/deploy", "iam:GetUser", "--source", saved)
    assert status == 0
    assert out.splitlines()[:2] == [
        "allowed: role deploy, iam:GetUser on *",
        "  because    statement 1 of inline policy own, role deploy: allows",
    ]


def test_how_a_roles_session_began_is_not_known(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    status, out, _ = ask(capsys, "role/deploy", "s3:GetObject", "--source", saved)
    assert status == 2
    assert "depends on aws:multifactorauthpresent" in out
    said = ("--context", "aws:MultiFactorAuthPresent=true", "--source", saved)
    assert ask(capsys, "role/deploy", "s3:GetObject", *said)[0] == 0


def test_a_role_has_no_user_name(capsys: pytest.CaptureFixture[str], saved: str) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:deploy"
    assert ask(capsys, "role/deploy", "sqs:SendMessage", queue, "--source", saved)[0] == 1


def test_a_session_as_aws_prints_it_is_decided_as_its_role_and_says_that_a_session_policy_was_not_read(
    capsys: pytest.CaptureFixture[str], saved: str
) -> None:
    session = "arn:aws:sts::123456789012:assumed-role/deploy/i-0123"
    status, out, _ = ask(capsys, session, "iam:GetUser", "--source", saved)
    assert status == 0
    assert out.splitlines() == [
        "allowed: role deploy, iam:GetUser on *",
        "  because    statement 1 of inline policy own, role deploy: allows",
        "  not read   scp, session",
        "  session    i-0123: decided as role deploy; a session policy was not read and could allow less",
    ]
    out = ask(capsys, session, "iam:Get*", "--source", saved)[1]
    assert "session      i-0123: decided as role deploy; a session policy was not read and could allow less" in out
    value = json.loads(ask(capsys, session, "iam:GetUser", "--output", "json", "--source", saved)[1])
    assert (value["principal"], value["session"]) == ("arn:aws:iam::123456789012:role/web/deploy", "i-0123")
    assert value["decisions"][0]["not_seen"] == ["scp", "session"]


def test_strict_makes_a_session_unknown_because_of_its_session_policy(
    capsys: pytest.CaptureFixture[str], saved: str, tmp_path: Path
) -> None:
    path = tmp_path / "scp.json"
    path.write_text(json.dumps(FULL))
    given = ["iam:GetUser", "--strict", "--scp", str(path), "--source", saved]
    assert ask(capsys, "role/deploy", *given)[0] == 0
    status, out, _ = ask(capsys, "arn:aws:sts::123456789012:assumed-role/deploy/i-0123", *given)
    assert (status, "because    session: was not read" in out) == (2, True)
    assert out.splitlines()[-1] == "  to change  check the session's policy, which cannot be read"


@pytest.mark.parametrize(
    ("principal", "problem"),
    [
        ("me", "`me` is not known: the source does not contain its caller"),
        ("arn:aws:iam::123456789012:root", "is the root user, about which `can` makes no decision"),
        ("root", "is the root user, about which `can` makes no decision"),
        ("arn:aws:sts::123456789012:federated-user/ada", "does not say which IAM user has its permissions"),
        ("arn:aws:sts::999999999999:assumed-role/deploy/i-0123", "is not of account 123456789012"),
        ("arn:aws:sts::123456789012:assumed-role/web/deploy/i-0123", "is not a user, group or role"),
        ("arn:aws:sts::123456789012:assumed-role/deploy", "is not a user, group or role"),
        ("arn:aws:sts::123456789012:assumed-role/gone/i-0123", "there is no role gone in account 123456789012"),
    ],
)
def test_a_principal_whose_permissions_cannot_be_decided_is_2_with_one_error(
    capsys: pytest.CaptureFixture[str], saved: str, principal: str, problem: str
) -> None:
    status, out, err = ask(capsys, principal, "iam:GetUser", "--source", saved)
    assert (status, out, err.count("error: ")) == (2, "", 1)
    assert problem in err


# --- trust policies ---------------------------------------------------------------------------------

ROLE = "arn:aws:iam::123456789012:role/web/deploy"
ADA = "arn:aws:iam::123456789012:user/ada"


def trusted(tmp_path: Path, *statements: dict[str, object], ada: object = ()) -> str:
    """The saved account, with this trust policy of role deploy and these statements for ada."""
    (role,) = DETAILS["RoleDetailList"]
    (user,) = DETAILS["UserDetailList"]
    trust = {"Version": "2012-10-17", "Statement": list(statements)}
    own = [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(ada)}}]  # type: ignore[call-overload]
    path = tmp_path / "trust.json"
    details = {
        **DETAILS,
        "UserDetailList": [{**user, "UserPolicyList": own}],
        "RoleDetailList": [{**role, "AssumeRolePolicyDocument": trust}],
    }
    path.write_text(json.dumps(details))
    return f"snapshot:{path}"


def trust_of(principal: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


def test_a_role_whose_trust_policy_names_the_user_can_be_assumed_and_the_statement_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = trusted(tmp_path, trust_of({"AWS": ADA}))
    status, out, _ = ask(capsys, "user/ada", "sts:AssumeRole", ROLE, "--source", source)
    assert status == 0
    assert out.splitlines()[1] == "  because    statement 1 of trust policy, role deploy: allows"
    assert "  not read   rcp, scp" in out.splitlines()


def test_a_trust_policy_of_the_account_delegates_so_that_an_identity_policy_has_to_allow_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    account = trust_of({"AWS": "arn:aws:iam::123456789012:root"})
    question = ("user/ada", "sts:AssumeRole", ROLE, "--source")
    assert ask(capsys, *question, trusted(tmp_path, account))[0] == 1
    assert ask(capsys, *question, trusted(tmp_path, account, ada=[ASSUME]))[0] == 0


def test_a_role_whose_trust_policy_names_others_cannot_be_assumed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = trusted(tmp_path, trust_of({"Service": "ec2.amazonaws.com"}), ada=[ASSUME])
    status, out, _ = ask(capsys, "user/ada", "sts:AssumeRole", ROLE, "--source", source)
    assert status == 1
    assert f"because    resource policy: no statement allows sts:AssumeRole on {ROLE}" in out


def test_a_condition_of_a_trust_policy_decides(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "x"}}
    source = trusted(tmp_path, trust_of({"AWS": ADA}, Condition=condition))
    question = ("user/ada", "sts:AssumeRole", ROLE, "--source", source)
    status, out, _ = ask(capsys, *question)
    assert (status, "depends on sts:externalid" in out) == (2, True)
    assert out.splitlines()[-1] == "  to change  set the request's condition keys with --context KEY=VALUE"
    assert ask(capsys, *question, "--context", "sts:ExternalId=x")[0] == 0
    assert ask(capsys, *question, "--context", "sts:ExternalId=y")[0] == 1


def test_a_trust_policy_that_names_one_session_is_unknown_for_the_role_and_decided_for_the_session(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    session = "arn:aws:sts::123456789012:assumed-role/deploy/"
    source = trusted(tmp_path, trust_of({"AWS": f"{session}ci"}))
    question = ("sts:AssumeRole", ROLE, "--source", source)
    status, out, _ = ask(capsys, "role/deploy", *question)
    assert (status, "to change  ask about the principal itself, a user or a session" in out) == (2, True)
    assert ask(capsys, f"{session}ci", *question)[0] == 0
    assert ask(capsys, f"{session}other", *question)[0] == 1


def test_who_can_assume_a_role_is_decided_by_its_trust_policy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = trusted(tmp_path, trust_of({"AWS": ADA}))
    status, out, _ = ask(capsys, "--who", "sts:AssumeRole", ROLE, "--source", source)
    assert "  allowed    user ada: statement 1 of trust policy, role deploy: allows" in out.splitlines()
    assert "  not known  group Ops: statement 1 of trust policy, role deploy" in out
    assert status == 2


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        ("arn:aws:iam::123456789012:role/deploy", f"the ARN of role deploy is {ROLE}"),
        ("arn:aws:iam::123456789012:role/gone", "there is no role gone in account 123456789012"),
    ],
)
def test_a_role_to_assume_that_does_not_exist_is_2(
    capsys: pytest.CaptureFixture[str], saved: str, resource: str, problem: str
) -> None:
    status, out, err = ask(capsys, "user/ada", "sts:AssumeRole", resource, "--source", saved)
    assert (status, out, problem in err) == (2, "", True)


@pytest.mark.parametrize("resource", ["*", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::999999999999:role/deploy"])
def test_the_trust_policy_of_another_accounts_role_or_of_any_role_is_not_known(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, resource: str
) -> None:
    source = trusted(tmp_path, trust_of({"AWS": ADA}), ada=[ASSUME])
    status, out, _ = ask(capsys, "user/ada", "sts:AssumeRole", resource, "--source", source)
    assert (status, "because    resource: was not read" in out) == (2, True)


def test_a_trust_policy_does_not_decide_what_iam_does_with_the_role(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = trusted(tmp_path, trust_of({"AWS": "*"}, Action="*"))
    assert ask(capsys, "user/ada", "iam:DeleteRole", ROLE, "--source", source)[0] == 1


# --- where it is allowed ----------------------------------------------------------------------------


def test_an_action_that_is_allowed_on_a_pattern_only_is_not_allowed_and_the_pattern_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = trusted(tmp_path, ada=[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/*"}])
    status, out, _ = ask(capsys, "user/ada", "s3:GetObject", "--source", source)
    assert status == 1
    assert out.splitlines()[0] == "not allowed: user ada, s3:GetObject on *"
    assert out.splitlines()[-2:] == [
        "  allowed on arn:aws:s3:::*/*",
        "  to change  name the resource, because the action is allowed on some; or allow it on `*`",
    ]
    status, out, _ = ask(capsys, "user/ada", "s3:GetObject", "--output", "json", "--source", source)
    (decision,) = json.loads(out)["decisions"]
    assert (status, decision["verdict"]) == (1, "implicit-deny")
    assert (decision["allowed_on"], decision["partly_allowed_on"], decision["allowed_on_more"]) == (
        ["arn:aws:s3:::*/*"],
        [],
        0,
    )


def test_each_action_of_several_names_where_it_is_allowed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]}
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/secret/*"}
    source = trusted(tmp_path, ada=[allow, deny])
    several = ("--action", "s3:GetObject", "--action", "s3:ListBucket", "--action", "s3:ListAllMyBuckets")
    out = ask(capsys, "user/ada", *several, "--source", source)[1]
    assert out.splitlines()[:3] == [
        "not allowed  s3:GetObject; allowed on a part of arn:aws:s3:::logs/*",
        "not allowed  s3:ListBucket; allowed on arn:aws:s3:::logs",
        "not allowed  s3:ListAllMyBuckets",
    ]


def test_nothing_is_searched_for_where_the_question_names_a_resource(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = trusted(tmp_path, ada=[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/*"}])
    status, out, _ = ask(capsys, "user/ada", "s3:ListBucket", "arn:aws:s3:::logs", "--source", source)
    assert (status, "allowed on" in out) == (1, False)
