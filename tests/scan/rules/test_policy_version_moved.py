"""policy-version-moved: a policy of AWS's that is no longer the version it is pinned to."""

from __future__ import annotations

from koding_audit.model.snapshot import ManagedPolicy
from koding_audit.scan.comparison import Comparison
from koding_audit.scan.rules import policy_version_moved
from tests.scan.rules.documents import SAME_IN_OTHER_WORDS, only
from tests.values import aws, compare, desired, group, live_group, pinned, policy_set, snapshot, statement


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
    assert finding.message.startswith("Reading is pinned to v5; AWS has moved it to v6: it also allows")
    assert finding.evidence["gained"]
    assert "lost" not in finding.evidence


def test_a_pin_that_moved_without_a_change_of_meaning_says_so() -> None:
    finding = only(policy_version_moved.check(with_pin("v6", now=statement(), v5=SAME_IN_OTHER_WORDS)))
    assert finding.message.endswith("the two are equal in meaning")


def test_a_pin_whose_old_version_was_not_read_says_so() -> None:
    finding = only(policy_version_moved.check(with_pin("v6", now=statement())))
    assert finding.message.endswith("the change could not be read")
