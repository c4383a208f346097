"""Statements and their principals in the comparison."""

from __future__ import annotations

import json
import time
from typing import Any

from koding_audit.policy.diff import PolicyChange
from tests.policy.diff.policies import Json, allow, between, policy

ANN = "arn:aws:iam::123456789012:user/ann"
ROOT = "arn:aws:iam::123456789012:root"


def trust(principal: Any, effect: str = "Allow", element: str = "Principal") -> Json:
    return {"Effect": effect, "Action": "sts:AssumeRole", element: principal}


def test_a_principal_is_told_with_what_it_gained() -> None:
    (change,) = between(trust({"AWS": ROOT}), trust({"AWS": [ROOT, ANN]})).gained
    assert change == PolicyChange("sts:AssumeRole", "*", "", f"AWS:{ANN}")


def test_an_account_is_the_same_by_its_id_and_by_its_arn() -> None:
    assert between(trust({"AWS": ROOT}), trust({"AWS": "123456789012"})).verdict == "equal"
    in_china = ROOT.replace("arn:aws:", "arn:aws-cn:")
    assert between(trust({"AWS": in_china}), trust({"AWS": "123456789012"})).verdict == "equal"


def test_an_incomplete_arn_of_an_identity_policy_is_the_same_as_its_completion() -> None:
    for short, full in (("arn:aws:sqs", "arn:aws:sqs:*:*:*"), ("arn:aws:sqs:", "arn:aws:sqs::*:*")):
        for element in ("Resource", "NotResource"):
            for effect in ("Allow", "Deny"):
                old, new = ({"Effect": effect, "Action": "sqs:*", element: each} for each in (short, full))
                assert between(old, new).verdict == "equal"
    assert between(allow("sqs:*", "arn:aws:sqs"), allow("sqs:*", "arn:aws:sqs:")).verdict == "different"


def test_an_incomplete_arn_of_a_resource_policy_is_not_completed() -> None:
    old, new = ({**allow("sqs:*", each), "Principal": "*"} for each in ("arn:aws:sqs", "arn:aws:sqs:*:*:*"))
    assert between(old, new).verdict == "different"


def test_everybody_is_more_than_one_account() -> None:
    assert PolicyChange("sts:AssumeRole", "*", "", "AWS:*") in between(trust({"AWS": ROOT}), trust("*")).gained
    assert between(trust("*"), trust({"AWS": "*"})).verdict == "equal"
    assert between(trust("*"), trust({"AWS": ["*", ANN]})).verdict == "equal"


def test_whether_everybody_means_services_too_is_left_open() -> None:
    assert between(trust("*"), trust({"AWS": "*", "Service": "ec2.amazonaws.com"})).verdict == "undecided"


def test_a_service_is_no_other_service() -> None:
    found = between(trust({"Service": "ec2.amazonaws.com"}), trust({"Service": "ecs.amazonaws.com"}))
    assert [each.principal for each in (*found.gained, *found.lost)] == [
        "Service:ecs.amazonaws.com",
        "Service:ec2.amazonaws.com",
    ]


def test_a_denied_account_is_everybody_of_it() -> None:
    everybody = trust("*")
    deny_both, deny_account = (trust({"AWS": each}, "Deny") for each in ([ROOT, ANN], [ROOT]))
    assert between([everybody, deny_both], [everybody, deny_account]).verdict == "equal"


def test_a_not_principal_spares_whom_it_lists() -> None:
    everybody = trust("*")
    spared = trust({"AWS": [ANN, ROOT]}, "Deny", "NotPrincipal")
    found = between(everybody, [everybody, spared])
    lost = {each.principal for each in found.lost}
    assert "AWS:*" in lost
    assert not {f"AWS:{ANN}", f"AWS:{ROOT}"} & lost


def test_whom_a_not_principal_spares_only_by_half_is_left_open() -> None:
    everybody = trust("*")
    half, whole = (trust({"AWS": each}, "Deny", "NotPrincipal") for each in ([ANN], [ANN, ROOT]))
    assert between([everybody, half], [everybody, whole]).why


def test_statements_that_are_given_twice_cost_nothing() -> None:
    document = json.loads(json.dumps(policy(*[allow("s3:*", f"arn:aws:s3:::*{number}*") for number in range(40)])))
    begun = time.perf_counter()
    assert between(document, document).verdict == "equal"
    assert time.perf_counter() - begun < 1
