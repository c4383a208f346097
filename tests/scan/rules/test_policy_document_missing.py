"""policy-document-missing: a policy of the account's own that is not there."""

from __future__ import annotations

from koding_audit.model.verb import Verb
from koding_audit.scan.rules import policy_document_missing
from tests.scan.rules.documents import only, with_policy
from tests.values import compare, desired, group, live_group, own, own_policy, policy_set, snapshot, statement


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
