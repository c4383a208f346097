# ruff: noqa: E501 - a case is a line
"""A live account described as a desired state: a scan with it finds nothing, whatever things are called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit import desired
from koding_audit.aws.sources.snapshot import restrict_snapshot
from koding_audit.desired.adopt import AccountDescription, adoption_gaps, describe_account
from koding_audit.model.desired import Desired
from koding_audit.model.finding import Finding
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import ManagedPolicy, Principal, Snapshot
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from tests.values import (
    ACCOUNT,
    aws,
    live_group,
    live_policy,
    live_role,
    live_user,
    own,
    root_use,
    snapshot,
    statement,
    trust,
)

RULES = load_rules()
NAME = st.text("abcXYZ0123456789_+=,.@-", min_size=1, max_size=20)
# Names that a YAML reader might take for something else.
TRAP = st.sampled_from(
    ["NO", "null", "012", "1e3", "2027-01-31", "-", "--", "=", "@a", "a,b", ".inf", "true", "y", "0x1"]
)


def whole(*principals: Principal, documents: Mapping[str, str] | None = None, own_policies: Any = None) -> Snapshot:
    """An account of which everything was read, with nothing wrong with its root."""
    return snapshot(
        *principals,
        listed=frozenset({"user", "group", "role"}),
        documents=documents or {},
        policies=own_policies or {},
        summary={"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1, "AccountSigningCertificatesPresent": 0},
        root_use=root_use(),
    )


RICH = whole(
    live_group(attached=[aws("IAMReadOnlyAccess"), own("team/IAMReadOnlyAccess")], inline=["queue"]),
    live_group("Idle", path="/old/"),
    live_user("ada", groups=["Developers"]),
    live_user("bob", groups=["Developers", "Idle"], attached=[aws("job-function/Billing")], boundary=own("team/edge")),
    live_user("eve", path="/ci/"),
    live_user("alone"),
    live_role(attached=[own("plain")], inline=["one"], path="/web/"),
    live_role("AWSServiceRoleForSupport", path="/aws-service-role/support.amazonaws.com/"),
    documents={
        "group/Developers/queue": statement("sqs:SendMessage", Condition={"Bool": {"aws:SecureTransport": True}}),
        "role/app/one": statement(
            "s3:*", "Deny", Condition={"StringEquals": {"aws:PrincipalTag/Tëam": "NO: #1 'x' \"y\""}}
        ),
        own("team/IAMReadOnlyAccess"): statement("iam:Get*"),
        own("plain"): statement(),
    },
    own_policies={**live_policy("team/IAMReadOnlyAccess"), **live_policy("plain"), **live_policy("team/edge")},
)


def loaded(made: AccountDescription, folder: Path) -> Desired:
    path = folder / "koding-audit.yaml"
    path.write_text(made.text, encoding="utf-8")
    return desired.load_desired([str(path)])


def found(wanted: Desired, live: Snapshot) -> list[Finding]:
    bound = wanted.bind(live.account)
    return list(audit_snapshot(bound, restrict_snapshot(live, scan_query(bound, live.account, RULES)), RULES).findings)


def test_a_scan_with_the_description_finds_nothing(tmp_path: Path) -> None:
    made = describe_account(RICH)
    assert adoption_gaps(RICH) == ()
    assert made.omissions == ()
    wanted = loaded(made, tmp_path)
    assert found(wanted, RICH) == []
    assert made.counts == {"group": 2, "user": 4, "role": 1}
    assert set(wanted.users) == {"ada", "bob", "eve", "alone"}
    assert wanted.account_ids == (ACCOUNT.id,)


@pytest.mark.parametrize("kind", ["users", "groups", "roles"])
def test_nobody_is_undeclared_where_the_description_is_closed(tmp_path: Path, kind: str) -> None:
    made = describe_account(RICH)
    closed = replace(made, text=f"{made.text}closed: {{{kind}: true}}\n")
    assert found(loaded(closed, tmp_path), RICH) == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        (live_group(attached=[aws("IAMReadOnlyAccess")], inline=["queue"]), "policy-missing"),
        (live_group(attached=[aws("IAMReadOnlyAccess"), own("team/IAMReadOnlyAccess")]), "inline-missing"),
        (live_user("ada"), "membership-missing"),
        (live_user("eve", path="/"), "path-changed"),
        (live_user("bob", groups=["Developers", "Idle"], attached=[aws("job-function/Billing")]), "boundary-changed"),
        (
            live_role(attached=[own("plain")], inline=["one"], path="/web/", trusting=trust("lambda.amazonaws.com")),
            "trust-changed",
        ),
    ],
)
def test_whatever_the_description_says_is_missed_once_it_is_gone(tmp_path: Path, changed: Principal, rule: str) -> None:
    moved = replace(RICH, principals={**RICH.principals, (changed.kind, changed.name.casefold()): changed})
    assert rule in {each.rule for each in found(loaded(describe_account(RICH), tmp_path), moved)}


def test_a_document_that_says_something_else_is_told(tmp_path: Path) -> None:
    moved = replace(RICH, documents={**RICH.documents, own("plain"): statement("s3:*")})
    assert [each.rule for each in found(loaded(describe_account(RICH), tmp_path), moved)] == ["policy-document-changed"]


def test_who_is_only_in_groups_stands_with_their_members(tmp_path: Path) -> None:
    text = describe_account(RICH).text
    assert "members: [ada, bob]" in text
    assert "  ada:" not in text
    assert "  alone: {}" in text


def test_the_same_account_gives_the_same_text() -> None:
    turned = replace(RICH, principals=dict(reversed(RICH.principals.items())))
    assert describe_account(turned).text == describe_account(RICH).text


@settings(max_examples=25)
@given(names=st.sets(NAME | TRAP, min_size=3, max_size=8), texts=st.lists(st.text(max_size=12), min_size=2, max_size=2))
def test_names_and_texts_of_any_form_are_read_back_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], texts: list[str]
) -> None:
    names = {each for each in {name.casefold(): name for name in names}.values() if each.lower() != "root"}
    some = sorted(names)
    first, last = some[0], some[-1]
    condition = {"StringEquals": {f"aws:PrincipalTag/{texts[0]}": texts[1]}}
    live = whole(
        *(live_user(name, groups=[first]) for name in some),
        live_group(first, attached=[own(last)], inline=[last]),
        live_role(last),
        documents={own(last): statement(), f"group/{first}/{last}": statement(Condition=condition)},
        own_policies=live_policy(last),
    )
    made = describe_account(live)
    wanted = loaded(made, tmp_path_factory.mktemp("described"))
    assert set(wanted.users) == set(some)
    assert set(wanted.roles) == {last}
    assert [each for each in found(wanted, live) if each.severity != "note"] == []
    said = wanted.groups[first].inline.get(last)
    # What cannot be said is listed, and never said otherwise.
    assert (said is None) == bool(made.omissions)
    assert said is None or json.loads(said.text)["Statement"][0]["Condition"] == condition


HOSTILE = "a\n# b: \x1b[31m\u202e"


@pytest.mark.parametrize(
    ("principal", "documents", "told"),
    [
        (live_user("Root"), {}, "user Root: a file cannot declare this name"),
        (live_user("u", path="/a/../b/"), {}, "user u: its path: a file does not allow this spelling"),
        (live_user("u", boundary=own("a*b/edge")), {}, "user u: its boundary: a file does not allow"),
        (live_user("u", attached=[own("${account}/p")]), {own("${account}/p"): statement()}, "which a file would replace"),
        (live_user("u", inline=["p"]), {"user/u/p": statement(Sid="x", Condition={"StringLike": {"aws:x": HOSTILE}})}, "a line break"),
        (live_user("u", inline=["p"]), {"user/u/p": statement(Condition={"StringLike": {"aws:x": "${account}"}})}, "which a file would replace"),
        (live_user("u", inline=["p"]), {"user/u/p": '{"Statement": null}'}, "it contains null"),
        (live_user("u", inline=["p"]), {"user/u/p": '{"Statement": []}'}, "the document has no statement"),
        (live_user("u", inline=["p"]), {"user/u/p": f'{{"a": {"[" * 40}{"]" * 40}}}'}, "it is nested too deeply"),
        (live_user("u", inline=["p", "q"]), {f"user/u/{n}": statement("a" * 1500) for n in "pq"}, "its inline policy q: together"),
        (live_user("u", attached=[own("p")]), {own("p"): statement("a" * 7000)}, "policy customer:p: its document: it is too long"),
        (live_role(trusting=trust().replace("Principal", "NotPrincipal")), {}, "role app: its trust policy: Statement[0]: a trust policy cannot have NotPrincipal"),
        (live_role(trusting=statement()), {}, "role app: its trust policy: Statement[0]: a trust policy needs a Principal"),
        (live_role("AWSReservedSSO_x"), {}, "role AWSReservedSSO_x: a file cannot declare this name"),
    ],
)  # fmt: skip
def test_what_the_format_cannot_say_is_listed_and_the_rest_is_described(
    tmp_path: Path, principal: Principal, documents: dict[str, str], told: str
) -> None:
    policies: dict[str, ManagedPolicy | None] = {
        arn: ManagedPolicy(arn, True, "ANPA", "v1", ("v1",)) for arn in documents if arn.startswith("arn:")
    }
    live = whole(principal, live_user("other"), documents=documents, own_policies=policies)
    made = describe_account(live)
    (left,) = made.omissions
    assert told in left
    assert "# Left out, because this format cannot express it:\n# - " in made.text
    assert "\x1b" not in made.text
    wanted = loaded(made, tmp_path)
    assert "other" in wanted.users
    assert [each for each in found(wanted, live) if each.severity != "note"] == []


@pytest.mark.parametrize(
    ("changes", "fact", "subject"),
    [
        ({"listed": frozenset({"user", "group"})}, Fact.ROLES_LISTED, ""),
        ({"documents": {}}, Fact.DOCUMENT, own("plain")),
        ({"documents": {}}, Fact.INLINE_DOCUMENT, "group/Developers/queue"),
        ({"gaps": (Gap(Fact.VERSIONS, "iam:GetAccountAuthorizationDetails", "AccessDenied"),)}, Fact.VERSIONS, ""),
    ],
)
def test_what_was_not_read_is_named(changes: dict[str, Any], fact: Fact, subject: str) -> None:
    assert (fact, subject) in {(gap.fact, gap.subject) for gap in adoption_gaps(replace(RICH, **changes))}


@pytest.mark.parametrize("part", ["attached", "inline", "groups"])
def test_a_part_of_a_user_that_was_not_read_is_named(part: str) -> None:
    user = replace(live_user("ada"), **{part: None})
    (gap,) = adoption_gaps(whole(user))
    assert (gap.subject, gap.reason) == ("user/ada", "it is not in what was read")


def test_a_group_of_somebodys_that_was_not_read_is_named() -> None:
    assert [gap.subject for gap in adoption_gaps(whole(live_user("ada", groups=["Gone"])))] == ["group/Gone"]


def test_what_the_file_does_not_hold_does_not_keep_it_from_being_written() -> None:
    gaps = (
        Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "AccessDenied"),
        Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", aws("IAMReadOnlyAccess")),
    )
    assert adoption_gaps(replace(RICH, gaps=gaps)) == ()


def test_sets_of_policies_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """An account has one policy of its own of a name, AWS may have others, also under a path."""
    arns = [aws("P"), aws("job-function/P"), own("x/p")]
    live = whole(live_group(attached=arns), documents={arns[2]: statement()}, own_policies=live_policy("x/p"))
    wanted = loaded(describe_account(live), tmp_path)
    assert len(wanted.policy_sets) == 3
    assert found(wanted, live) == []
