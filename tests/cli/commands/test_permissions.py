"""`permissions`: enough for what a run does, nothing that it does not need, and limited to what the file names."""

from __future__ import annotations

import copy
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from koding_audit.aws.credentials_file import CredentialsFile
from koding_audit.cli import main
from koding_audit.model.errors import AuditError
from tests.simulator.account import AWS, READ_LOGS, Account
from tests.simulator.oracles import holdings
from tests.simulator.scenario import FILE, MANAGED, World, command, drifted, explored, run
from tests.simulator.server import Simulator, serving
from tests.unmeasured import standing_still

NAMES = "iam:ListPolicies"
EVERY_ACTION = "EVERY_ACTION" in os.environ
GUIDE = str(Path(__file__).parents[3] / "policies" / "koding.yaml")
EVERYTHING = """version: 1
account: {id: "123456789012"}
policy_sets:
  act: {policies: [ReadOnlyAccess], actions: [ec2:RunInstances]}
  own: {policies: [{name: own, document: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}]}
groups:
  Ops: {required: [act], members: [ada], exclusive: true, path: /team/}
users:
  ada: {access_keys: {max_active: 1}, console: mfa, tags: {team: web}}
roles:
  app: {required: [own], inline: {x: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}}
"""


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main(["permissions", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = document["Statement"]
    return found


def by_sid(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["Sid"]: each for each in statements}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "desired.yaml"
    path.write_text(EVERYTHING)
    return str(path)


def test_the_guide_is_attached_to_its_group_and_nothing_else_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    found = by_sid(printed(capsys, "fix", GUIDE))
    assert set(found) == {"AttachGroup", "Join", "LookBeforeAndAfter"}
    assert found["LookBeforeAndAfter"]["Action"] == ["iam:GetGroupPolicy"]
    assert found["AttachGroup"]["Condition"]["ArnEquals"]["iam:PolicyARN"] == [
        "arn:aws:iam::aws:policy/AmazonEC2FullAccess",
        "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
    ]
    assert found["Join"]["Resource"] == [
        "arn:aws:iam::123456789012:group/*/Developers",
        "arn:aws:iam::123456789012:group/Developers",
    ]


def test_a_set_that_is_asked_for_may_be_attached_too(capsys: pytest.CaptureFixture[str]) -> None:
    found = by_sid(printed(capsys, "fix", GUIDE, "--with", "route53"))
    assert len(found["AttachGroup"]["Condition"]["ArnEquals"]["iam:PolicyARN"]) == 4


def test_reads_are_those_that_the_file_needs(capsys: pytest.CaptureFixture[str], file: str) -> None:
    (small,), (large,) = printed(capsys, "audit", GUIDE), printed(capsys, file)
    assert not {"iam:GetRole", "iam:GetPolicyVersion", "iam:ListAccessKeys"} <= set(small["Action"])
    assert {"iam:GetRole", "iam:ListAccessKeys", "iam:GetLoginProfile", "iam:ListPolicyVersions"} <= set(
        large["Action"]
    )
    assert "organizations:DescribeOrganization" in large["Action"]
    assert "organizations:DescribeOrganization" not in small["Action"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("PowerUserAccess", ["organizations:DescribeOrganization", "organizations:ListDelegatedServicesForAccount"]),
        ("AmazonEC2FullAccess", []),
        ("AdministratorAccess", []),
        ("{name: PowerUserAccess, document: {Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}}", []),
    ],
)
def test_the_organization_is_read_for_a_policy_that_is_a_way_only_where_it_is_managed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, policy: str, expected: list[str]
) -> None:
    path = tmp_path / "desired.yaml"
    path.write_text(f"version: 1\npolicy_sets: {{x: {{policies: [{policy}]}}}}\ngroups: {{Ops: {{required: [x]}}}}\n")
    reads = [action for each in printed(capsys, "fix", str(path)) for action in each["Action"]]
    assert [each for each in reads if each.startswith("organizations:")] == expected
    assert "organizations:" not in str(printed(capsys, "audit", str(path)))


