"""An account out of a file: what `snapshot --out` saved, and what the AWS CLI prints of authorization details."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from koding_audit import desired
from koding_audit.aws.connection import Connection
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import live, snapshot
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.account import Account, principal_key
from koding_audit.model.desired import Desired
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.report import Audit
from koding_audit.model.snapshot import ManagedPolicy, Snapshot
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules, rules_not_in_details
from koding_audit.scan.read_plan import scan_query
from tests.servers.moto_account import MotoAccount
from tests.values import ACCOUNT, NOW, aws, live_group, live_user, own

EVERY = Query(
    account=frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER}),
    listed=frozenset({"user", "group"}),
    facts_of_all=frozenset(Fact),
)
OF_USER = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
OF_GROUP = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
CREDENTIALS = frozenset({Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.SIGNING_CERTIFICATES})
DEVELOPERS = principal_key("group", "Developers")

OPEN = """\
version: 1
policy_sets:
  stack-build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess, "customer:edge", "customer:gone", NoSuchPolicy]}
  route53: {policies: [AmazonRoute53FullAccess]}
groups:
  Developers: {required: [stack-build], optional: [route53], members: [plain, nobody]}
  Nobodies: {required: [stack-build]}
users:
  koding-user: {access_keys: forbidden, console: forbidden, boundary: "customer:edge"}
  plain: {access_keys: {min_active: 1}, console: mfa}
"""
CLOSED = OPEN + "closed: {users: true, groups: true}\n"
EXCLUSIVE = OPEN.replace("optional: [route53],", "optional: [route53], exclusive: true,")
GUIDE = """\
version: 1
policy_sets:
  stack-build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}
groups:
  Developers: {required: [stack-build], members: [koding-user]}
