"""Accounts whose policies say this or that, for the rules about what they say."""

from __future__ import annotations

from typing import Any

from koding_audit.model.finding import Finding
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.comparison import Comparison
from tests.values import compare, desired, group, live_user, own_policy, policy_set, snapshot, statement, user, written

SAME_IN_OTHER_WORDS = (
    '{"Statement":{"Resource":["*"],"Effect":"Allow","Action":["S3:GETOBJECT"]},"Version":"2012-10-17"}'
)


def only(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


def with_inline(live_text: str | None, wanted: str = statement()) -> Comparison:
    live = live_user(inline=[] if live_text is None else ["own"])
    texts = {} if live_text is None else {"user/koding-user/own": live_text}
    return compare(desired(user(inline={"own": written(wanted)})), snapshot(live, documents=texts))


def with_policy(live: Snapshot, **more: Any) -> Comparison:
    wanted = desired(policy_set("own", own_policy("team/new", statement())), group(required=["own"], **more))
    return compare(wanted, live)