def test_events_may_be_looked_up_only_for_more_users_than_are_read_live(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "users.yaml"
    for number, limits, wanted in ((200, "access_keys: forbidden", False), (201, "console: mfa", True)):
        users = "".join(f"  user-{each}: {{{limits}}}\n" for each in range(number))
        path.write_text(f"version: 1\nroot: {{unused_days: 1}}\nusers:\n{users}")
        (audit,) = printed(capsys, "audit", str(path))
        assert ("cloudtrail:LookupEvents" in audit["Action"]) is wanted


def test_a_path_that_is_declared_is_in_the_arn(capsys: pytest.CaptureFixture[str], file: str) -> None:
    found = by_sid(printed(capsys, "create", file))
    assert found["CreateGroups"]["Resource"] == ["arn:aws:iam::123456789012:group/team/Ops"]
    assert found["TagUsers"]["Resource"] == ["arn:aws:iam::123456789012:user/ada"]


def test_taking_away_is_limited_to_what_is_exclusive(capsys: pytest.CaptureFixture[str], file: str) -> None:
    found = by_sid(printed(capsys, "replace", file))
    assert set(found) - {sid for sid in found if sid.startswith(("Undo", "Detach"))} == {
        *("TakeFromGroup", "Leave", "PutRole", "ReplacePolicies"),
    }
    for sid in ("TakeFromGroup", "Leave"):
        assert found[sid]["Resource"] == ["arn:aws:iam::123456789012:group/team/Ops"]
    assert found["ReplacePolicies"]["Resource"] == ["arn:aws:iam::123456789012:policy/own"]
    assert found["ReplacePolicies"]["Action"] == ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"]


def test_what_protected_principals_need_is_among_the_reads_of_each_plan_that_can_reach_them(
    capsys: pytest.CaptureFixture[str], file: str
) -> None:
    def allowed(mode: str) -> set[str]:
        return {
            each for words in (("audit", file), (mode, file)) for s in printed(capsys, *words) for each in s["Action"]
        }

    assert "iam:GetGroup" in allowed("fix")
    of_user = {"iam:GetUser", "iam:ListAttachedUserPolicies", "iam:ListUserPolicies", "iam:ListGroupsForUser"}
    of_group = {"iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies"}
    of_role = {"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"}
    assert of_user | of_group | of_role <= allowed("replace")


NOBODYS = """version: 1
account: {id: ["123456789012", "210987654321"]}
policy_sets:
  build: {policies: [AmazonEC2FullAccess]}
  admin: {policies: [AdministratorAccess]}
  unused: {policies: [{name: unused, document: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}]}
groups:
  Developers: {required: [build], members: [robot]}
  Admins: {required: [admin]}
  Hands: {required: [build], members: [ada], managed_by: terraform, exclusive: true}
users:
  ada: {}
  bounded: {boundary: PowerUserAccess}
  robot: {managed_by: terraform}
"""


@pytest.fixture
def nobodys(tmp_path: Path) -> str:
    path = tmp_path / "nobodys.yaml"
    path.write_text(NOBODYS)
    return str(path)


def test_nobody_can_be_given_what_another_is_to_hold(capsys: pytest.CaptureFixture[str], nobodys: str) -> None:
    attach = [each for each in printed(capsys, "fix", nobodys) if each["Sid"].startswith("AttachGroup")]
    held = {each["Resource"][-1].rpartition("/")[2]: each["Condition"]["ArnEquals"]["iam:PolicyARN"] for each in attach}
    assert held == {
        "Developers": ["arn:aws:iam::aws:policy/AmazonEC2FullAccess"],
        "Admins": ["arn:aws:iam::aws:policy/AdministratorAccess"],
    }


def test_whom_another_tool_manages_is_not_written_to(capsys: pytest.CaptureFixture[str], nobodys: str) -> None:
    every = json.dumps([printed(capsys, mode, nobodys) for mode in ("fix", "create", "replace")])
    assert "Hands" not in every
    assert "robot" not in every
    assert not {"Join", "TakeFromGroup", "Leave"} & set(by_sid(json.loads(every)[0] + json.loads(every)[2]))


def test_who_needs_a_boundary_and_what_nobody_requires_are_not_made(
    capsys: pytest.CaptureFixture[str], nobodys: str
) -> None:
    assert by_sid(printed(capsys, "create", nobodys))["CreateUsers"]["Resource"] == [
        "arn:aws:iam::123456789012:user/ada"
    ]
    assert "CreatePolicies" not in by_sid(printed(capsys, "fix", nobodys))


def test_an_account_that_no_file_names_is_said_or_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "210987654321" in json.dumps(printed(capsys, "fix", GUIDE, "--account", "210987654321"))
    main(["permissions", "fix", GUIDE])
    assert "replace 123456789012" in capsys.readouterr().err


def test_an_account_that_the_file_names_is_taken_without_a_note(capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert main(["permissions", "fix", file]) == 0
    assert capsys.readouterr().err == ""


def test_of_several_accounts_one_is_told_and_another_can_be_said(
    capsys: pytest.CaptureFixture[str], nobodys: str
) -> None:
    main(["permissions", "fix", nobodys])
    assert "2 accounts, and this is for 123456789012" in capsys.readouterr().err
    assert "group/Admins" in json.dumps(printed(capsys, "fix", nobodys, "--account", "210987654321"))


def test_an_account_that_is_not_the_files_is_refused(capsys: pytest.CaptureFixture[str], nobodys: str) -> None:
    assert main(["permissions", "fix", nobodys, "--account", "333333333333"]) == 2
    assert "the desired state is for 123456789012, 210987654321" in capsys.readouterr().err


def test_a_mode_that_there_is_none_of_is_told_apart_from_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "repair"]) == 2
    assert "use one of audit, fix, create, replace, setup" in capsys.readouterr().err


