"""What policies say, over the wire: roles, documents, pins and trust are compared, repaired and put back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.conftest import MANAGED
from tests.endtoend.harness import PINNED, Command, Result
from tests.servers.moto_account import MotoAccount

OWN = "arn:aws:iam::123456789012:policy/"
FILE = """version: 1
policy_sets:
  logs:
    policies:
      - {name: logs, path: /team/, file: logs.json}
      - name: edge
        document:
          Version: 2012-10-17
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:${partition}:s3:::${account}/*"}
      - {name: AmazonEC2FullAccess, version: v1}
roles:
  app:
    required: [logs]
    inline:
      kept: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "s3:ListBucket", Resource: "*"}}
      new: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}}
    trust: {Statement: {Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: ec2.amazonaws.com}}}
  gone: {}
closed: {roles: true}
root: {access_keys: allowed, mfa: any}
"""
LOGS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
FIX = ("--fix", "--yes", *PINNED)


def document(*actions: str) -> str:
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def trust(service: str) -> str:
    who = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [who]})


@pytest.fixture
def file(tmp_path: Path, account: MotoAccount) -> str:
    """The desired state, and an account in which everything of it has drifted."""
    iam: Any = account.iam
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    iam.put_role_policy(RoleName="app", PolicyName="kept", PolicyDocument=document("s3:*"))
    iam.create_role(RoleName="stray", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    iam.create_role(
        RoleName="AWSServiceRoleForX", Path="/aws-service-role/x/", AssumeRolePolicyDocument=trust("x.amazonaws.com")
    )
    iam.create_policy(PolicyName="edge", PolicyDocument=document("s3:GetObject", "s3:PutObject"))
    account.forget()
    (tmp_path / "logs.json").write_text(json.dumps(LOGS))
    path = tmp_path / "desired.yaml"
    path.write_text(FILE)
    return str(path)


def rules(result: Result) -> dict[str, str]:
    return {name: each["status"] for name, each in result.findings.items()}


def documents(account: MotoAccount, name: str) -> list[tuple[str, bool, Any]]:
    """Each version of a policy: its id, whether it is in force, and what it says."""
    iam: Any = account.iam
    return [
        (
            each["VersionId"],
            each["IsDefaultVersion"],
            iam.get_policy_version(PolicyArn=OWN + name, VersionId=each["VersionId"])["PolicyVersion"]["Document"],
        )
        for each in iam.list_policy_versions(PolicyArn=OWN + name)["Versions"]
    ]


def inline(account: MotoAccount, name: str) -> Any:
    iam: Any = account.iam
    return iam.get_role_policy(RoleName="app", PolicyName=name)["PolicyDocument"]["Statement"]


def test_everything_that_drifted_is_told_by_meaning(command: Command, file: str, account: MotoAccount) -> None:
    result = command.json("scan", file)
    assert result.status == 1, result.stderr
    found = result.findings
    assert set(found) == {
        "role-missing/role/gone",
        "role-unexpected/role/stray",
        "trust-changed/role/app",
        "inline-changed/role/app/kept",
        "inline-missing/role/app/new",
        "policy-document-missing/policy/team/logs",
        "policy-document-changed/policy/edge",
        "policy-version-moved/AmazonEC2FullAccess",
        "policy-missing/role/app/policy/team/logs",
        "policy-missing/role/app/policy/edge",
        "policy-missing/role/app/AmazonEC2FullAccess",
    }
    assert "s3:GetObject on *" in found["policy-document-changed/policy/edge"]["message"]
    assert "lambda.amazonaws.com" in found["trust-changed/role/app"]["message"]
    assert found["policy-version-moved/AmazonEC2FullAccess"]["severity"] == "warning"
    assert account.writes() == []
    assert "PolicyDocument" not in result.stdout


def test_fix_adds_and_replace_replaces_and_undo_goes_back_to_both(
    command: Command, file: str, account: MotoAccount
) -> None:
    added = command.json("scan", file, *FIX)
    fixed = {name for name, status in rules(added).items() if status == "fixed"}
    assert fixed == {
        "inline-missing/role/app/new",
        "policy-document-missing/policy/team/logs",
        "policy-missing/role/app/policy/team/logs",
        "policy-missing/role/app/policy/edge",
        "policy-missing/role/app/AmazonEC2FullAccess",
    }
    assert documents(account, "team/logs") == [("v1", True, LOGS)]
    assert [version for version, *_ in documents(account, "edge")] == ["v1"]

    before = inline(account, "kept"), documents(account, "edge")
    replaced = command.json("scan", file, "--replace", *FIX)
    fixed = {name for name, status in rules(replaced).items() if status == "fixed"}
    assert fixed == {"inline-changed/role/app/kept", "policy-document-changed/policy/edge"}
    assert [version[:2] for version in documents(account, "edge")] == [("v1", False), ("v2", True)]
    assert inline(account, "kept")["Action"] == "s3:ListBucket"

    account.forget()
    assert command.json("scan", file, "--replace", *FIX).status == 1  # what only a person can mend is left
    assert account.writes() == []

    undone = command("undo", replaced.audit["journal"]["path"], "--yes", *PINNED)
    assert undone.status == 0, undone.stderr
    assert (inline(account, "kept"), documents(account, "edge")) == before

    undone = command("undo", added.audit["journal"]["path"], "--yes", *PINNED)
    assert undone.status == 0, undone.stderr
    iam: Any = account.iam
    assert iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"] == []
    assert iam.list_role_policies(RoleName="app")["PolicyNames"] == ["kept"]
    assert [each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]] == ["edge"]


def make_full(account: MotoAccount, *documents: str) -> None:
    """Make four more versions of policy edge, none of them in force."""
    for text in documents:
        account.iam.create_policy_version(PolicyArn=f"{OWN}edge", PolicyDocument=text)
    account.forget()


ONLY_CHANGED = ("--only", "policy-document-changed", "--replace")
DECLARED = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::123456789012/*"]}]}
    | {"Version": "2012-10-17"}
)
OTHERS = tuple(document(f"s3:Get{number}") for number in range(4))


def test_a_policy_with_five_versions_is_left_alone_and_told_why(
    command: Command, file: str, account: MotoAccount
) -> None:
    make_full(account, *OTHERS)
    result = command.json("scan", file, *ONLY_CHANGED, *FIX)
    assert account.writes() == []
    (finding,) = result.findings.values()
    assert finding["message"].endswith("; it has 5 versions: delete v2, v3, v4 or v5 before another can be created")


def test_of_five_versions_the_declared_one_is_put_in_force_and_undo_goes_back(
    command: Command, file: str, account: MotoAccount
) -> None:
    make_full(account, *OTHERS[:2], DECLARED, OTHERS[3])
    told = command.json("scan", file, "--only", "policy-document-changed", *FIX)
    assert (told.status, account.writes()) == (1, [])
    done = command.json("scan", file, *ONLY_CHANGED, *FIX)
    assert (done.status, rules(done)) == (0, {"policy-document-changed/policy/edge": "fixed"}), done.stderr
    assert [each.action for each in account.writes()] == ["SetDefaultPolicyVersion"]
    assert documents(account, "edge")[3][:2] == ("v4", True)
    undone = command("undo", done.audit["journal"]["path"], "--yes", *PINNED)
    assert undone.status == 0, undone.stderr
    assert documents(account, "edge")[0][:2] == ("v1", True)


def test_a_declared_version_that_grants_administration_is_refused_before_it_is_put_in_force(
    command: Command, file: str, account: MotoAccount
) -> None:
    declared = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    Path(file).write_text(
        re.sub(r"(name: edge\n +document:)(\n .*){2}", rf"\1 {json.dumps(declared)}", Path(file).read_text())
    )
    make_full(account, *OTHERS[:3], document("iam:*"))
    refused = command.json("scan", file, *ONLY_CHANGED, *FIX)
    assert (refused.status, account.writes()) == (2, []), refused.stderr
    assert "by version v5 of customer:edge" in refused.stderr
    assert command.json("scan", file, *ONLY_CHANGED, "--allow-admin", *FIX).status == 0


def test_a_version_that_cannot_be_read_makes_the_run_incomplete(
    command: Command, file: str, account: MotoAccount
) -> None:
    make_full(account, *OTHERS[:3], DECLARED)
    account.fail("GetPolicyVersion", match={"VersionId": "v4"})
    result = command.json("scan", file, "--only", "policy-document-changed")
    assert result.status == 2
    (gap,) = result.audit["gaps"]
    assert (gap["fact"], gap["subject"]) == ("policy-versions", f"{OWN}edge@v4")
    assert gap["rules"] == ["policy-document-changed"]


def versions_read(account: MotoAccount) -> list[str]:
    """The versions of policy edge whose documents were read."""
    reads = (each.parameters for each in account.calls() if each.action == "GetPolicyVersion")
    return [each["VersionId"] for each in reads if each["PolicyArn"] == f"{OWN}edge"]


def test_the_other_versions_are_read_only_of_a_full_policy_that_differs(
    command: Command, file: str, account: MotoAccount
) -> None:
    make_full(account, *OTHERS[:3])
    command.json("scan", file, "--only", "policy-document-changed")
    assert versions_read(account) == ["v1"]
    make_full(account, DECLARED)
    account.iam.set_default_policy_version(PolicyArn=f"{OWN}edge", VersionId="v5")
    account.forget()
    command.json("scan", file, "--only", "policy-document-changed")
    assert versions_read(account) == ["v5"]
    account.iam.set_default_policy_version(PolicyArn=f"{OWN}edge", VersionId="v1")
    account.forget()
    command.json("scan", file, "--only", "policy-document-changed")
    assert sorted(versions_read(account)) == ["v1", "v2", "v3", "v4", "v5"]


def test_undo_leaves_a_document_that_somebody_changed_since(command: Command, file: str, account: MotoAccount) -> None:
    replaced = command.json("scan", file, "--replace", *FIX)
    account.iam.put_role_policy(RoleName="app", PolicyName="kept", PolicyDocument=document("s3:Delete*"))
    account.iam.create_policy_version(PolicyArn=f"{OWN}edge", PolicyDocument=document("s3:*"), SetAsDefault=True)
    account.forget()
    command("undo", replaced.audit["journal"]["path"], "--yes", *PINNED)
    assert inline(account, "kept")[0]["Action"] == ["s3:Delete*"]
    assert documents(account, "edge")[-1][:2] == ("v3", True)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("GetRole", ("role", "role app")),
        ("GetRolePolicy", ("inline-document", "role app")),
        ("ListPolicyVersions", ("policy-versions", "policy/edge")),
        ("GetPolicyVersion", ("policy-versions", "policy/edge")),
        ("ListRolePolicies", ("inline-policies", "role app")),
    ],
)
def test_a_read_that_is_denied_is_told_and_the_run_is_incomplete(
    call: str, told: tuple[str, str], command: Command, file: str, account: MotoAccount
) -> None:
    open_roles = re.sub("closed:.*\n", "", Path(file).read_text())
    Path(file).write_text(open_roles)
    account.fail(call)
    result = command.json("scan", file)
    assert result.status == 2
    unread = [each for each in result.audit["findings"] if each["rule"] == "not-checked"]
    of_call = [each for each in unread if each["evidence"]["permission"] == f"iam:{call}"]
    assert {each["evidence"]["fact"] for each in of_call} == {told[0]}
    assert any(told[1] in each["message"] for each in of_call)


def test_the_inline_policies_of_the_account_count_with_the_new_one_and_nothing_is_written_over_the_quota(
    command: Command, account: MotoAccount, tmp_path: Path
) -> None:
    iam: Any = account.iam
    iam.create_group(GroupName="full")
    iam.put_group_policy(GroupName="full", PolicyName="old", PolicyDocument=document("s3:" + "x" * 4674))
    account.forget()
    path = tmp_path / "full.yaml"
    text = json.dumps({"new": json.loads(document("s3:" + "y" * 1500))})
    path.write_text(f"version: 1\ngroups: {{full: {{inline: {text}}}}}\n", encoding="utf-8")
    result = command.json("scan", str(path), *FIX)
    assert account.writes() == []
    assert {each["rule"] for each in result.audit["findings"]} >= {"quota-exceeded", "inline-missing"}
    account.fail("GetGroupPolicy")
    unread = command.json("scan", str(path))
    assert unread.status == 2
    (gap,) = unread.audit["gaps"]
    assert (gap["fact"], gap["subject"], gap["rules"]) == ("inline-size", "group/full/old", ["quota-exceeded"])


def test_a_snapshot_holds_what_a_later_audit_of_documents_needs(
    command: Command, file: str, account: MotoAccount, tmp_path: Path
) -> None:
    saved = str(tmp_path / "saved.json")
    assert command("snapshot", "--out", saved).status == 0
    live = command.json("scan", file)
    offline = replace(command, url="").json("scan", file, "--source", f"snapshot:{saved}")
    assert set(offline.findings) == set(live.findings)
    changed = "policy-document-changed/policy/edge"
    assert offline.findings[changed]["message"] == live.findings[changed]["message"]


ONLY_NAMES = ("--only", "policy-document-missing", "--only", "policy-name-taken")


@pytest.mark.parametrize(("path", "name"), [("/", "logs"), ("/ops/", "Logs")])
def test_an_own_policy_under_another_path_or_in_another_case_is_no_policy_to_create(
    command: Command, file: str, account: MotoAccount, path: str, name: str
) -> None:
    account.iam.create_policy(PolicyName=name, Path=path, PolicyDocument=document("logs:*"))
    account.forget()
    result = command.json("scan", file, *ONLY_NAMES, *FIX)
    assert (result.status, account.writes()) == (1, [])
    (finding,) = result.findings.values()
    assert (finding["rule"], finding["fix"]) == ("policy-name-taken", None)
    assert finding["message"].endswith(f"cannot be created: customer:{path[1:]}{name} has its name")


def test_names_that_cannot_be_read_make_an_audit_incomplete_and_iam_decides_whether_to_create(
    command: Command, file: str, account: MotoAccount
) -> None:
    account.fail("ListPolicies")
    result = command.json("scan", file, *ONLY_NAMES)
    assert result.status == 2
    (gap,) = result.audit["gaps"]
    assert (gap["fact"], gap["permission"]) == ("policy-names", "iam:ListPolicies")
    assert gap["rules"] == ["policy-name-taken"]
    fixed = command.json("scan", file, *ONLY_NAMES, *FIX)
    assert fixed.status == 0
    assert "The names of policies could not be read: iam:ListPolicies: AccessDenied" in fixed.stderr
    assert [each.action for each in account.writes()] == ["CreatePolicy"]


def test_names_are_read_only_if_a_policy_with_a_document_does_not_exist(
    command: Command, file: str, account: MotoAccount
) -> None:
    command.json("scan", file, "--only", "policy-name-taken")
    assert [each.parameters["Scope"] for each in account.calls() if each.action == "ListPolicies"] == ["Local"]
    account.iam.create_policy(PolicyName="logs", Path="/team/", PolicyDocument=json.dumps(LOGS))
    account.forget()
    command.json("scan", file, "--only", "policy-name-taken")
    assert "ListPolicies" not in [each.action for each in account.calls()]


def test_a_snapshot_knows_the_names_of_own_policies(
    command: Command, file: str, account: MotoAccount, tmp_path: Path
) -> None:
    account.iam.create_policy(PolicyName="Logs", PolicyDocument=document("logs:*"))
    saved, details = str(tmp_path / "saved.json"), tmp_path / "details.json"
    assert command("snapshot", "--out", saved).status == 0
    found: Any = account.iam.get_account_authorization_details()
    details.write_text(json.dumps({**found, "ResponseMetadata": {}}, default=str))
    for path in (saved, details):
        only = ("--only", "policy-name-taken", "--source", f"snapshot:{path}")
        offline = replace(command, url="").json("scan", file, *only)
        assert (offline.status, len(offline.findings)) == (1, 1)


def test_a_snapshot_has_the_versions_of_a_full_policy(
    command: Command, file: str, account: MotoAccount, tmp_path: Path
) -> None:
    make_full(account, *OTHERS[:3], DECLARED)
    saved = str(tmp_path / "saved.json")
    assert command("snapshot", "--out", saved).status == 0
    only = ("--only", "policy-document-changed", "--source", f"snapshot:{saved}")
    offline = replace(command, url="").json("scan", file, *only)
    (finding,) = offline.findings.values()
    assert (offline.status, finding["fix"]["parameters"]["VersionId"]) == (1, "v5")


def test_authorization_details_hold_what_an_audit_of_documents_needs(
    command: Command, file: str, account: MotoAccount, tmp_path: Path
) -> None:
    account.iam.attach_role_policy(RoleName="app", PolicyArn=f"{MANAGED}AmazonEC2FullAccess")
    account.iam.create_user(UserName="somebody")
    account.iam.create_group(GroupName="some")
    details: Any = account.iam.get_account_authorization_details()
    path = tmp_path / "details.json"
    path.write_text(json.dumps({**details, "ResponseMetadata": {}}, default=str))
    told = {"role-missing", "role-unexpected", "trust-changed", "inline-changed", "inline-missing",
            "policy-document-changed", "policy-version-moved"}  # fmt: skip
    only = [word for rule in sorted(told) for word in ("--only", rule)]
    result = replace(command, url="").json("scan", file, "--source", f"snapshot:{path}", *only)
    assert {each["rule"] for each in result.findings.values()} >= told
