"""policy-document-changed: a policy of the account's own that means something else than the file's."""

from __future__ import annotations

from koding_audit.scan.rules import policy_document_changed
from tests.scan.rules.documents import SAME_IN_OTHER_WORDS, only, with_policy
from tests.values import live_group, live_policy, own, snapshot, statement


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
    assert finding.message.endswith("it has five versions, so delete one before another can be created")


def test_a_policy_that_says_the_same_in_other_words_is_no_finding() -> None:
    live = snapshot(live_group(), policies=live_policy("team/new"), documents={own("team/new"): SAME_IN_OTHER_WORDS})
    assert list(policy_document_changed.check(with_policy(live))) == []
