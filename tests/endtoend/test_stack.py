"""`--stack`: the sets that a script needs are required in that run, if a person agrees or --with names them."""

from __future__ import annotations

from pathlib import Path

from tests.endtoend.harness import GUIDE, PINNED, Command
from tests.servers.moto_account import MotoAccount

CHECKOUT = Path(__file__).parents[2]
WEB = str(CHECKOUT / "policies" / "stacks" / "web.yml")
DNS = ("AmazonRoute53DomainsFullAccess", "AmazonRoute53FullAccess")


def attached(account: MotoAccount) -> set[str]:
    listed = account.iam.list_attached_group_policies(GroupName="Developers")["AttachedPolicies"]
    return {each["PolicyName"] for each in listed}


def test_a_stack_makes_its_set_required_and_is_itself_a_finding_at_its_line(
    command: Command, repaired: MotoAccount
) -> None:
    repaired.iam.detach_group_policy(GroupName="Developers", PolicyArn=f"arn:aws:iam::aws:policy/{DNS[0]}")
    result = command.json("scan", GUIDE, "--stack", WEB)
    assert result.status == 1
    found = {each["id"].split("/")[0]: each for each in result.audit["findings"]}
    assert {each["policy_set"] for each in result.audit["findings"] if each["rule"] == "policy-missing"} == {"route53"}
    lacking = found["stack-not-buildable"]
    assert lacking["location"] == {"path": WEB, "line": 26, "column": 5}
    assert lacking["severity"] == "error"
    assert "set route53, which is required, grants it" in lacking["message"]


def test_a_person_who_agrees_makes_the_account_ready_for_the_stack(command: Command, repaired: MotoAccount) -> None:
    result = command.at_terminal("scan", GUIDE, "--stack", WEB, "--fix", answer="yes")
    assert result.status == 0
    assert set(DNS) <= attached(repaired)
    assert "fixed" in result.stdout
    assert command("stack", WEB, GUIDE).status == 0
    assert command("scan", GUIDE, "--stack", WEB, "--fix", "--yes", *PINNED).status == 0


def test_without_a_person_a_script_enables_nothing_that_with_does_not_name(
    command: Command, repaired: MotoAccount
) -> None:
    before = attached(repaired)
    result = command.json("scan", GUIDE, "--stack", WEB, "--fix", "--yes", *PINNED)
    assert result.status == 1
    assert attached(repaired) == before
    assert "set route53 would help the stack; without confirmation it needs --with route53" in result.stderr
    (lacking,) = [each for each in result.audit["findings"] if each["rule"] == "stack-not-buildable"]
    assert lacking["status"] == "open"
    assert "set route53 (--with route53) grants it" in lacking["message"]
    again = command.json("scan", GUIDE, "--stack", WEB, "--with", "route53", "--fix", "--yes", *PINNED)
    assert again.status == 0
    assert set(DNS) <= attached(repaired)


def test_a_plan_names_its_scripts_and_is_refused_when_one_has_changed(
    command: Command, repaired: MotoAccount, tmp_path: Path
) -> None:
    script = tmp_path / "web.yml"
    script.write_text(Path(WEB).read_text(encoding="utf-8"), encoding="utf-8")
    assert command("plan", GUIDE, "--stack", str(script), "--out", "one.plan").status == 0
    script.write_text(script.read_text(encoding="utf-8") + "# later\n", encoding="utf-8")
    refused = command("apply", "one.plan", "--yes", *PINNED)
    assert refused.status == 2
    assert "has changed since the plan was made" in refused.stderr
    assert command("plan", GUIDE, "--stack", str(script), "--out", "two.plan").status == 0
    assert command("apply", "two.plan", "--yes", *PINNED).status == 0
    assert set(DNS) <= attached(repaired)


def test_a_type_that_nobody_knows_is_a_finding_of_its_own(
    command: Command, repaired: MotoAccount, tmp_path: Path
) -> None:
    script = tmp_path / "new.yml"
    script.write_text("resource: {aws_of_tomorrow: {a: {}, b: {}}}\n", encoding="utf-8")
    result = command.json("scan", GUIDE, "--stack", str(script))
    assert result.status == 1
    (unknown,) = [each for each in result.audit["findings"] if each["rule"] == "stack-type-unknown"]
    assert unknown["message"].endswith("(and 1 more of this type)")
    assert unknown["evidence"]["places"] == ["aws_of_tomorrow.a", "aws_of_tomorrow.b"]


def test_who_builds_is_only_said_where_something_is_to_be_built(command: Command) -> None:
    refused = command("scan", GUIDE, "--principal", "user/koding-user")
    assert refused.status == 2
    assert "add --stack SCRIPT" in refused.stderr


def test_a_sets_document_that_may_not_be_read_is_taken_from_what_ships_and_that_is_told(
    command: Command, repaired: MotoAccount
) -> None:
    for name in DNS:
        repaired.fail("GetPolicy", match={"PolicyArn": f"arn:aws:iam::aws:policy/{name}"})
    repaired.iam.detach_group_policy(GroupName="Developers", PolicyArn=f"arn:aws:iam::aws:policy/{DNS[0]}")
    result = command("stack", WEB, GUIDE)
    assert result.status == 1
    assert "set route53 of group Developers is not attached (optional)" in result.stdout
    assert "AmazonRoute53FullAccess: the document could not be read; used AWS's document of 20" in result.stderr


def test_a_policy_that_decides_and_may_not_be_read_makes_it_unknown(command: Command, repaired: MotoAccount) -> None:
    repaired.fail("GetPolicyVersion", match={"PolicyArn": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"})
    result = command("stack", WEB, GUIDE)
    assert result.status == 2
    assert "Not known whether it can be built: whether ec2:RunInstances" in result.stdout
    scanned = command.json("scan", GUIDE, "--stack", WEB)
    assert scanned.status == 2
    assert {each["rule"] for each in scanned.audit["findings"]} >= {"not-checked"}
    assert "stack-not-buildable" not in {each["rule"] for each in scanned.audit["findings"]}
