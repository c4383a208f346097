"""inline-missing: an inline policy of the file that is not there."""

from __future__ import annotations

from koding_audit.model.verb import Verb
from koding_audit.scan.rules import inline_missing, inline_unexpected
from tests.scan.rules.documents import only, with_inline
from tests.values import compare, desired, group, live_group, snapshot, statement, written


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
