"""Which version of a changed policy is as the file declares, and when its versions are read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from koding_audit.aws.sources import AccountSource
from koding_audit.model.account import Caller
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.policy_versions import changed_policies, read_other_versions
from tests.scan.rules.documents import with_policy
from tests.values import ACCOUNT, live_group, live_policy, own, snapshot, statement

ARN = own("team/new")
FIVE = ("v1", "v2", "v10", "v11", "v9")


def account(*versions: str, text: str = "s3:*", documents: Mapping[str, str] | None = None) -> Snapshot:
    known = {f"{ARN}@{version}": each for version, each in (documents or {}).items()}
    return snapshot(
        live_group(),
        policies=live_policy("team/new", versions[-1], versions),
        documents={ARN: statement(text), **known},
    )


def source(asked: list[Query], *gaps: Gap) -> AccountSource:
    """A source that has the declared document in each version that is asked for."""

    def collect(query: Query) -> Snapshot:
        asked.append(query)
        return snapshot(documents={name: statement() for name in query.document_versions}, gaps=gaps)

    return AccountSource(lambda: (ACCOUNT, Caller("", root=False)), collect, None)


def completed(live: Snapshot, *gaps: Gap) -> tuple[Snapshot, list[Query]]:
    asked: list[Query] = []
    return read_other_versions(source(asked, *gaps), with_policy(live).desired, live), asked


def test_all_other_versions_of_a_full_policy_that_differs_are_read_in_one_query() -> None:
    found, asked = completed(account(*FIVE))
    assert [each.document_versions for each in asked] == [{f"{ARN}@{one}": one for one in FIVE[:-1]}]
    assert set(found.documents) == {ARN, *(f"{ARN}@{one}" for one in FIVE[:-1])}


@pytest.mark.parametrize(
    "live", [account(*FIVE, text="s3:GetObject"), account("v1", "v2", "v3", "v4")], ids=["as declared", "not full"]
)
def test_nothing_is_read_of_a_policy_that_is_as_declared_or_can_have_another_version(live: Snapshot) -> None:
    assert completed(live) == (live, [])


def test_a_version_that_could_not_be_read_is_a_gap_of_the_versions() -> None:
    live = replace(account(*FIVE), gaps=(Gap(Fact.SUMMARY, "iam:GetAccountSummary", "AccessDenied"),))
    gap = Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", f"{ARN}@v2")
    found, _ = completed(live, gap)
    assert found.gaps == (*live.gaps, replace(gap, fact=Fact.VERSIONS))


def test_the_newest_version_as_declared_is_chosen_by_its_number() -> None:
    (changed,) = changed_policies(with_policy(account(*FIVE)))
    assert changed.other_versions == ("v1", "v2", "v10", "v11")
    texts = {f"{ARN}@{version}": statement() for version in ("v1", "v2", "v10")}
    assert changed.declared_version({**texts, f"{ARN}@v11": statement("s3:*")}) == "v10"
    assert changed.declared_version({}) == ""
