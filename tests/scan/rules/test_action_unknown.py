"""action-unknown: an action of a set that AWS does not have."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.desired import RequiredAction
from koding_audit.model.finding import Finding
from koding_audit.reference.actions import load_actions
from koding_audit.scan.rules import action_unknown
from tests.values import ROOT, compare, desired, line, policy_set, snapshot


def findings(*names: str) -> list[Finding]:
    actions = tuple(RequiredAction(name, line(8 + position, 7)) for position, name in enumerate(names))
    wanted = desired(replace(policy_set("acts"), actions=actions))
    return list(action_unknown.check(compare(wanted, snapshot())))


def test_an_action_that_aws_has_is_no_finding_in_whatever_case():
    assert findings("ec2:RunInstances", "EC2:runinstances") == []


def test_an_action_that_aws_does_not_have_is_a_warning_with_the_nearest_one_and_its_line():
    (finding,) = findings("ec2:RunInstance")
    assert (finding.severity, finding.subject, finding.location) == ("warning", ROOT, line(8, 7))
    assert finding.id == f"action-unknown/{ROOT}/ec2:RunInstance"
    assert finding.policy_set == "acts"
    assert finding.evidence["nearest"] == "ec2:RunInstances"
    assert finding.message.endswith("did you mean ec2:RunInstances?")


def test_a_service_that_aws_does_not_have_is_found_too():
    (finding,) = findings("nosuchservicehere:DoIt")
    assert "nosuchservicehere:DoIt" in finding.message


def test_an_action_that_stands_in_several_places_is_told_once():
    assert [each.key for each in findings("ec2:RunInstance", "ec2:runinstance")] == ["ec2:RunInstance"]


def test_a_file_without_actions_has_nothing_to_tell():
    assert findings() == []


def test_case_20_the_message_names_the_date_of_the_list_and_the_help_what_to_do_with_a_newer_action():
    (finding,) = findings("quantumstore:PutHologram")
    date = load_actions().names_date
    assert finding.message == f"quantumstore:PutHologram, which set acts needs, is not among AWS's actions of {date}"
    assert finding.evidence["list"] == {"date": date}
    assert "--skip action-unknown" in action_unknown.HELP.by_hand
    assert "if AWS added it later" in action_unknown.STEP