def test_a_file_that_is_wrong_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "fix", "no-such-file.yaml"]) == 2
    assert "cannot be read" in capsys.readouterr().err


# --- held against a run -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def standing() -> Iterator[Simulator]:
    with standing_still(), serving(drifted()) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def world(standing: Simulator, tmp_path_factory: pytest.TempPathFactory) -> World:
    return explored(standing, tmp_path_factory.mktemp("world"))


@pytest.fixture
def least(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> list[dict[str, Any]]:
    """What audit, fix and create print for the sweep's file."""
    path = tmp_path / "desired.yaml"
    path.write_text(FILE)
    return [each for mode in ("audit", "fix", "create") for each in printed(capsys, mode, str(path))]


def status_with(
    simulator: Simulator, statements: list[dict[str, Any]], folder: Path, inline: str = "", *, fix: bool = True
) -> int:
    """inline: what a group says already that is joined, and that the guards read."""
    simulator.account = drifted()
    simulator.account.state.entities["Group", "developers"].inline |= {"note": inline} if inline else {}
    simulator.forget()
    limit(simulator, statements)
    look = ("scan", str(folder / "desired.yaml"))
    return run(simulator, folder).status if fix else command(simulator, folder, *look, journal=False).status


def limit(simulator: Simulator, statements: list[dict[str, Any]]) -> None:
    """Let the caller do no more than this."""
    simulator.account.permissions = json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_what_is_printed_is_enough_for_a_whole_fix(
    least: list[dict[str, Any]], world: World, standing: Simulator, tmp_path: Path
) -> None:
    assert status_with(standing, least, tmp_path) == 0
    assert holdings(standing.account.state) == holdings(world.after)


@pytest.mark.slow
def test_without_any_one_of_its_actions_the_fix_is_not_whole(
    least: list[dict[str, Any]], world: World, standing: Simulator, tmp_path: Path
) -> None:
    every = [(at, action) for at, each in enumerate(least) for action in each["Action"]]
    assert len(every) > 20
    for at, action in every:
        fewer = copy.deepcopy(least)
        fewer[at]["Action"].remove(action)
        fewer = [each for each in fewer if each["Action"]]
        # After the fix no policy is missing, so the last audit needs no names: those before it do.
        look = action == NAMES
        assert status_with(standing, fewer, tmp_path, inline=READ_LOGS, fix=not look) == 2, action


# --- held against files of other shapes -----------------------------------------------------------------

S3 = '{Version: 2012-10-17, Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "*"}}'
SETS = f"""version: 1
account: {{id: "123456789012"}}
policy_sets:
  build: {{policies: [AmazonEC2FullAccess]}}
  own: {{policies: [{{name: own, path: /team/, document: {S3}}}]}}
"""
INLINE = f"inline: {{x: {S3}}}"
SHAPES = {
    "listed because it is closed": """closed: {users: true, groups: true}
groups: {Developers: {required: [build], path: /team/, members: [new, there]}}
users: {new: {tags: {team: web}, path: /team/}, there: {}}
""",
    "listed because it is large": "groups:\n"
    + "".join(f"  Group{number}: {{required: [build]}}\n" for number in range(20)),
    "an exclusive group alone": "groups: {There: {required: [build], exclusive: true}}",
    "an exclusive user alone": "users: {there: {required: [build], exclusive: true, groups: [There]}}\n"
    "groups: {There: {}, Left: {}}",
    "an exclusive role alone": "roles: {there: {required: [build], exclusive: true}}",
    "documents, listed": f"""closed: {{roles: true}}
groups: {{There: {{required: [own], {INLINE}}}, New: {{}}}}
users: {{there: {{{INLINE}}}, new: {{}}}}
roles: {{there: {{required: [build], {INLINE}}}}}
""",
}


OWN = "arn:aws:iam::123456789012:policy/team/own"
READ_ONE = '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}}'
CALLERS = {"User": "iam::123456789012:user/auditor", "Role": "sts::123456789012:assumed-role/auditor/session"}


def elsewhere(*, written: bool, caller: str = "User", holds: bool = False) -> Account:
    """An account in which everybody is at a path, and holds what no file of these says; written: documents too.

    caller: the kind of who asks, who holds something as well, and as a user is in a group; holds: that is written.
    """
    account = Account(caller=f"arn:aws:{CALLERS[caller]}")
    own = {f"{AWS}IAMReadOnlyAccess", *([OWN] if holds else [])}
    account.add("Group", "Auditors", attached=own, inline={"own": READ_LOGS})
    groups = {"Auditors"} if caller == "User" else set()
    account.add(caller, "auditor", attached=own, inline={"own": READ_LOGS}, groups=groups)
    for name in MANAGED:
        account.add_policy(AWS + name)
    if written:
        account.add_policy(OWN, READ_ONE)
    for kind, name in (("Group", "There"), ("User", "there"), ("Role", "there")):
        held = account.add(kind, name, path="/deep/down/", attached=[f"{AWS}AmazonS3ReadOnlyAccess"])
        held.inline |= {"x": READ_LOGS} if written else {}
    account.add("Group", "Left")
    account.add("User", "stranger", groups={"There"})
    account.state.entities["User", "there"].groups.add("Left")
    return account


def repaired(
    simulator: Simulator, folder: Path, statements: list[dict[str, Any]] | None, *, written: bool, caller: str = "User"
) -> tuple[int, frozenset[tuple[str, ...]]]:
    """The status of a fix by a caller who may do no more than this, and what the account is then."""
    simulator.account = elsewhere(written=written, caller=caller, holds=written)
    simulator.forget()
    if statements is not None:
        limit(simulator, statements)
    file = str(folder / "desired.yaml")
    seen = command(simulator, folder, "scan", file, "--fix", "--create", "--replace", "--yes")
    return seen.status, holdings(simulator.account.state)


def undone(
    simulator: Simulator, folder: Path, statements: list[dict[str, Any]] | None, *, written: bool, caller: str = "User"
) -> tuple[int, frozenset[tuple[str, ...]]]:
    """The same of an undo, of a fix by a caller who may do anything and that takes nothing away."""
    simulator.account = elsewhere(written=written, caller=caller)
    simulator.forget()
    file = str(folder / "desired.yaml")
    kept = [f"--skip={what}-unexpected" for what in ("policy", "inline", "membership")]
    command(simulator, folder, "scan", file, "--fix", "--create", "--replace", *kept, "--yes")
    (folder / "journal.jsonl").replace(folder / "fix.jsonl")
    if statements is not None:
        limit(simulator, statements)
    seen = command(simulator, folder, "undo", str(folder / "fix.jsonl"), "--yes", "--account", "123456789012")
    return seen.status, holdings(simulator.account.state)


@pytest.mark.slow
@pytest.mark.parametrize("written", [False, True], ids=["nothing written", "all written"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_printed_is_enough_for_every_shape_of_file(
    capsys: pytest.CaptureFixture[str], standing: Simulator, tmp_path: Path, shape: str, written: bool
) -> None:
    file = tmp_path / "desired.yaml"
    file.write_text(SETS + SHAPES[shape])
    whole = repaired(standing, tmp_path, None, written=written)
    assert whole[0] != 2
    assert standing.writes
    modes = ("audit", "fix", "create", "replace")
    least = [each for mode in modes for each in printed(capsys, mode, str(file))]
    assert repaired(standing, tmp_path, least, written=written) == whole
    before = holdings(elsewhere(written=written).state)
    status, after = undone(standing, tmp_path, least, written=written)
    # Of a document that was replaced the version before is in force again, which is all that undo promises.
    assert (status, after) == (0, before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "shape"), [(0, "listed because it is closed"), (1, "an exclusive role alone"), (2, "documents, listed")]
)
def test_without_any_one_action_some_fix_of_that_shape_is_not_whole(
    capsys: pytest.CaptureFixture[str], standing: Simulator, tmp_path: Path, first: int, shape: str
) -> None:
    file = tmp_path / "desired.yaml"
    file.write_text(SETS + SHAPES[shape])
    modes = ("audit", "fix", "create", "replace")
    least = [each for mode in modes for each in printed(capsys, mode, str(file))]
    actions = sorted({action for each in least for action in each["Action"]} - {NAMES})  # as above
    assert len(actions) > 15
    for action in actions if EVERY_ACTION else actions[first::3]:  # most are needed by every shape
        fewer = [{**each, "Action": [name for name in each["Action"] if name != action]} for each in least]
        fewer = [each for each in fewer if each["Action"]]
        runs = [repaired, undone]
        if action.startswith(("iam:Delete", "iam:Detach", "iam:Remove", "iam:SetDefault")):
            runs.reverse()  # the one that needs it comes first, and ends the search
        callers = sorted(CALLERS, key=lambda each: each not in action)
        tries = itertools.product(callers, runs, (True, False))
        failed = (each(standing, tmp_path, fewer, written=all_, caller=who)[0] == 2 for who, each, all_ in tries)
        assert any(failed), action


# --- setup ------------------------------------------------------------------------------------------------

SETUP = """version: 1
account: {id: "123456789012"}
policy_sets: {build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}}
groups: {Developers: {required: [build], members: [koding-user]}}
"""


def set_up(simulator: Simulator, folder: Path, statements: list[dict[str, Any]]) -> int:
    """The status of a setup with a key that cannot be kept at first, by a caller who may do no more than this."""
    simulator.account = Account()
    simulator.forget()
    for name in MANAGED:
        simulator.account.add_policy(AWS + name)
    limit(simulator, statements)
    (folder / ".aws").mkdir(exist_ok=True)
    for left in (".aws/credentials", "journal.jsonl.key"):
        (folder / left).unlink(missing_ok=True)
    said = ("setup", str(folder / "desired.yaml"), "--yes", "--save-key", "profile:koding")
    with patch.object(CredentialsFile, "add_profile", side_effect=AuditError("no room")):
        refused = command(simulator, folder, *said)
    (folder / "journal.jsonl.key").unlink(missing_ok=True)
    user = simulator.account.state.entities.get(("User", "koding-user"))
    kept_none = refused.status == 2 and user is not None and not user.keys
    return command(simulator, folder, *said).status if kept_none else 2


def test_what_is_printed_is_enough_for_a_setup_and_its_key(
    capsys: pytest.CaptureFixture[str], standing: Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "desired.yaml"
    file.write_text(SETUP)
    least = [each for mode in ("audit", "setup") for each in printed(capsys, mode, str(file))]
    assert set_up(standing, tmp_path, least) == 0
    for action in ("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"):
        fewer = [{**each, "Action": [name for name in each["Action"] if name != action]} for each in least]
        assert set_up(standing, tmp_path, [each for each in fewer if each["Action"]]) == 2, action


WEB = str(Path(GUIDE).parent / "stacks" / "web.yml")
SUBJECT = "repo:acme@12/web@34:environment:production"


def test_deploy_prints_what_the_stack_needs_as_stack_does(capsys: pytest.CaptureFixture[str]) -> None:
    policy = printed(capsys, "deploy", WEB, GUIDE)
    main(["stack", WEB, GUIDE, "--source", "demo", "--policy", "--quiet"])
    assert policy == json.loads(capsys.readouterr().out)["Statement"]
    assert "route53:ChangeResourceRecordSets" in {action for each in policy for action in each["Action"]}


def test_deploy_with_a_role_prints_its_trust_and_its_policy(capsys: pytest.CaptureFixture[str]) -> None:
    policy = printed(capsys, "deploy", WEB, GUIDE)
    assert main(["permissions", "deploy", WEB, GUIDE, "--role", "--subject", SUBJECT, "--account", "210987654321"]) == 0
    role = json.loads(capsys.readouterr().out)
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"]["Federated"].startswith("arn:aws:iam::210987654321:oidc-provider/")
    assert trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == [SUBJECT]
    (inline,) = role["Policies"]
    assert inline["PolicyName"] == "deploy"
    expected = json.loads(json.dumps(policy).replace("123456789012", "210987654321"))
    assert inline["PolicyDocument"]["Statement"] == expected


def test_deploy_names_the_parts_that_are_not_in_the_policy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = tmp_path / "stack.json"
    script.write_text(json.dumps({"resource": {"aws_of_tomorrow": {"x": {}}, "aws_eip": {"web": {}}}}))
    assert main(["permissions", "deploy", str(script), GUIDE]) == 0
    assert "Not in the policy, because it is not known: aws_of_tomorrow.x" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy"], "needs a stack script"),
        (["deploy", WEB, "--subject", SUBJECT], "add --role"),
        (["deploy", WEB, "--role"], "add --subject"),
        (["deploy", WEB, "--role", "--subject", "repo:acme@12/web@34:pull_request"], "pull request"),
        (["deploy", WEB, "--role", "--subject", "repo:acme@*/web@34:environment:x"], "wildcard"),
        (["fix", GUIDE, "--role"], "permissions deploy"),
    ],
)
def test_deploy_refuses_what_it_cannot_write(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["permissions", *words]) == 2
    printed_text = capsys.readouterr()
    assert (printed_text.out, said in printed_text.err) == ("", True)
