"""`can --cases FILE`: its lines, its statuses, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from koding_audit.reference.actions import load_actions

ALLOW = {"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
REQUEST = {
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k",
    "resourceAccount": "123456789012",
    "principal": "arn:aws:iam::123456789012:user/alice",
    "context": {},
}


def case(**said: Any) -> dict[str, Any]:
    return {"id": "one", "request": REQUEST, "identityPolicies": [ALLOW], **said}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def asked(*lines: Mapping[str, Any] | str) -> tuple[int, list[Any], str]:
        path = tmp_path / "cases.jsonl"
        path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines) + "\n")
        status = main(["can", "--cases", str(path)])
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err.replace(str(tmp_path), "")

    return asked


def test_an_answer_names_the_statement_that_allows(ask: Any) -> None:
    status, answers, err = ask(case(expected="allowed"))
    reason = {
        "layer": "identity",
        "policy": "identityPolicies[0]",
        "statement": 0,
        "sid": "All",
        "effect": "Allow",
        "why": "allows",
    }
    assert (status, answers) == (0, [{"id": "one", "verdict": "allowed", "because": [reason]}])
    assert "1 case, 0 not as expected" in err


def test_an_answer_names_the_statement_that_denies(ask: Any) -> None:
    _, (answer,), _ = ask(case(identityPolicies=[ALLOW, DENY]))
    assert answer["verdict"] == "explicit-deny"
    assert [(each["policy"], each["sid"], each["effect"]) for each in answer["because"]] == [
        ("identityPolicies[1]", "No", "Deny")
    ]


def test_an_answer_names_the_layer_that_does_not_allow_and_what_nearly_does(ask: Any) -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    boundary = {"Version": "2012-10-17", "Statement": [{**ALLOW["Statement"][0], "Condition": condition}]}
    _, (answer,), _ = ask(case(boundary=[boundary]))
    assert answer["verdict"] == "implicit-deny"
    assert [(each["layer"], each["why"]) for each in answer["because"]] == [
        ("permissions boundary", "no statement allows s3:GetObject on arn:aws:s3:::b/k"),
        ("permissions boundary", "its condition is not met: StringEquals aws:requestedregion"),
    ]


@pytest.mark.parametrize(
    ("expected", "policies", "status"),
    [
        ("allowed", [ALLOW], 0),
        ("denied", [ALLOW], 1),
        ("denied", [], 0),
        ("denied", [DENY], 0),
        ("implicitDeny", [], 0),
        ("implicitDeny", [DENY], 1),
        ("explicitDeny", [DENY], 0),
        ("explicit-deny", [DENY], 0),
        ("explicitDeny", [], 1),
        ("allowed", [], 1),
    ],
)
def test_the_status_says_whether_each_case_is_as_expected(
    ask: Any, expected: str, policies: list[Any], status: int
) -> None:
    assert ask(case(expected=expected, identityPolicies=policies))[0] == status


def test_what_is_not_as_expected_is_named_with_its_line(ask: Any) -> None:
    status, answers, err = ask(case(expected="allowed"), case(id="two", expected="denied"))
    assert (status, len(answers)) == (1, 2)
    assert "cases.jsonl:2:1: two: expected denied, is allowed" in err


def test_a_case_without_an_expectation_is_only_answered(ask: Any) -> None:
    status, (answer,), _ = ask(case(identityPolicies=[]))
    assert (status, answer["verdict"]) == (0, "implicit-deny")


def test_an_answer_that_is_not_known_is_status_2_whatever_else_is_wrong(ask: Any) -> None:
    strange = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}
    status, answers, _ = ask(case(identityPolicies=[strange]), case(expected="denied"))
    assert status == 2
    assert [each["verdict"] for each in answers] == ["unknown", "allowed"]


def test_null_is_none_and_one_document_is_a_list_of_one(ask: Any) -> None:
    nothing = dict.fromkeys(("resourcePolicy", "boundary", "scps", "rcps", "session", "expected"))
    assert ask(case(**nothing, identityPolicies=ALLOW))[1][0]["verdict"] == "allowed"


def test_context_values_may_be_numbers_and_booleans(ask: Any) -> None:
    condition = {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": 11}}
    document = {"Version": "2012-10-17", "Statement": [{**ALLOW["Statement"][0], "Condition": condition}]}
    context = {"aws:SecureTransport": True, "s3:max-keys": [10], "aws:SourceVpc": None}
    assert ask(case(identityPolicies=[document], request={**REQUEST, "context": context}))[0] == 0


def test_the_management_account_of_the_context_is_not_bound(ask: Any) -> None:
    context = {"aws:PrincipalOrgMasterAccountId": "123456789012"}
    assert ask(case(scps=[[DENY]]))[1][0]["verdict"] == "explicit-deny"
    assert ask(case(scps=[[DENY]], request={**REQUEST, "context": context}))[1][0]["verdict"] == "allowed"


def test_remarks_are_left_alone_and_empty_lines_skipped(ask: Any) -> None:
    request = {**REQUEST, "x-seen": "in a log"}
    said = case(tier="core", tags=["x"], source="somebody", note="why", request=request, **{"x-ticket": 7})
    status, answers, _ = ask("", said, "  ")
    assert (status, len(answers)) == (0, 1)


@pytest.mark.parametrize(
    ("line", "place", "problem"),
    [
        ('{"id": "x",', ":2:12: ", "not JSON"),
        ("[]", ":2:1: ", "must be an object"),
        ('{"id": "x"}', ":2:1: ", "request: must be an object"),
        (json.dumps(case(request={**REQUEST, "action": None})), ":2:1: ", "request.action: must be text"),
        (json.dumps(case(boundry=[ALLOW])), ":2:1: ", "unknown key boundry: did you mean boundary?"),
        (json.dumps(case(identityPolicies=[7])), ":2:1: ", "identityPolicies[0]: must be a policy document"),
        (json.dumps(case(scps=[7])), ":2:1: ", "scps[0]"),
        (json.dumps(case(expected="maybe")), ":2:1: ", "expected: must be one of allowed, "),
        (json.dumps(case(request={**REQUEST, "context": {"a": {}}})), ":2:1: ", "text, a number, true or false"),
        ('{"id": "x", "id": "y"}', ":2:13: ", "duplicate key"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_place(ask: Any, line: str, place: str, problem: str) -> None:
    status, answers, err = ask(case(), line)
    assert (status, [each["verdict"] for each in answers]) == (2, ["allowed"])
    assert f"cases.jsonl{place}error: " in err
    assert problem in err


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (case(endpointPolicy=[ALLOW]), "error: unknown key endpointPolicy: did you mean endpointPolicies?"),
        (case(permissionSet=None), "error: unknown key permissionSet; "),
        (case(comment="x"), "error: unknown key comment; remove it, or name it x-comment if it is a remark"),
        (case(request={**REQUEST, "tags": []}), "error: request: unknown key tags; "),
        (case(request={**REQUEST, "note": ""}), "error: request: unknown key note; "),
        (case(request={**REQUEST, "ressource": ""}), "error: request: unknown key ressource: did you mean resource?"),
    ],
)
def test_a_field_outside_the_format_is_refused_by_name_and_place(
    ask: Any, said: Mapping[str, Any], problem: str
) -> None:
    status, answers, err = ask(said)
    assert (status, answers) == (2, [])
    assert f"cases.jsonl:1:1: {problem}" in err


ENDPOINT_ALLOW = {"Statement": [{**ALLOW["Statement"][0], "Principal": "*"}]}
ENDPOINT_DENY = {"Statement": [{**DENY["Statement"][0], "Principal": "*"}]}


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (None, "allowed"),
        ([], "allowed"),
        (ENDPOINT_ALLOW, "allowed"),
        ([ENDPOINT_ALLOW], "allowed"),
        ([ENDPOINT_DENY], "explicit-deny"),
        ([{"Statement": []}], "implicit-deny"),
    ],
)
def test_the_policy_of_a_vpc_endpoint_limits_a_request_that_goes_through_it(ask: Any, given: Any, verdict: str) -> None:
    _, (answer,), _ = ask(case(endpointPolicies=given))
    assert answer["verdict"] == verdict


def test_an_answer_names_the_statement_of_the_vpc_endpoint_policy(ask: Any) -> None:
    _, (answer,), _ = ask(case(endpointPolicies=[ENDPOINT_DENY]))
    (reason,) = answer["because"]
    assert (reason["layer"], reason["policy"]) == ("VPC endpoint policy", "endpointPolicies[0]")
    assert (reason["statement"], reason["sid"], reason["effect"]) == (0, "No", "Deny")


def test_policies_of_several_endpoints_are_refused_because_a_request_goes_through_one(ask: Any) -> None:
    status, answers, err = ask(case(endpointPolicies=[ENDPOINT_ALLOW, ENDPOINT_DENY]))
    assert (status, answers) == (2, [])
    assert "cases.jsonl:1:1: error: endpointPolicies: must be one policy: a request goes through one VPC" in err


def test_every_well_formed_case_is_answered_when_another_is_not(ask: Any) -> None:
    bad = case(id="bad", request={**REQUEST, "principal": {"type": "Anonymous"}})
    good = [case(id=f"case {number}", expected="allowed") for number in range(500)]
    status, answers, err = ask(*good[:2], bad, *good[2:])
    assert (status, [each["id"] for each in answers]) == (2, [each["id"] for each in good])
    (line,) = (each for each in err.splitlines() if "error: " in each)
    assert line.startswith("/cases.jsonl:3:1: error: request.principal: must be text, or an object with one of AWS, ")


def test_an_invalid_line_is_status_2_also_beside_a_case_that_is_not_as_expected(ask: Any) -> None:
    assert ask(case(expected="denied"), "{")[0] == 2


@pytest.mark.parametrize(
    ("principal", "named", "verdict"),
    [
        ("*", "*", "allowed"),
        ({"AWS": "*"}, "*", "allowed"),
        ({"AWS": ["*"]}, {"AWS": "*"}, "allowed"),
        ({"AWS": "*"}, {"AWS": "123456789012"}, "implicit-deny"),
        ({"AWS": "*"}, {"Service": "*"}, "implicit-deny"),
        ("lambda.amazonaws.com", {"Service": "lambda.amazonaws.com"}, "allowed"),
        ({"Service": "lambda.amazonaws.com"}, {"Service": "lambda.amazonaws.com"}, "allowed"),
        ({"Service": ["lambda.amazonaws.com"]}, {"Service": "sns.amazonaws.com"}, "implicit-deny"),
        ({"AWS": REQUEST["principal"]}, {"AWS": REQUEST["principal"]}, "allowed"),
        ({"AWS": "123456789012"}, {"AWS": "123456789012"}, "allowed"),
        ({"Federated": "accounts.google.com"}, {"Federated": "accounts.google.com"}, "allowed"),
    ],
)
def test_principals_are_taken_as_aws_writes_them(ask: Any, principal: Any, named: Any, verdict: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{**ALLOW["Statement"][0], "Principal": named}]}
    said = case(identityPolicies=[], resourcePolicy=policy, request={**REQUEST, "principal": principal})
    status, (answer,), _ = ask(said)
    assert (status, answer["verdict"]) == (0, verdict)


@pytest.mark.parametrize(
    "principal",
    [
        {},
        {"AWS": []},
        {"AWS": ["a", "b"]},
        {"Service": "*"},
        {"CanonicalUser": "a"},
        {"AWS": "*", "Service": "x"},
        {"AWS": 7},
        7,
        None,
        ["*"],
        "",
        "user/ada",
        "assumed-role/app/i-0123",
    ],
)
def test_what_is_not_one_principal_is_refused(ask: Any, principal: Any) -> None:
    status, answers, err = ask(case(request={**REQUEST, "principal": principal}))
    assert (status, answers) == (2, [])
    assert "cases.jsonl:1:1: error: request.principal" in err


QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"


@pytest.mark.parametrize(
    ("action", "resource", "note"),
    [
        ("sqs:ListQueues", QUEUE, f"sqs:ListQueues has no resource type: it is not used on {QUEUE}"),
        (
            "s3:GetObject",
            "arn:aws:s3:::logs",
            "s3:GetObject is not used on arn:aws:s3:::logs: its resource types are accesspointobject, object",
        ),
        (
            "quantumstore:PutHologram",
            "*",
            f"quantumstore:PutHologram is not among AWS's actions of {load_actions().names_date}",
        ),
    ],
    ids=["case 11: no resource type", "case 12: another resource type", "a year later: an unknown action"],
)
def test_a_request_that_aws_does_not_make_is_decided_by_the_policies_with_a_note(
    ask: Any, action: str, resource: str, note: str
) -> None:
    principal = "arn:aws:iam::123456789012:user/ada"
    request = {"action": action, "resource": resource, "principal": principal}
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    status, (answer,), _ = ask({"request": request, "identityPolicies": [allow], "expected": "allowed"})
    assert (status, answer["verdict"], answer["note"]) == (0, "allowed", note)


def test_a_request_that_aws_makes_has_no_note(ask: Any) -> None:
    _, (answer,), _ = ask(case())
    assert "note" not in answer


def test_a_file_without_cases_is_no_success(ask: Any) -> None:
    status, _, err = ask("")
    assert status == 2
    assert "has no cases" in err


def test_a_file_that_is_not_there_or_not_utf8_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["can", "--cases", str(tmp_path / "none.jsonl")]) == 2
    assert "cannot be read: No such file or directory" in capsys.readouterr().err
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    assert main(["can", "--cases", str(tmp_path / "latin.jsonl")]) == 2
    assert "is not UTF-8" in capsys.readouterr().err


def test_the_example_of_the_docs_is_answered_as_it_says(ask: Any) -> None:
    text = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    section = text.partition("## Unit tests for policies\n")[2]
    said, answer = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    assert ask(json.loads(said))[:2] == (0, [json.loads(answer)])
