"""Operations and events give the actions that IAM has, and nothing where that is not certain."""

from __future__ import annotations

import pytest

from koding_audit.reference.actions import load_actions
from koding_audit.reference.operations import load_operations, service_key
from koding_audit.reference.tables import read_json

TABLE = load_operations()
ACTIONS = load_actions()


def test_every_action_of_the_table_is_in_the_list() -> None:
    listed = [each for actions in (*TABLE.actions.values(), *TABLE.inferred.values()) for each in actions]
    assert [each for each in listed if ACTIONS.canonical_name(each) != each] == []


def test_no_operation_of_the_table_is_an_action_itself() -> None:
    assert [each for each in (*TABLE.actions, *TABLE.inferred) if ACTIONS.canonical_name(each) == each] == []


def test_every_service_of_the_tables_has_actions() -> None:
    assert {*TABLE.event_sources.values(), *TABLE.sdk_services.values()} <= ACTIONS.services.keys()


@pytest.mark.parametrize(
    ("service", "operation", "actions"),
    [
        ("s3", "ListObjectsV2", ("s3:ListBucket",)),
        ("lambda", "Invoke", ("lambda:InvokeFunction",)),
        ("lambda", "ListTags20170331", ("lambda:ListTags",)),
        ("securityhub", "GetFindingsV2", ("securityhub:GetFindingsV2",)),
        ("ec2", "NoSuchOperation", ()),
        ("sqs", "SendMessageBatch", ()),
    ],
)
def test_an_operation_gives_its_actions(service: str, operation: str, actions: tuple[str, ...]) -> None:
    known = tuple(each for each in actions if each in ACTIONS)
    assert TABLE.actions_of(service, operation, ACTIONS) == known


def test_an_inferred_row_only_names_candidates() -> None:
    assert TABLE.candidates_of("sqs", "SendMessageBatch", ACTIONS) == ("sqs:SendMessage",)
    assert TABLE.candidates_of("iam", "GetRole", ACTIONS) == ("iam:GetRole",)


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("Elastic Load Balancing v2", "elasticloadbalancing"),
        ("AmazonS3", "s3"),
        ("AWS KMS", "kms"),
        ("AmazonDynamoDBv2", "dynamodb"),
        ("SFN", "states"),
        ("Nothing", ""),
    ],
)
def test_a_service_is_known_by_its_name_in_an_sdk(name: str, service: str) -> None:
    assert TABLE.service_of_sdk(name) == service
    assert service_key(name) == service_key(name.replace(" ", "").upper())


@pytest.mark.parametrize(
    ("source", "service"),
    [("monitoring.amazonaws.com", "cloudwatch"), ("iam.amazonaws.com", "iam"), ("a.b.amazonaws.com", ""), ("iam", "")],
)
def test_a_service_is_known_by_its_event_source(source: str, service: str) -> None:
    assert TABLE.service_of_event(source) == service


def test_an_operation_of_several_services_has_none() -> None:
    assert TABLE.service_of_operation("HeadObject", ACTIONS) == "s3"
    assert TABLE.service_of_operation("GetObject", ACTIONS) == ""
    assert TABLE.service_of_operation(read_json("sdk_services")["shared"][0], ACTIONS) == ""
