"""policy-document-changed: a policy of the account's own that means something else than the file's."""

from __future__ import annotations

from koding_audit.model.finding import Action
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
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


FIVE = ["v1", "v2", "v3", "v4", "v5"]


def full(**documents: str) -> Snapshot:
    """An account with five versions of the policy, v5 in force; documents: of other versions, as far as read."""
    others = {f"{own('team/new')}@{version}": text for version, text in documents.items()}
    return snapshot(
        live_group(),
        policies=live_policy("team/new", "v5", FIVE),
        documents={own("team/new"): statement("s3:*"), **others},
    )


def test_five_versions_none_as_declared_name_those_that_could_be_deleted() -> None:
    live = full(v1=statement("s3:Put*"), v2=statement("s3:*"), v3=statement("s3:List*"), v4=statement("s3:Put*"))
    finding = only(policy_document_changed.check(with_policy(live)))
    assert finding.fix is None
    assert finding.message.endswith("; it has 5 versions: delete v1, v2, v3 or v4 before another can be created")
    assert "declared_version" not in finding.evidence


def test_the_newest_of_five_versions_with_the_declared_meaning_is_put_in_force() -> None:
    live = full(v1=statement(), v2=SAME_IN_OTHER_WORDS, v3=statement("s3:List*"), v4=statement("s3:Put*"))
    finding = only(policy_document_changed.check(with_policy(live)))
    assert finding.fix == Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": own("team/new"), "VersionId": "v2"})
    assert finding.change == "replace"
    assert finding.message.endswith("; it has 5 versions, and v2 is as the file declares")
    assert finding.evidence["declared_version"] == "v2"


def test_a_version_that_was_not_read_or_cannot_be_parsed_is_never_put_in_force() -> None:
    finding = only(policy_document_changed.check(with_policy(full(v1="{", v2=statement("s3:Put*")))))
    assert finding.fix is None


def test_a_policy_that_says_the_same_in_other_words_is_no_finding() -> None:
    live = snapshot(live_group(), policies=live_policy("team/new"), documents={own("team/new"): SAME_IN_OTHER_WORDS})
    assert list(policy_document_changed.check(with_policy(live))) == []
