"""action-resource-mismatch: an action of a set with a resource that AWS does not use it on."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.desired import RequiredAction
from koding_audit.model.finding import Finding
from koding_audit.scan.rules import action_not_effective, action_resource_mismatch
from tests.values import ROOT, aws, compare, desired, group, line, live_group, policy_set, snapshot, statement

BUCKET, OBJECTS = "arn:aws:s3:::logs", "arn:aws:s3:::logs/*"


def findings(*wanted: tuple[str, str]) -> list[Finding]:
    actions = tuple(RequiredAction(name, line(8 + at, 7), resource) for at, (name, resource) in enumerate(wanted))
    state = desired(replace(policy_set("logs"), actions=actions))
    return list(action_resource_mismatch.check(compare(state, snapshot())))


def test_case_12_get_object_on_a_bucket_is_a_warning_that_names_the_types_of_the_action():
    (finding,) = findings(("s3:GetObject", BUCKET))
    assert (finding.severity, finding.subject, finding.location) == ("warning", ROOT, line(8, 7))
    assert finding.id == f"action-resource-mismatch/{ROOT}/s3:GetObject/{BUCKET}"
    assert finding.policy_set == "logs"
    assert finding.message == (
        "s3:GetObject, which set logs needs, is not used on arn:aws:s3:::logs: its resource types are "
        "accesspointobject, object"
    )
    assert finding.evidence["types"] == ["accesspointobject", "object"]


def test_case_12_stays_a_mismatch_where_the_policies_allow_the_action_on_the_bucket():
    policies = aws("Logs")
    needed = replace(policy_set("logs", policies), actions=(RequiredAction("s3:GetObject", line(8, 7), BUCKET),))
    live = snapshot(
        live_group("Developers", attached=[policies]), documents={policies: statement("s3:GetObject", Resource=BUCKET)}
    )
    comparison = compare(desired(needed, group("Developers", required=["logs"])), live)
    assert list(action_not_effective.check(comparison)) == []
    assert [each.rule for each in action_resource_mismatch.check(comparison)] == ["action-resource-mismatch"]


def test_an_action_without_resource_types_is_found_on_a_single_resource_only():
    queue = "arn:aws:sqs:eu-west-1:123456789012:orders"
    assert [each.message for each in findings(("sqs:ListQueues", queue), ("sqs:ListQueues", "*"))] == [
        f"sqs:ListQueues, which set logs needs, has no resource type: it is not used on {queue}"
    ]


def test_objects_patterns_and_resources_of_the_action_are_no_finding():
    assert findings(("s3:GetObject", OBJECTS), ("s3:ListBucket", BUCKET), ("s3:GetObject", f"{BUCKET}/a")) == []


def test_an_action_that_aws_does_not_have_is_left_to_action_unknown():
    assert findings(("s3:GetObjects", BUCKET)) == []


def test_the_same_mismatch_in_several_places_is_reported_once():
    assert [each.location for each in findings(("s3:GetObject", BUCKET), ("S3:getobject", BUCKET))] == [line(8, 7)]


def test_a_file_without_actions_has_no_finding():
    assert findings() == []