"""


def wanted(folder: Path, text: str) -> Desired:
    path = folder / "desired.yaml"
    path.write_text(text, encoding="utf-8")
    return desired.load_desired([str(path)]).bind(ACCOUNT)


def write(folder: Path, text: str) -> str:
    path = folder / "account.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


def collected(path: str, query: Query) -> Snapshot:
    with snapshot.open_source(path, Settings()) as source:
        assert source.connection is None
        return source.collect(query)


def told(audit: Audit) -> list[tuple[Any, ...]]:
    """Everything that an audit says."""
    return sorted(
        (each.id, each.severity, each.message, json.dumps(each.evidence, sort_keys=True), str(each.fix))
        for each in audit.findings
    )


# --- what was saved by us ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", [OPEN, CLOSED, EXCLUSIVE, GUIDE], ids=["open", "closed", "exclusive", "guide"])
def test_a_saved_account_gives_the_findings_of_the_live_one(
    text: str, seeded: MotoAccount, line: Connection, tmp_path: Path, saved_account: Snapshot
) -> None:
    state, chosen = wanted(tmp_path, text), load_rules()
    wanted_facts = scan_query(state, ACCOUNT, chosen)
    path = write(tmp_path, encode_snapshot(saved_account))
    from_live = audit_snapshot(state, live.collect_snapshot(wanted_facts, line), chosen)
    from_file = audit_snapshot(state, collected(path, wanted_facts), chosen)
    assert told(from_file) == told(from_live)
    assert from_file.gaps == from_live.gaps == ()
    assert {each.rule for each in from_live.findings} - {"not-checked"} or text == GUIDE


@pytest.fixture(scope="module")
def saved_account(standing_account: MotoAccount, standing_line: Connection) -> Snapshot:
    standing_line.renew()
    found = live.collect_snapshot(EVERY, standing_line)
    assert found.gaps == ()
    return found


def test_the_saved_account_knows_what_it_is(saved_account: Snapshot, tmp_path: Path) -> None:
    path = write(tmp_path, encode_snapshot(saved_account))
    with snapshot.open_source(path, Settings()) as source:
        assert source.identity() == (saved_account.account, saved_account.caller)
        found = source.collect(Query())
    assert (found.source, found.taken_at, found.endpoint) == (
        "snapshot",
        saved_account.taken_at,
        saved_account.endpoint,
    )


def test_signing_certificates_that_an_older_snapshot_lacks_are_a_gap_only_where_they_are_asked_for(
    saved_account: Snapshot, tmp_path: Path
) -> None:
    value = json.loads(encode_snapshot(saved_account))
    for credentials in value["credentials"].values():
        del credentials["certificates"]
    path = write(tmp_path, json.dumps(value))
    others = OF_USER | CREDENTIALS - {Fact.SIGNING_CERTIFICATES}
    assert collected(path, Query(users={"koding-user": others})).gaps == ()
    (gap,) = collected(path, Query(users={"koding-user": OF_USER | CREDENTIALS})).gaps
    assert gap == Gap(
        Fact.SIGNING_CERTIFICATES, "iam:ListSigningCertificates", snapshot.NOT_IN_FILE, "user/koding-user"
    )


def test_a_gap_of_the_time_of_saving_is_told_again_where_it_matters(
    seeded: MotoAccount, line: Connection, tmp_path: Path
) -> None:
    for action in ("GetAccountSummary", "GetLoginProfile"):
        seeded.fail(action)
    path = write(tmp_path, encode_snapshot(live.collect_snapshot(EVERY, line)))
    query = Query(
        users={"koding-user": OF_USER | CREDENTIALS, "plain": OF_USER}, account=frozenset({Fact.SUMMARY, Fact.CALLER})
    )
    assert collected(path, query).gaps == (
        Gap(Fact.SUMMARY, "iam:GetAccountSummary", "AccessDenied", "", "iam:GetAccountSummary"),
        Gap(Fact.CONSOLE, "iam:GetLoginProfile", "AccessDenied", "user/koding-user", "iam:GetLoginProfile"),
    )
    assert collected(path, Query(users={"koding-user": OF_USER})).gaps == ()


def test_an_account_whose_listing_failed_holds_nobody_and_nobody_is_absent(
    seeded: MotoAccount, line: Connection, tmp_path: Path
) -> None:
    seeded.fail("GetAccountAuthorizationDetails")
    path = write(tmp_path, encode_snapshot(live.collect_snapshot(EVERY, line)))
    found = collected(path, Query(users={"koding-user": OF_USER}, listed=frozenset({"user"})))
    assert (found.principals, found.absent, found.listed) == ({}, frozenset(), frozenset())
    assert {(gap.fact, gap.reason) for gap in found.gaps} == {
        (Fact.USER, "AccessDenied"),
        (Fact.USERS_LISTED, "AccessDenied"),
    }


HELD = Snapshot(
    ACCOUNT,
    None,
    NOW,
    "live",
    principals={DEVELOPERS: live_group(attached=[aws("ReadOnlyAccess")], inline=None)},
    absent=frozenset({principal_key("user", "gone")}),
    policies={own("there"): ManagedPolicy(own("there"), True), own("gone"): None},
)


def test_what_a_saved_account_does_not_hold_is_a_gap_and_what_it_knows_absent_is_not(tmp_path: Path) -> None:
    path = write(tmp_path, encode_snapshot(HELD))
    query = Query(
        users={"gone": OF_USER, "other": OF_USER},
        groups={"Developers": OF_GROUP | {Fact.MEMBERS}},
        policies={
            arn: frozenset({DEVELOPERS}) for arn in (own("there"), own("gone"), own("other"), aws("ReadOnlyAccess"))
        },
        account=frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER}),
        listed=frozenset({"group"}),
    )
    found = collected(path, query)
    assert found.absent == {principal_key("user", "gone")}
    assert found.policies == HELD.policies
    assert {(gap.fact, gap.subject, gap.call) for gap in found.gaps} == {
        (Fact.USER, "user/other", "iam:GetUser"),
        (Fact.INLINE, "group/Developers", "iam:GetAccountAuthorizationDetails"),
        (Fact.MEMBERS, "group/Developers", "iam:GetGroup"),
        (Fact.POLICY, own("other"), "iam:GetPolicy"),
        (Fact.SUMMARY, "", "iam:GetAccountSummary"),
        (Fact.CREDENTIAL_REPORT, "", "iam:GetCredentialReport"),
        (Fact.CALLER, "", "sts:GetCallerIdentity"),
        (Fact.GROUPS_LISTED, "", "iam:GetAccountAuthorizationDetails"),
    }
    assert {gap.reason for gap in found.gaps} == {"not in the file"}


def test_only_who_was_asked_for_or_listed_is_given(tmp_path: Path) -> None:
    held = replace(
        HELD,
        principals={principal_key(each.kind, each.name): each for each in (live_group(), live_user(), live_user("b"))},
    )
    path = write(tmp_path, encode_snapshot(replace(held, listed=frozenset({"user"}))))
    assert set(collected(path, Query()).principals) == set()
    assert set(collected(path, Query(users={"B": OF_USER})).principals) == {("user", "b")}
    everybody = collected(path, Query(listed=frozenset({"user"})))
    assert (set(everybody.principals), everybody.listed) == ({("user", "b"), ("user", "koding-user")}, {"user"})


# --- what the AWS CLI prints ------------------------------------------------------------------------


def detail(kind: str, name: str, **more: Any) -> dict[str, Any]:
    word = kind.title()
    return {
        "Path": "/",
        f"{word}Name": name,
        f"{word}Id": f"ID{name}",
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "Arn": f"arn:aws:iam::123456789012:{kind}/{name}",
        "AttachedManagedPolicies": [],
        **({"GroupList": [], "Tags": []} if kind == "user" else {"GroupPolicyList": []}),
        **more,
    }


def dump(**lists: Any) -> dict[str, Any]:
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], **lists}


ATTACHED = [{"PolicyName": "ReadOnlyAccess", "PolicyArn": aws("ReadOnlyAccess")}]
PLAIN = dump(
    UserDetailList=[
        detail(
            "user",
            "koding-user",
            GroupList=["Developers"],
            UserPolicyList=[{"PolicyName": "own", "PolicyDocument": {}}],
            PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": own("edge")},
        )
    ],
    GroupDetailList=[detail("group", "Developers", AttachedManagedPolicies=ATTACHED), detail("group", "empty")],
    Policies=[
        {"PolicyName": "edge", "Arn": own("edge"), "IsAttachable": True},
        {"PolicyName": "ReadOnlyAccess", "Arn": aws("ReadOnlyAccess")},
        {"PolicyName": "old", "Arn": own("old"), "IsAttachable": False},
    ],
)


WITHOUT_USERS = dump(GroupDetailList=PLAIN["GroupDetailList"], Policies=PLAIN["Policies"])


def plain(folder: Path, value: Mapping[str, Any] = PLAIN) -> str:
    return write(folder, json.dumps(value))


def test_a_plain_dump_is_read_with_the_members_of_its_groups(tmp_path: Path) -> None:
    path = plain(tmp_path)
    os.utime(path, (1_800_000_000, 1_800_000_000))
    found = collected(path, Query(users={"koding-user": OF_USER}, groups={"empty": OF_GROUP, "Developers": OF_GROUP}))
    user, group = found.principals["user", "koding-user"], found.principals[DEVELOPERS]
    assert (user.groups, user.inline, user.boundary) == ({"Developers"}, {"own"}, own("edge"))
    assert (group.attached, group.members) == ({aws("ReadOnlyAccess")}, {"koding-user"})
    assert found.principals["group", "empty"].members == frozenset()
    assert (found.account, found.caller, found.gaps) == (Account("123456789012", "aws"), None, ())
    assert (found.source, found.taken_at) == ("snapshot", datetime.fromtimestamp(1_800_000_000, timezone.utc))


def test_what_a_plain_dump_cannot_hold_is_a_gap(tmp_path: Path) -> None:
    query = Query(
        users={"koding-user": OF_USER | CREDENTIALS},
        policies={arn: frozenset({DEVELOPERS}) for arn in (aws("Other"), own("gone"), own("edge"), own("old"))},
        account=frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER}),
        listed=frozenset({"user", "group"}),
    )
    found = collected(plain(tmp_path), query)
    assert {(gap.fact, gap.subject) for gap in found.gaps} == {
        *((fact, "user/koding-user") for fact in CREDENTIALS),
        *((fact, "") for fact in query.account),
        # It lists AWS's policies only where they are attached, and of the account's own all.
        (Fact.POLICY, aws("Other")),
    }
    assert found.policies == {
        own("gone"): None,
        own("edge"): ManagedPolicy(own("edge"), True),
        own("old"): ManagedPolicy(own("old"), False),
    }
    assert found.listed == {"user", "group"}


def test_who_is_not_in_a_plain_dump_is_absent(tmp_path: Path) -> None:
    found = collected(plain(tmp_path), Query(users={"other": OF_USER}, groups={"nobody": OF_GROUP}))
    assert (found.absent, found.gaps) == ({("user", "other"), ("group", "nobody")}, ())


def test_a_list_that_is_not_there_is_unread_and_not_empty(tmp_path: Path) -> None:
    query = Query(
        users={"other": OF_USER},
        groups={"Developers": OF_GROUP | {Fact.MEMBERS}},
        policies={own("gone"): frozenset({DEVELOPERS})},
        listed=frozenset({"user"}),
    )
    found = collected(plain(tmp_path, {"GroupDetailList": PLAIN["GroupDetailList"]}), query)
    assert {(gap.fact, gap.subject) for gap in found.gaps} == {
        (Fact.USER, "user/other"),
        (Fact.MEMBERS, "group/Developers"),
        (Fact.POLICY, own("gone")),
        (Fact.USERS_LISTED, ""),
    }
    assert (found.absent, found.listed) == (frozenset(), frozenset())


@pytest.mark.parametrize(("kind", "name"), [("user", "UserDetailList"), ("group", "GroupDetailList")])
def test_a_list_that_is_left_out_is_unread_where_the_others_are_there(kind: str, name: str, tmp_path: Path) -> None:
    lists = {each: rows for each, rows in PLAIN.items() if each != name}
    assert snapshot.read_snapshot(plain(tmp_path, lists)).listed == {"user", "group", "role"} - {kind}


def test_an_empty_list_is_an_empty_list(tmp_path: Path) -> None:
    query = Query(
        users={"other": OF_USER},
        groups={"Developers": OF_GROUP | {Fact.MEMBERS}},
        policies={own("gone"): frozenset({DEVELOPERS})},
        listed=frozenset({"user", "role"}),
    )
    found = collected(plain(tmp_path, WITHOUT_USERS), query)
    assert found.gaps == ()
    assert found.absent == {("user", "other")}
    assert found.listed == {"user", "role"}
    assert found.policies == {own("gone"): None}
    assert found.principals[DEVELOPERS].members == frozenset()


def test_closed_users_of_an_account_without_users_are_decided(tmp_path: Path) -> None:
    state = wanted(tmp_path, "version: 1\ngroups: {Developers: {}, empty: {}}\nclosed: {users: true, groups: true}\n")
    chosen = load_rules(skip=rules_not_in_details())
    path = plain(tmp_path, WITHOUT_USERS)
    audit = audit_snapshot(state, collected(path, scan_query(state, ACCOUNT, chosen)), chosen)
    assert audit.gaps == ()
    assert {each.rule for each in audit.findings} == {"policy-unexpected"}


def filtered(*names: str) -> dict[str, Any]:
    """What `--filter` saves of an account where ada is in Developers, which has both kinds of policies, as bob has."""
    both = [*ATTACHED, {"PolicyName": "edge", "PolicyArn": own("edge")}]
    lists: dict[str, list[dict[str, Any]]] = {
        "User": [detail("user", "ada", GroupList=["Developers"]), detail("user", "bob", AttachedManagedPolicies=both)],
        "Group": [detail("group", "Developers", AttachedManagedPolicies=both)],
        "Role": [{**detail("role", "ci", AttachedManagedPolicies=ATTACHED), "AssumeRolePolicyDocument": {}}],
        "LocalManagedPolicy": [{"PolicyName": "edge", "Arn": own("edge"), "AttachmentCount": 2}],
        "AWSManagedPolicy": [{"PolicyName": "ReadOnlyAccess", "Arn": aws("ReadOnlyAccess"), "AttachmentCount": 3}],
    }
    found = {f"{kind}DetailList": lists[kind] if kind in names else [] for kind in ("User", "Group", "Role")}
    return {**found, "Policies": [each for kind in lists if "Policy" in kind and kind in names for each in lists[kind]]}


EVERYTHING = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")


@pytest.mark.parametrize(
    ("names", "unread", "own_unread"),
    [
        (("User",), {"group", "role"}, True),
        (("Group",), {"user", "role"}, True),
        (("Role",), {"user", "group"}, True),
        (("Group", "LocalManagedPolicy", "AWSManagedPolicy"), {"user", "role"}, False),
        (("User", "Role", "LocalManagedPolicy"), {"group"}, False),
        (("User", "Group", "LocalManagedPolicy", "AWSManagedPolicy"), {"role"}, False),
        (("User", "Group", "Role", "AWSManagedPolicy"), set(), True),
        (EVERYTHING, set(), False),
    ],
    ids=lambda each: " ".join(sorted(each)) if isinstance(each, (tuple, set)) else str(each),
)
def test_an_empty_list_of_a_file_that_names_what_it_does_not_have_is_unread(
    names: tuple[str, ...], unread: set[str], own_unread: bool, tmp_path: Path
) -> None:
    query = Query(
        users={"zoe": OF_USER},
        groups={"Developers": OF_GROUP | {Fact.MEMBERS}, "none": OF_GROUP},
        policies={own("gone"): frozenset({DEVELOPERS})},
        listed=frozenset({"user", "group", "role"}),
    )
    found = collected(plain(tmp_path, filtered(*names)), query)
    assert set(found.listed) == {"user", "group", "role"} - unread
    assert (("user", "zoe") in found.absent, ("group", "none") in found.absent) == (
        "user" not in unread,
        "group" not in unread,
    )
    assert (own("gone") not in found.policies) == own_unread
    assert bool(found.gaps) == bool(unread or own_unread)
    assert all("--filter" in gap.reason for gap in found.gaps), found.gaps
    if DEVELOPERS in found.principals:
        assert found.principals[DEVELOPERS].members == (None if "user" in unread else {"ada"})


def test_a_boundary_that_counts_more_principals_than_the_file_has_proves_a_filter(tmp_path: Path) -> None:
    edge = {"PolicyName": "edge", "Arn": own("edge"), "PermissionsBoundaryUsageCount": 1}
    found = snapshot.read_snapshot(plain(tmp_path, dump(Policies=[edge])))
    assert found.listed == frozenset()


def test_documents_that_are_still_url_encoded_are_read(tmp_path: Path) -> None:
    text = json.dumps({"Statement": [{"Action": "s3:*", "Effect": "Allow", "Resource": "*"}]}, sort_keys=True)
    versions = [{"VersionId": "v1", "IsDefaultVersion": True, "Document": quote(text)}]
    inline = [
        {"PolicyName": "encoded", "PolicyDocument": quote(text, safe="")},
        *({"PolicyName": f"odd{number}", "PolicyDocument": odd} for number, odd in enumerate(["%7B", "7", 7, None])),
    ]
    group = detail("group", "Developers", GroupPolicyList=inline)
    policy = {"PolicyName": "edge", "Arn": own("edge"), "PolicyVersionList": versions}
    value = dump(GroupDetailList=[group], Policies=[policy])
    query = Query(groups={"Developers": OF_GROUP}, effective=frozenset({DEVELOPERS}), versions={own("edge"): ""})
    saved = snapshot.read_snapshot(plain(tmp_path, value))
    assert saved.documents == dict.fromkeys(("group/Developers/encoded", own("edge"), f"{own('edge')}@v1"), text)
    unread = [(gap.fact, gap.subject) for gap in snapshot.restrict_snapshot(saved, query).gaps]
    assert (Fact.DOCUMENT, "group/Developers/odd0") in unread
    assert (Fact.DOCUMENT, "group/Developers/encoded") not in unread


def test_the_gap_of_what_a_plain_dump_cannot_hold_names_the_option_that_skips_its_rules(tmp_path: Path) -> None:
    query = Query(
        users={"koding-user": OF_USER | CREDENTIALS},
        policies={aws("Other"): frozenset({DEVELOPERS})},
        account=frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER}),
    )
    found = collected(plain(tmp_path), query)
    assert {gap.reason for gap in found.gaps} == {"not in the file; --skip-not-in-details skips the rules that need it"}
    left = [rule for rule in load_rules(skip=rules_not_in_details()) if rule.facts & {gap.fact for gap in found.gaps}]
    assert left == []


def test_without_the_rules_that_need_more_a_plain_dump_gives_the_findings_of_the_live_account(
    seeded: MotoAccount, line: Connection, tmp_path: Path
) -> None:
    details = seeded.iam.get_account_authorization_details(MaxItems=1000)
    path = write(tmp_path, json.dumps(details, default=str))
    names = ("policy-missing", "membership-missing", "membership-unexpected", "policy-unexpected", "inline-unexpected")
    state, chosen = wanted(tmp_path, EXCLUSIVE), load_rules(only=names)
    wanted_facts = scan_query(state, ACCOUNT, chosen)
    from_file = audit_snapshot(state, collected(path, wanted_facts), chosen)
    assert told(from_file) == told(audit_snapshot(state, live.collect_snapshot(wanted_facts, line), chosen))
    assert from_file.gaps == ()
    assert {each.rule for each in from_file.findings} == set(names)


# --- refusals ---------------------------------------------------------------------------------------

ROLE_OF_ANOTHER = detail(
    "role", "r", Arn="arn:aws-cn:iam::123456789012:role/r", AssumeRolePolicyDocument={}, RolePolicyList=[]
)
USER_OF_ANOTHER = detail("user", "b", Arn="arn:aws:iam::210987654321:user/b")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (PLAIN | {"IsTruncated": True, "Marker": "x"}, "one page of several"),
        (PLAIN | {"NextToken": "x"}, "one page of several"),
        (PLAIN | {"UserDetailList": [USER_OF_ANOTHER]}, "name 2 accounts"),
        (PLAIN | {"RoleDetailList": [ROLE_OF_ANOTHER]}, "name 2 accounts"),
        (dump(), "name no account"),
        (dump(Policies=[{"Arn": aws("ReadOnlyAccess")}]), "name no account"),
        (PLAIN | {"UserDetailList": {}}, "UserDetailList is not a list of objects"),
        (PLAIN | {"UserDetailList": ["koding-user"]}, "UserDetailList is not a list of objects"),
        (PLAIN | {"Policies": "none"}, "Policies is not a list of objects"),
        (PLAIN | {"Policies": [{"PolicyName": "edge"}]}, r"Policies\[0\] has no usable Arn"),
        (PLAIN | {"Policies": [*PLAIN["Policies"], {"Arn": 7}]}, r"Policies\[3\] has no usable Arn"),
        (PLAIN | {"UserDetailList": [detail("user", "a"), {"UserName": "b"}]}, r"UserDetailList\[1\]: .*no usable"),
        (PLAIN | {"GroupDetailList": [detail("group", "a", Arn=None)]}, r"GroupDetailList\[0\]: .*no usable Arn"),
        (PLAIN | {"UserDetailList": [detail("user", "a", GroupList=[None])]}, r"UserDetailList\[0\]: .*no usable"),
        (PLAIN | {"UserDetailList": [detail("user", "a"), detail("user", "A")]}, "user A occurs twice"),
        ([], "must be an object"),
        ({}, "this is not a koding-audit-snapshot"),
        ({"RoleDetailList": []}, "name no account"),
        ("text", "must be an object"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(value: Any, problem: str, tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps(value))
    with pytest.raises(InputError, match=problem) as caught, snapshot.open_source(path, Settings()):
        pytest.fail("opened")
    assert caught.value.message.startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (json.dumps(PLAIN)[:-40].encode(), "not JSON"),
        (b"", "not JSON"),
        (b'{"UserDetailList": [], "UserDetailList": []}', "duplicate key"),
        (b'{"UserDetailList": [NaN]}', "NaN"),
        (b"[" * 100_000, "nested too deeply"),
        (json.dumps(PLAIN).encode("utf-16"), "UTF-16"),
        (b"\xef\xbb\xbf{}", "this is not a koding-audit-snapshot"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_json_is_refused(content: bytes | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught, snapshot.open_source(str(path), Settings()):
        pytest.fail("opened")
    assert str(path) in caught.value.message or (caught.value.location and caught.value.location.path == str(path))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a directory"):
        snapshot.read_snapshot(str(tmp_path))


def test_a_file_has_to_be_named() -> None:
    with pytest.raises(AuditError, match="names no file") as caught, snapshot.open_source("", Settings()):
        pytest.fail("opened")
    assert "snapshot:FILE" in caught.value.hint
