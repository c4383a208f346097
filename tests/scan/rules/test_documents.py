"""The rules about what policies say: inline policies, the account's own, pinned ones of AWS's, and trust policies."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.model.finding import Finding, Verb
from koding_audit.model.snapshot import ManagedPolicy, Snapshot
from koding_audit.scan.comparison import Comparison
from koding_audit.scan.rules import (
    inline_changed,
    inline_missing,
    inline_unexpected,
    policy_document_changed,
    policy_document_missing,
    policy_version_moved,
    trust_changed,
)
from tests.values import (
    aws,
    compare,
    desired,
    group,
    live_group,
    live_policy,
    live_role,
    live_user,
    own,
    own_policy,
    pinned,
    policy_set,
    role,
    snapshot,
    statement,
    trust,
    user,
    written,
)

SAME_IN_OTHER_WORDS = (
    '{"Statement":{"Resource":["*"],"Effect":"Allow","Action":["S3:GETOBJECT"]},"Version":"2012-10-17"}'
)


def only(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


# --- inline ---------------------------------------------------------------------------------------


def with_inline(live_text: str | None, wanted: str = statement()) -> Comparison:
    live = live_user(inline=[] if live_text is None else ["own"])
    texts = {} if live_text is None else {"user/koding-user/own": live_text}
    return compare(desired(user(inline={"own": written(wanted)})), snapshot(live, documents=texts))


def test_a_missing_inline_policy_is_an_error_at_its_line_and_is_put() -> None:
    finding = only(inline_missing.check(with_inline(None)))
    assert (finding.severity, finding.key, finding.location) == ("error", "own", written("").location)
    assert finding.message == "user koding-user lacks inline policy own"
    assert finding.fix is not None
    assert finding.fix.verb is Verb.PUT_USER_POLICY
    assert finding.fix.parameters == {
        "UserName": "koding-user",
        "PolicyName": "own",
        "PolicyDocument": statement(),
    }
    assert finding.change == "add"


def test_an_inline_policy_that_is_there_is_not_missing_and_not_unexpected() -> None:
    assert list(inline_missing.check(with_inline(statement("s3:*")))) == []
    assert list(inline_unexpected.check(with_inline(statement("s3:*")))) == []


def test_inline_policies_that_were_not_read_are_not_missing() -> None:
    wanted = desired(group(inline={"own": written(statement())}))
    assert list(inline_missing.check(compare(wanted, snapshot(live_group(inline=None))))) == []


def test_a_group_that_is_missing_lacks_its_inline_policies_too() -> None:
    wanted = desired(group(inline={"own": written(statement())}))
    missing = compare(wanted, snapshot(absent=[("group", "Developers")]))
    assert only(inline_missing.check(missing)).fix is not None


def test_another_meaning_is_told_with_what_is_gained_and_lost() -> None:
    live = '{"Statement": [{"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "arn:aws:s3:::logs/*"}]}'
    finding = only(inline_changed.check(with_inline(live)))
    assert finding.message == (
        "inline policy own of user koding-user is another one: "
        "it also allows s3:PutObject on arn:aws:s3:::logs/*; "
        "it does not allow s3:GetObject on *"
    )
    assert finding.evidence["verdict"] == "different"
    assert [each["action"] for each in finding.evidence["gained"]] == ["s3:PutObject"]
    assert finding.evidence["lost"][0]["resource"] == "*"
    assert finding.change == "replace"


@pytest.mark.parametrize("live", [statement(), SAME_IN_OTHER_WORDS])
def test_a_change_of_text_alone_is_no_finding(live: str) -> None:
    assert list(inline_changed.check(with_inline(live))) == []


def test_an_explicit_deny_more_is_told_as_one() -> None:
    live = (
        '{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},'
        ' {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}]}'
    )
    finding = only(inline_changed.check(with_inline(live)))
    assert "it also denies iam:CreateUser" in finding.message


def test_thousands_of_changes_are_counted_and_not_all_carried() -> None:
    finding = only(inline_changed.check(with_inline(statement("*"), statement("a:b"))))
    assert len(finding.evidence["gained"]) <= 20
    assert len(finding.message) < 400


def test_a_live_document_that_cannot_be_read_as_a_policy_is_a_finding_that_says_so() -> None:
    finding = only(inline_changed.check(with_inline('{"Statement": [{"Effect": "Maybe"}]}')))
    assert "it cannot be compared" in finding.message
    assert finding.evidence["verdict"] == "undecided"


def test_a_document_that_was_not_read_is_no_finding() -> None:
    wanted = desired(user(inline={"own": written(statement())}))
    assert list(inline_changed.check(compare(wanted, snapshot(live_user(inline=["own"]))))) == []


# --- the account's own policies -----------------------------------------------------------------------


def with_policy(live: Snapshot, **more: Any) -> Comparison:
    wanted = desired(policy_set("own", own_policy("team/new", statement())), group(required=["own"], **more))
    return compare(wanted, live)


def test_a_policy_that_is_not_there_is_created_with_its_path() -> None:
    finding = only(policy_document_missing.check(with_policy(snapshot(live_group(), policies={own("team/new"): None}))))
    assert (finding.subject, finding.policy_set) == (own("team/new"), "own")
    assert finding.fix is not None
    assert finding.fix.verb is Verb.CREATE_POLICY
    assert finding.fix.parameters == {"PolicyName": "new", "Path": "/team/", "PolicyDocument": statement()}
    assert finding.change == "add"


def test_a_policy_that_was_not_read_or_that_only_an_optional_set_writes_is_not_missing() -> None:
    assert list(policy_document_missing.check(with_policy(snapshot(live_group())))) == []
    wanted = desired(policy_set("own", own_policy("new", statement())), group(optional=["own"]))
    live = snapshot(live_group(), policies={own("new"): None})
    assert list(policy_document_missing.check(compare(wanted, live))) == []


def test_a_policy_that_says_something_else_gets_a_new_default_version() -> None:
    live = snapshot(
        live_group(),
        policies=live_policy("team/new", "v2", ["v1", "v2"]),
        documents={own("team/new"): statement("s3:*")},
    )
    finding = only(policy_document_changed.check(with_policy(live)))
    assert finding.fix is not None
    assert finding.fix.parameters == {
        "PolicyArn": own("team/new"),
        "PolicyDocument": statement(),
        "SetAsDefault": True,
    }
    assert finding.change == "replace"
    assert (finding.evidence["default_version"], finding.evidence["versions"]) == ("v2", ["v1", "v2"])


def test_a_policy_with_five_versions_is_told_why_it_gets_no_other() -> None:
    versions = ["v1", "v2", "v3", "v4", "v5"]
    live = snapshot(
        live_group(), policies=live_policy("team/new", "v5", versions), documents={own("team/new"): statement("s3:*")}
    )
    finding = only(policy_document_changed.check(with_policy(live)))
    assert finding.fix is None
    assert finding.message.endswith("it has five versions, so no other can be made until one is deleted")


def test_a_policy_that_says_the_same_in_other_words_is_no_finding() -> None:
    live = snapshot(live_group(), policies=live_policy("team/new"), documents={own("team/new"): SAME_IN_OTHER_WORDS})
    assert list(policy_document_changed.check(with_policy(live))) == []


# --- pins ---------------------------------------------------------------------------------------------


def with_pin(default: str, **texts: str) -> Comparison:
    wanted = desired(policy_set("pin", pinned("Reading", "v5")), group(required=["pin"]))
    arn = aws("Reading")
    documents = {arn if name == "now" else f"{arn}@{name}": text for name, text in texts.items()}
    return compare(
        wanted, snapshot(live_group(), policies={arn: ManagedPolicy(arn, True, "", default)}, documents=documents)
    )


def test_a_pin_that_holds_is_no_finding() -> None:
    assert list(policy_version_moved.check(with_pin("v5"))) == []


def test_a_pin_that_moved_is_a_warning_with_what_that_gained_and_lost() -> None:
    finding = only(policy_version_moved.check(with_pin("v6", now=statement("s3:Get*"), v5=statement("s3:GetObject"))))
    assert (finding.severity, finding.fix) == ("warning", None)
    assert finding.message.startswith("Reading is pinned to v5, and AWS has moved it to v6: it also allows")
    assert finding.evidence["gained"]
    assert "lost" not in finding.evidence


def test_a_pin_that_moved_without_a_change_of_meaning_says_so() -> None:
    finding = only(policy_version_moved.check(with_pin("v6", now=statement(), v5=SAME_IN_OTHER_WORDS)))
    assert finding.message.endswith("the two mean the same")


def test_a_pin_whose_old_version_was_not_read_says_so() -> None:
    finding = only(policy_version_moved.check(with_pin("v6", now=statement())))
    assert finding.message.endswith("what that changed was not read")


# --- trust --------------------------------------------------------------------------------------------


def test_another_trust_is_an_error_that_names_who_may_and_is_never_fixed() -> None:
    wanted = desired(role(trust=written(trust())))
    finding = only(trust_changed.check(compare(wanted, snapshot(live_role(trusting=trust("lambda.amazonaws.com"))))))
    assert (finding.severity, finding.fix) == ("error", None)
    assert "lambda.amazonaws.com" in finding.message
    assert "ec2.amazonaws.com" in finding.message


def test_the_same_trust_in_other_words_or_no_trust_in_the_file_is_no_finding() -> None:
    other_words = (
        '{"Statement":{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":["ec2.amazonaws.com"]}}}'
    )
    live = snapshot(live_role(trusting=other_words))
    assert list(trust_changed.check(compare(desired(role(trust=written(trust()))), live))) == []
    assert list(trust_changed.check(compare(desired(role()), live))) == []
