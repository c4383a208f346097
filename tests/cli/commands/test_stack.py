"""`stack SCRIPT`: the answer, its reasons and lines, the sets that help, the policy, and the exit status."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from koding_audit.cli import main, stack_table
from koding_audit.reference import managed_policies
from koding_audit.stack import type_table

CHECKOUT = Path(__file__).parents[3]
GUIDE = str(CHECKOUT / "policies" / "koding.yaml")
WEB = str(CHECKOUT / "policies" / "stacks" / "web.yml")
KODING = str(CHECKOUT / "tests" / "stack" / "scripts" / "koding.yml")
REQUIRED = ("AmazonEC2FullAccess", "IAMReadOnlyAccess")
DNS = ("AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess")
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}

# The rows of the guide's own stacks: a test of the whole table would break with each of its types.
ROWS = {
    name: type_table.load_type_table().row("type", name)
    for name in ("aws_instance", "aws_eip", "aws_route53_record", "aws_vpc")
}


def principal(kind: str, name: str, **more: Any) -> dict[str, Any]:
    word = {"User": "AIDA1", "Group": "AGPA1", "Role": "AROA1"}[kind]
    return {
        "Path": "/",
        f"{kind}Name": name,
        f"{kind}Id": word,
        "Arn": f"arn:aws:iam::123456789012:{kind.lower()}/{name}",
        "AttachedManagedPolicies": [],
        f"{kind}PolicyList": [],
        **more,
    }


def saved(tmp_path: Path, *attached: str, own: list[dict[str, Any]] | None = None, member: bool = True) -> str:
    """The guide's user in its group, which holds these policies of AWS's; own: statements of the user's own."""
    documents = managed_policies.load_managed_policies()
    arns = [f"arn:aws:iam::aws:policy/{name}" for name in attached]
    inline = [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": own}}] if own else []
    user = principal("User", "koding-user", GroupList=["Developers"] if member else [], UserPolicyList=inline)
    listed = [{"PolicyName": name, "PolicyArn": arn} for name, arn in zip(attached, arns, strict=True)]
    trust = {"Version": "2012-10-17", "Statement": []}
    details = {
        "UserDetailList": [user],
        "GroupDetailList": [principal("Group", "Developers", AttachedManagedPolicies=listed)],
        "RoleDetailList": [principal("Role", "deploy", AssumeRolePolicyDocument=trust)],
        "Policies": [
            {
                "Arn": arn,
                "PolicyVersionList": [
                    {"VersionId": "v1", "IsDefaultVersion": True, "Document": documents[arn].document}
                ],
            }
            for arn in arns
        ],
    }
    path = tmp_path / "details.json"
    path.write_text(json.dumps(details), encoding="utf-8")
    return f"snapshot:{path}"


def write(tmp_path: Path, resources: dict[str, Any], **top: Any) -> str:
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({"resource": resources, **top}), encoding="utf-8")
    return str(path)


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["stack", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status, out, _ = ask(capsys, *arguments, "--output", "json")
    found: dict[str, Any] = json.loads(out)
    assert {"can-be-built": 0, "cannot-be-built": 1, "not-known": 2}[found["verdict"]] == status
    return found


def lacking(found: dict[str, Any]) -> dict[str, str]:
    return {each["action"]: each["verdict"] for each in found["needs"] if each["verdict"] != "allowed"}


def test_the_guides_stack_is_buildable_with_the_two_required_policies(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = answer(capsys, KODING, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert (found["verdict"], lacking(found)) == ("can-be-built", {})
    assert found["stack"]["others"] == {"github_repository": 1, "vagrant_instance": 1}


def test_a_dns_record_needs_the_route53_set_which_is_named_with_the_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = saved(tmp_path, *REQUIRED)
    status, out, err = ask(capsys, WEB, GUIDE, "--source", source)
    assert status == 1
    assert out.startswith("Cannot be built: set route53 of group Developers is not attached (optional)\n")
    _, shown, _ = ask(capsys, WEB, GUIDE, "--source", source, "--verbose")
    for action in ("ChangeResourceRecordSets", "GetChange", "ListResourceRecordSets"):
        assert f"  missing  route53:{action}" in shown
    assert f"aws_route53_record.web, {WEB}:26:5\n" in out
    assert f"koding-audit scan {GUIDE} --stack {WEB} --fix" in out
    assert "AmazonRoute53FullAccess: the document could not be read; used AWS's document of 20" in err
    found = answer(capsys, WEB, GUIDE, "--source", source)
    assert len(lacking(found)) >= 3
    assert {each.partition(":")[0] for each in lacking(found)} == {"route53"}
    (proposed,) = found["sets"]
    assert (proposed["name"], proposed["holder"], proposed["required"]) == ("route53", "group/Developers", False)
    assert proposed["needed_by"] == ["aws_route53_record.web"]


def test_with_the_set_attached_it_can_be_built(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = ask(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED, *DNS))
    assert (status, err) == (0, "")
    assert "Can be built: all" in out


def test_an_instance_profile_needs_a_role_to_be_passed_which_no_set_gives(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_instance": {"web": {"iam_instance_profile": "web-profile"}}})
    source = saved(tmp_path, *REQUIRED)
    found = answer(capsys, script, GUIDE, "--source", source)
    assert found["verdict"] == "cannot-be-built"
    assert set(lacking(found)) == {"iam:PassRole"}
    assert found["sets"] == []
    _, out, _ = ask(capsys, script, GUIDE, "--source", source)
    assert "No set     gives iam:PassRole" in out
    assert "--policy" in out


def test_no_policy_is_proposed_for_what_only_the_endpoint_does_not_allow(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_s3_bucket": {"logs": {"bucket": "acme-logs"}}})
    endpoint = tmp_path / "vpce.json"
    endpoint.write_text(json.dumps({"Statement": {**ALLOW_ALL, "Principal": "*", "Action": "ec2:*"}}))
    asked = (script, GUIDE, "--vpce", str(endpoint), "--source")
    status, out, _ = ask(capsys, *asked, saved(tmp_path, *REQUIRED, own=[ALLOW_ALL]))
    assert (status, "--policy" in out) == (1, False)
    assert out.startswith("Cannot be built: VPC endpoint policy does not allow s3:CreateBucket and ")
    assert "No policy  of the principal is enough: VPC endpoint policy must allow, too" in out.splitlines()
    # Where the principal lacks it too, a policy is not enough either.
    status, out, _ = ask(capsys, *asked, saved(tmp_path, *REQUIRED))
    assert (status, "--policy" in out, "of the principal is enough" in out) == (1, False, True)


def test_a_bucket_is_missing_what_the_guide_does_not_give(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = write(tmp_path, {"aws_s3_bucket": {"logs": {"bucket": "acme-logs"}}})
    found = answer(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert found["verdict"] == "cannot-be-built"
    assert lacking(found)["s3:CreateBucket"] == "implicit-deny"
    # AmazonRoute53FullAccess allows two of its reads, which is of no use to a bucket.
    assert found["sets"] == []


def test_of_many_resources_the_first_are_told_and_the_rest_is_counted_but_verbose_tells_all(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_s3_bucket": {f"b{number}": {"bucket": f"acme-{number}"} for number in range(30)}})
    _, out, _ = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    named = out.count("  missing  s3:CreateBucket")
    assert 3 <= named < 30
    assert f"And        {30 - named} more resources; --verbose shows each action with its reason" in out
    assert len(out.splitlines()) <= 30
    _, shown, _ = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED), "--verbose")
    assert shown.count("  missing  s3:CreateBucket on ") == 30
    found = answer(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert sum(each["action"] == "s3:CreateBucket" for each in found["needs"]) == 30


def test_a_user_outside_of_the_group_that_has_it_all_is_told_that_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_instance": {"web": {}}})
    source = saved(tmp_path, *REQUIRED, member=False)
    status, out, _ = ask(capsys, script, GUIDE, "--source", source)
    assert (status, out.splitlines()[0]) == (1, "Cannot be built: koding-user is not a member of Developers")
    assert "not attached" not in out
    assert f"To change  koding-audit scan {GUIDE} --stack {script} --fix" in out
    assert len(out.splitlines()) <= 15
    found = answer(capsys, script, GUIDE, "--source", source)
    assert [each["kind"] for each in found["causes"]] == ["not-a-member"]
    assert [(each["name"], each["attached"]) for each in found["sets"]] == [("stack-build", True)]


def test_the_groups_hold_each_need_of_each_resource(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = answer(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    for group in found["groups"]:
        expected = [
            at
            for at, need in enumerate(found["needs"])
            if any(
                (use["resource"], use["location"]) == (group["resource"], group["location"])
                for use in need["needed_by"]
            )
        ]
        assert group["needs"] == expected
    verdicts = {each["resource"]: each["verdict"] for each in found["groups"]}
    assert verdicts == {
        "aws_instance.web": "can-be-built",
        "aws_eip.web": "can-be-built",
        "aws_route53_record.web": "cannot-be-built",
    }
    (cause,) = found["causes"]
    assert cause["kind"] == "set-not-attached"
    assert {found["needs"][at]["action"].partition(":")[0] for at in cause["needs"]} == {"route53"}


@pytest.mark.parametrize("columns", ["80", "200"])
def test_a_plain_stack_fits_on_a_screen_and_no_line_is_longer_than_it_but_commands(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.chdir(CHECKOUT)
    _, out, _ = ask(
        capsys, "policies/stacks/web.yml", "policies/koding.yaml", "--source", saved(tmp_path, member=False)
    )
    lines = out.splitlines()
    assert len(lines) <= 24
    assert [each for each in lines if len(each) > int(columns) and "koding-audit" not in each] == []
    assert "To change  koding-audit scan policies/koding.yaml --stack policies/stacks/web.yml --fix" in lines


def test_a_name_with_control_characters_is_escaped_and_breaks_no_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_s3_bucket": {"b\u001b[2J\nCan be built": {"bucket": "acme"}}})
    _, out, _ = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert "\x1b" not in out
    assert not any(each.startswith("Can be built") for each in out.splitlines())


def test_the_policy_that_is_printed_makes_the_stack_buildable(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    resources = {
        "aws_s3_bucket": {"logs": {"bucket": "acme-logs"}},
        "aws_instance": {"web": {"iam_instance_profile": "${aws_iam_instance_profile.p.name}"}},
    }
    script = write(tmp_path, resources)
    status, out, err = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED), "--policy")
    assert status == 1
    assert "Cannot be built" in err
    document = json.loads(out)
    resources_said = {each for statement in document["Statement"] for each in statement["Resource"]}
    assert "arn:aws:s3:::acme-logs" in resources_said
    source = saved(tmp_path, own=document["Statement"])
    found = answer(capsys, script, GUIDE, "--source", source)
    assert not {action: verdict for action, verdict in lacking(found).items() if verdict.endswith("deny")}


def test_a_deny_is_told_and_no_set_is_proposed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    deny = {"Sid": "NoServers", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}
    status, out, _ = ask(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED, *DNS, own=[deny]))
    assert status == 1
    cause = "inline policy own of user koding-user denies ec2:RunInstances: statement 1 (NoServers)"
    assert out.startswith(f"Cannot be built: {cause}\n")
    assert "  denied   ec2:RunInstances" in out
    assert "To change" not in out


def test_a_name_that_the_script_does_not_say_makes_it_unknown_where_it_decides(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    logs = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::logs-*", "arn:aws:s3:::logs-*/*"]}
    source = saved(tmp_path, own=[logs])
    verdicts = {}
    for name in ("${var.x}", "logs-a", "logs-${var.x}", "data-${var.x}"):
        script = write(tmp_path, {"aws_s3_bucket": {"b": {"bucket": name}}})
        verdicts[name] = answer(capsys, script, GUIDE, "--source", source)["verdict"]
    assert verdicts == {
        "${var.x}": "not-known",
        "logs-a": "can-be-built",
        "logs-${var.x}": "can-be-built",
        "data-${var.x}": "cannot-be-built",
    }
    everything = saved(tmp_path, own=[ALLOW_ALL])
    script = write(tmp_path, {"aws_s3_bucket": {"b": {"bucket": "${var.x}"}}})
    assert answer(capsys, script, GUIDE, "--source", everything)["verdict"] == "can-be-built"


def test_a_type_that_nobody_knows_makes_it_unknown_and_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_of_tomorrow": {"x": {}}, "aws_eip": {"web": {}}})
    status, out, _ = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert status == 2
    assert "not known  aws_of_tomorrow.x" in out
    assert f"{script}:1:" in out


def test_a_hint_is_no_more_than_that(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = write(tmp_path, {"aws_simpledb_domain": {"g": {}}})
    assert type_table.load_type_table().row("type", "aws_simpledb_domain") is None
    arguments = (script, GUIDE, "--source")
    status, out, _ = ask(capsys, *arguments, saved(tmp_path, own=[ALLOW_ALL]))
    assert status == 0
    assert "as far as is known: of aws_simpledb_domain only hints are known" in out
    assert ask(capsys, *arguments, saved(tmp_path, own=[ALLOW_ALL]), "--strict")[0] == 2
    status, out, _ = ask(capsys, *arguments, saved(tmp_path, *REQUIRED))
    assert status == 2
    assert "  perhaps  sdb:CreateDomain" in out


def test_a_type_of_the_model_only_can_be_built_if_nothing_is_missing_and_no_argument_is_open(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    everything = saved(tmp_path, own=[ALLOW_ALL])
    plain = write(tmp_path, {"aws_xray_group": {"g": {"group_name": "web"}}})
    found = answer(capsys, plain, GUIDE, "--source", everything)
    assert (found["verdict"], found["verified"]) == ("can-be-built", False)
    assert (found["rows"], found["hinted"]) == ({"aws_xray_group": "model"}, [])
    tagged = write(tmp_path, {"aws_xray_group": {"g": {"group_name": "web", "tags": {"a": "hunter2"}}}})
    found = answer(capsys, tagged, GUIDE, "--source", everything)
    assert found["verdict"] == "not-known"
    assert "tags may need" in found["unknown"][0]["why"]
    assert "hunter2" not in json.dumps(found)


def test_what_the_model_names_and_the_user_lacks_cannot_be_built(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = write(tmp_path, {"aws_xray_group": {"g": {"group_name": "web", "tags": {"a": "b"}}}})
    status, out, _ = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert status == 1
    assert "  missing  xray:CreateGroup" in out
    assert "Model      of aws_xray_group only AWS's model of the provider's calls is known" in out


def test_the_group_that_the_user_is_to_join_gives_nothing_yet(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = answer(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED, *DNS, member=False))
    assert found["verdict"] == "cannot-be-built"
    assert [(each["name"], each["required"]) for each in found["sets"]] == [("stack-build", True), ("route53", False)]


def test_a_user_that_does_not_exist_cannot_build(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = ask(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED), "--principal", "user/nobody-there")
    assert status == 1
    assert "there is no user nobody-there" in out


def test_a_role_can_be_asked_about(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = answer(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED), "--principal", "role/deploy")
    assert found["principal"] == {"arn": "arn:aws:iam::123456789012:role/deploy", "exists": True}
    assert found["verdict"] == "cannot-be-built"


@pytest.mark.parametrize("said", ["koding-user", "group/Developers", "user/", "user/a/b"])
def test_who_is_no_user_and_no_role_is_refused(capsys: pytest.CaptureFixture[str], said: str) -> None:
    status, _, err = ask(capsys, WEB, GUIDE, "--source", "demo", "--principal", said)
    assert status == 2
    assert "is not a user or a role" in err


def test_several_users_are_listed_where_nobody_says_which(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    state = tmp_path / "state.yaml"
    state.write_text("version: 1\nusers: {ada: {}, bob: {}}\n")
    status, _, err = ask(capsys, WEB, str(state), "--source", "demo")
    assert status == 2
    assert "user/ada, user/bob" in err


def test_no_value_of_a_script_but_names_and_arns_is_ever_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    secret = "hunter2-and-more"
    arguments = {"user_data": secret, "password": secret, "tags": {"x": secret}, "bucket": "acme-logs"}
    provider = {"aws": {"access_key": secret, "secret_key": secret, "region": "eu-west-1"}}
    script = write(tmp_path, {"aws_instance": {"a": arguments}, "aws_s3_bucket": {"b": arguments}}, provider=provider)
    for more in ((), ("--output", "json"), ("--policy",)):
        status, out, err = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED), *more)
        assert status == 1
        assert secret not in out + err
        assert "acme-logs" in out


def test_a_hostile_name_is_inert_in_the_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = write(tmp_path, {"aws_s3_bucket": {"b": {"bucket": "a\x1b[31mb\u202e"}}})
    _, out, _ = ask(capsys, script, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_the_hook_asks_about_each_script_and_fails_with_the_first_that_cannot_be_built(tmp_path: Path) -> None:
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (hook,) = (each for each in hooks if each["id"] == "koding-audit-stack")
    asked = tmp_path / "asked"
    fake = tmp_path / "koding-audit"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {asked}\ncase $2 in bad*) exit 2;; esac\n')
    fake.chmod(0o755)
    line = [*shlex.split(hook["entry"]), "state.yaml", "good.yml", "bad one.yml", "later.yml"]
    done = subprocess.run(line, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False)
    assert done.returncode == 2
    assert asked.read_text().splitlines() == [
        "stack good.yml state.yaml --quiet",
        "stack bad one.yml state.yaml --quiet",
    ]


def test_the_json_answer_has_exactly_the_documented_fields(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = answer(capsys, WEB, GUIDE, "--source", saved(tmp_path, *REQUIRED))
    _, _, section = (CHECKOUT / "docs" / "stacks.md").read_text(encoding="utf-8").partition("## The answer as JSON")
    rows = re.findall(r"^\| (`[^|]+) \|", section.partition("\n## ")[0], re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(found)


def test_the_guides_types_have_rows_that_were_checked() -> None:
    assert all(row is not None and row.checked for row in ROWS.values())


def test_the_stacks_below_a_folder_are_answered_one_by_one_with_the_worst_status(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = saved(tmp_path, *REQUIRED)
    scripts = {"a": {"aws_eip": {"web": {}}}, "b/prod": {"aws_s3_bucket": {"logs": {"bucket": "acme"}}}}
    for name, resources in scripts.items():
        (tmp_path / "stacks" / name).mkdir(parents=True)
        write(tmp_path / "stacks" / name, resources)
    folder = str(tmp_path / "stacks")
    status, out, _ = ask(capsys, folder, GUIDE, "--source", source, "--output", "json")
    found = json.loads(out)
    assert (status, set(found), found["version"]) == (1, {"version", "stacks"}, 1)
    assert [(each["stack"]["path"], each["verdict"]) for each in found["stacks"]] == [
        (f"{folder}/a", "can-be-built"),
        (f"{folder}/b/prod", "cannot-be-built"),
    ]
    one = json.loads(ask(capsys, f"{folder}/a", GUIDE, "--source", source, "--output", "json")[1])
    assert one == {"version": 1, **found["stacks"][0]}
    status, out, _ = ask(capsys, folder, GUIDE, "--source", source)
    assert (status, out.count("\nStack      "), "\n\nCannot be built" in out) == (1, 2, True)
    (tmp_path / "stacks" / "c").mkdir()
    write(tmp_path / "stacks" / "c", {"aws_of_tomorrow": {"x": {}}})
    assert ask(capsys, folder, GUIDE, "--source", source)[0] == 2
    _, out, _ = ask(capsys, folder, GUIDE, "--source", source, "--policy")
    actions = {action for each in json.loads(out)["Statement"] for action in each["Action"]}
    assert {"ec2:AllocateAddress", "s3:CreateBucket"} <= actions


def template(tmp_path: Path) -> str:
    path = tmp_path / "web.yaml"
    path.write_text(
        "Parameters: {BucketName: {Type: String}, Secret: {Type: String, NoEcho: true}}\n"
        "Resources: {B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref BucketName, X: !Ref Secret}}}\n",
        encoding="utf-8",
    )
    return str(path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["BucketNam=acme"], "did you mean `BucketName`?"),
        (["hunter2"], "write --parameter NAME=VALUE"),
        (["=hunter2"], "write --parameter NAME=VALUE"),
        (["BucketName=a", "BucketName=hunter2"], "--parameter BucketName is given twice"),
    ],
)
def test_a_parameter_that_no_template_has_or_that_is_malformed_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, given: list[str], said: str
) -> None:
    options = [word for each in given for word in ("--parameter", each)]
    status, out, err = ask(capsys, template(tmp_path), GUIDE, "--source", "demo", *options)
    assert (status, out) == (2, "")
    assert said in err
    assert "hunter2" not in err


def test_parameters_of_a_template_are_taken_and_never_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ("--parameter", "BucketName=acme", "--parameter", "Secret=hunter2")
    for more in ((), ("--output", "json"), ("--policy",)):
        status, out, err = ask(capsys, template(tmp_path), GUIDE, "--source", saved(tmp_path), *options, *more)
        assert status in (0, 1, 2)
        assert "unexpected" not in err
        assert "hunter2" not in out + err


def test_a_parameter_needs_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", GUIDE, "--source", "demo", "--parameter", "A=b"]) == 2
    assert "--parameter needs --stack" in capsys.readouterr().err


def test_a_label_never_touches_what_it_labels() -> None:
    for label in ("  and", "  missing", "  not known", "To change"):
        (line,) = stack_table._wrapped(label, "ec2:RunInstances", 80)
        assert line.startswith(f"{label} ")
