"""Values of every shape that files hold, and one example of each."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import strategies as st

from koding_audit.model.account import Account, Caller, principal_key
from koding_audit.model.finding import Action
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Basis, Entry, Plan, Step
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import (
    AccessKey,
    CredentialCutoff,
    Credentials,
    ManagedPolicy,
    Organization,
    OrganizationPolicy,
    Principal,
    RootUse,
    Snapshot,
)
from koding_audit.model.verb import Verb

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=timezone.utc)
GROUP_ARN = "arn:aws:iam::123456789012:group/Developers"
ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": "arn:aws:iam::aws:policy/A"})
KNOWN = Account("123456789012", "aws", "koding")

# Lone surrogates are left out: two of them beside each other are one character once they were in JSON.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
times = st.datetimes(timezones=st.just(timezone.utc))
kinds = st.sampled_from(["user", "group", "role"])
keys = st.builds(principal_key, kinds, texts)
accounts = st.builds(Account, texts, texts, st.none() | texts)
files = st.lists(st.builds(SourceFile, texts, texts), max_size=2).map(tuple)
word_lists = st.lists(texts, max_size=2).map(tuple)
unique_ids = st.dictionaries(keys, texts, max_size=2)
gaps = st.builds(Gap, st.sampled_from(Fact), texts, texts, texts, texts)
tags = st.lists(st.fixed_dictionaries({"Key": texts, "Value": texts}), max_size=2)
actions = st.one_of(
    st.builds(
        lambda verb, group, arn: Action(verb, {"GroupName": group, "PolicyArn": arn}),
        st.sampled_from([Verb.ATTACH_GROUP_POLICY, Verb.DETACH_GROUP_POLICY]),
        texts,
        texts,
    ),
    st.builds(lambda user, found: Action(Verb.CREATE_USER, {"UserName": user, "Tags": found}), texts, tags),
    st.builds(lambda user, group: Action(Verb.ADD_USER_TO_GROUP, {"GroupName": group, "UserName": user}), texts, texts),
    st.builds(
        lambda user, text: Action(
            Verb.PUT_USER_POLICY, {"UserName": user, "PolicyName": "inline", "PolicyDocument": text}
        ),
        texts,
        texts,
    ),
)
outcomes = st.sampled_from(["started", "done", "failed", "skipped", "pending", "unknown"])
entries = st.lists(st.builds(Entry, actions, outcomes, texts, unique_ids, texts, st.booleans()), max_size=3).map(tuple)


def example_snapshot() -> Snapshot:
    group = Principal("group", "Developers", GROUP_ARN, "AGPA1", "/", frozenset({"arn:aws:iam::aws:policy/A"}))
    return Snapshot(
        account=KNOWN,
        caller=Caller("arn:aws:iam::123456789012:user/auditor", root=False),
        taken_at=NOW,
        source="live",
        principals={principal_key("group", "Developers"): group},
        absent=frozenset({principal_key("user", "koding-user")}),
        listed=frozenset({"user"}),
        credential_cutoff=CredentialCutoff(NOW, "cloudtrail:LookupEvents", "AccessDenied", "cloudtrail:LookupEvents"),
        credentials={"ada": Credentials((AccessKey("ABCD", True, NOW, None),), False, True, ("ssh",))},
        policies={
            "arn:aws:iam::aws:policy/A": ManagedPolicy("arn:aws:iam::aws:policy/A", True, "ANPA1", "v2", ("v1", "v2")),
            "gone": None,
        },
        summary={"Users": 1},
        root_use=RootUse(NOW, None, (NOW, None)),
        gaps=(Gap(Fact.MFA, "iam:ListMFADevices", "AccessDenied", "user/ada", "iam:ListMFADevices"),),
        organization=Organization("o-1", "999999999999", ((OrganizationPolicy("FullAWSAccess", "{}"),),)),
    )


def example_plan() -> Plan:
    files = (SourceFile("policies/koding.yaml", "ab" * 32),)
    basis = Basis(KNOWN, NOW, files, ("route53",), (), (), False, False, "cd" * 32)
    return Plan(
        basis, (Step(ATTACH, f"policy-missing/{GROUP_ARN}", "add", {principal_key("group", "Developers"): "AGPA1"}),)
    )
