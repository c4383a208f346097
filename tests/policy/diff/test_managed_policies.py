"""The comparison on AWS's own managed policies, against themselves and against changes whose meaning is known."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from koding_audit.policy.diff import compare_documents, covers_documents
from koding_audit.policy.document import parse_document

pytestmark = pytest.mark.usefixtures("unmeasured")

Json = dict[str, Any]

# Some of every kind: the largest, Deny, NotAction, variables, wildcards, many conditions.
NAMES = (
    *("ReadOnlyAccess", "AWSSupportServiceRolePolicy", "SecurityAudit", "AmazonEC2FullAccess", "IAMReadOnlyAccess"),
    *("AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess", "AdministratorAccess", "PowerUserAccess"),
    *("AWSDenyAll", "IAMUserChangePassword", "AmazonSageMakerFullAccess", "AWSLambda_FullAccess", "AmazonEKSCNIPolicy"),
    *(
        "SageMakerStudioProjectUserRolePolicy",
        "SageMakerStudioProjectUserRolePermissionsBoundary",
        "AmazonS3FullAccess",
    ),
    *(
        "AmazonDataZoneFullAccess",
        "AWSElasticBeanstalkServiceRolePolicy",
        "AmazonEBSCSIDriverPolicy",
        "SystemAdministrator",
    ),
    *("SageMakerStudioAdminIAMDefaultExecutionPolicy", "ViewOnlyAccess", "AWS_ConfigRole", "NetworkAdministrator"),
)
SWEEP = "DIFF_PAIRS" in os.environ


@pytest.fixture(scope="module")
def documents() -> Mapping[str, Json]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    every = json.loads(aws_managed_policies_data)
    return {name: every[name]["Document"] for name in (every if SWEEP else NAMES) if name in every}


def statements(document: Json) -> list[Json]:
    found = document["Statement"]
    return [json.loads(json.dumps(each)) for each in (found if isinstance(found, list) else [found])]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# --- changes that change nothing ----------------------------------------------------------------


def reordered(found: list[Json], dice: random.Random) -> list[Json]:
    dice.shuffle(found)
    for each in found:
        for name in {"Action", "NotAction", "Resource", "NotResource"} & each.keys():
            each[name] = dice.sample(listed(each[name]), len(listed(each[name])))
    return found


def scalar_for_list(found: list[Json], dice: random.Random) -> list[Json]:
    for each in found:
        for name in {"Action", "NotAction", "Resource", "NotResource"} & each.keys():
            value = each[name]
            each[name] = value[0] if isinstance(value, list) and len(value) == 1 else listed(value)
    return found


def split(found: list[Json], dice: random.Random) -> list[Json]:
    """Each statement with several actions as two."""
    parts = []
    for each in found:
        actions = listed(each.get("Action", []))
        cut = dice.randrange(1, len(actions)) if len(actions) > 1 else 0
        if cut:
            parts += [{**each, "Action": actions[:cut], "Sid": ""}, {**each, "Action": actions[cut:], "Sid": ""}]
        else:
            parts.append(each)
    return parts


def in_another_case(found: list[Json], dice: random.Random) -> list[Json]:
    for each in found:
        for name in {"Action", "NotAction"} & each.keys():
            each[name] = [dice.choice([str.upper, str.lower, str.swapcase])(action) for action in listed(each[name])]
    return found


def with_an_action_twice(found: list[Json], dice: random.Random) -> list[Json]:
    for each in found:
        if "Action" in each:
            each["Action"] = [*listed(each["Action"]), dice.choice(listed(each["Action"]))]
    return found


@pytest.mark.parametrize("change", [reordered, scalar_for_list, split, in_another_case, with_an_action_twice])
def test_another_text_with_the_same_meaning_is_equal(
    documents: Mapping[str, Json], change: Callable[[list[Json], random.Random], list[Json]]
) -> None:
    dice = random.Random(1)
    for name, document in documents.items():
        changed = {**document, "Statement": change(statements(document), dice)}
        assert compare_documents(parse_document(document), parse_document(changed)).verdict == "equal", name


# --- changes that change something --------------------------------------------------------------


def test_an_action_of_a_service_of_its_own_is_gained_and_lost(documents: Mapping[str, Json]) -> None:
    extra = {"Effect": "Allow", "Action": ["tomorrow:StartThing"], "Resource": "*"}
    for name, document in documents.items():
        longer = {**document, "Statement": [*statements(document), extra]}
        found = compare_documents(parse_document(document), parse_document(longer))
        assert not found.lost, name
        if not any(held(each) for each in statements(document)):
            (change,) = found.gained
            assert change.action == "tomorrow:StartThing", name
            assert compare_documents(parse_document(longer), parse_document(document)).lost == found.gained


def held(statement: Json) -> bool:
    """Whether it gives or denies everything, a service of tomorrow included."""
    return "NotAction" in statement or "*" in listed(statement["Action"])


def test_an_action_that_nothing_else_holds_is_lost_when_it_is_dropped(documents: Mapping[str, Json]) -> None:
    dice = random.Random(2)
    for name, document in documents.items():
        changed = statements(document)
        every = [(each, action) for each in changed if "Action" in each for action in listed(each["Action"])]
        each, action = dice.choice([*every, ({}, "")])
        others = [other for _, other in every if other != action and other.split(":")[0] in (action.split(":")[0], "*")]
        alone = not any("*" in other or "?" in other for other in others) and [a for _, a in every].count(action) == 1
        if not alone or each["Effect"] == "Deny" or any(held(other) for other in changed) or len(every) == 1:
            continue
        each["Action"] = [other for other in listed(each["Action"]) if other != action]
        found = compare_documents(parse_document(document), parse_document({**document, "Statement": changed}))
        assert found.verdict == "different", name
        assert action in {change.action for change in found.lost}, name


@pytest.mark.slow
def test_a_statement_less_is_never_a_gain_but_of_what_it_denied(documents: Mapping[str, Json]) -> None:
    dice = random.Random(3)
    for name, document in documents.items():
        kept = statements(document)
        gone = kept.pop(dice.randrange(len(kept)))
        found = compare_documents(parse_document(document), parse_document({**document, "Statement": kept}))
        assert not found.forbidden, name
        assert not (found.gained if gone["Effect"] == "Allow" else found.lost), name
        assert (
            covers_documents(parse_document(document), parse_document({**document, "Statement": kept}))
            or gone["Effect"] == "Deny"
        ), name


def test_the_two_route53_policies_are_as_the_guide_takes_them(documents: Mapping[str, Json]) -> None:
    full, domains = (parse_document(documents[f"AmazonRoute53{each}FullAccess"]) for each in ("", "Domains"))
    assert covers_documents(full, domains) is True
    assert covers_documents(domains, full) is False
    assert covers_documents(parse_document(documents["AdministratorAccess"]), [full, domains]) is True


def test_nothing_is_open_between_a_policy_and_itself(documents: Mapping[str, Json]) -> None:
    for name, document in documents.items():
        assert compare_documents(parse_document(document), parse_document(document)).verdict == "equal", name
