"""Each reader of IAM on good replies and on bad ones, over HTTP: a value, or a CallError that says what is wrong."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from koding_audit.aws import iam
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from koding_audit.model.snapshot import AccessKey, ManagedPolicy, Principal
from tests.servers import wire
from tests.servers.replay import Replay, recorded
from tests.servers.wire import Call, Fault
from tests.values import aws, own

BORN = "2026-01-01T00:00:00Z"
USER = {
    "UserName": "someone",
    "UserId": "AIDA1",
    "Arn": "arn:aws:iam::123456789012:user/team/someone",
    "Path": "/team/",
    "CreateDate": BORN,
}
GROUP = {
    "GroupName": "some",
    "GroupId": "AGPA1",
    "Arn": "arn:aws:iam::123456789012:group/some",
    "Path": "/",
    "CreateDate": BORN,
}
POLICY = {"PolicyName": "p", "Arn": own("p"), "IsAttachable": True}
NONE_SUCH = {
    "status_code": 404,
    "data": {"Error": {"Code": "NoSuchEntity", "Message": "not found", "Type": "Sender"}},
}
DENIED = {"status_code": 403, "data": {"Error": {"Code": "AccessDenied", "Type": "Sender"}}}


def one_page(**members: Any) -> dict[str, Any]:
    return recorded({**members, "IsTruncated": False})


def by_marker(*pages: dict[str, Any]) -> Callable[[Call], dict[str, Any]]:
    """The pages of a list: each but the last names the next by its number."""
    last = len(pages) - 1
    more: list[dict[str, Any]] = [
        {"IsTruncated": True, "Marker": str(number + 1)} if number < last else {"IsTruncated": False}
        for number in range(len(pages))
    ]
    return lambda call: recorded(pages[(at := int(call.parameters.get("Marker", "0")))] | more[at])


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key != name}


# --- users and groups -------------------------------------------------------------------------------


def test_a_user_is_read_with_its_path_and_boundary(connection: Connection, replay: Replay) -> None:
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": own("edge")}
    replay.answer("GetUser", recorded({"User": USER | {"PermissionsBoundary": boundary}}))
    assert iam.read_principal(connection, "user", "someone") == Principal(
        "user", "someone", USER["Arn"], "AIDA1", "/team/", boundary=own("edge"), tags=()
    )
    assert replay.calls[0].parameters == {"UserName": "someone"}


def test_a_user_without_a_boundary_has_none(connection: Connection, replay: Replay) -> None:
    replay.answer("GetUser", recorded({"User": USER}))
    assert iam.read_principal(connection, "user", "someone").boundary == ""


def test_a_users_tags_come_with_it(connection: Connection, replay: Replay) -> None:
    replay.answer("GetUser", recorded({"User": USER | {"Tags": [{"Key": "team", "Value": "web"}]}}))
    assert iam.read_principal(connection, "user", "someone").tags == (("team", "web"),)
    assert len(replay.calls) == 1


def test_a_name_in_another_case_is_the_same_user(connection: Connection, replay: Replay) -> None:
    replay.answer("GetUser", recorded({"User": USER}))
    assert iam.read_principal(connection, "user", "SOMEONE").name == "someone"


def test_a_group_is_read_without_its_members(connection: Connection, replay: Replay) -> None:
    replay.answer("GetGroup", one_page(Group=GROUP, Users=[]))
    assert iam.read_principal(connection, "group", "some") == Principal("group", "some", GROUP["Arn"], "AGPA1", "/")
    assert replay.calls[0].parameters == {"GroupName": "some", "MaxItems": "1"}


def test_a_groups_members_are_read_from_every_page(connection: Connection, replay: Replay) -> None:
    pages = [{"Group": GROUP, "Users": [USER | {"UserName": name}]} for name in ("a", "b", "c")]
    replay.answer("GetGroup", by_marker(*pages))
    assert iam.read_principal(connection, "group", "some", members=True).members == {"a", "b", "c"}


def test_a_groups_members_are_not_half_read(connection: Connection, replay: Replay) -> None:
    replay.answer("GetGroup", by_marker({"Group": GROUP, "Users": [USER]}, {"Group": GROUP, "Users": [USER]}))
    replay.faults.add(Fault("GetGroup", page=2))
    with pytest.raises(CallError, match="AccessDenied"):
        iam.read_principal(connection, "group", "some", members=True)


@pytest.mark.parametrize("name", ["UserName", "UserId", "Arn", "Path"])
def test_a_user_that_lacks_something_is_refused(name: str, connection: Connection, replay: Replay) -> None:
    replay.answer("GetUser", recorded({"User": without(USER, name)}))
    with pytest.raises(CallError, match=f"iam:GetUser failed: MalformedReply: the reply has no usable {name}"):
        iam.read_principal(connection, "user", "someone")


def test_a_reply_about_another_principal_is_refused(connection: Connection, replay: Replay) -> None:
    replay.answer("GetUser", recorded({"User": USER}))
    replay.answer("GetGroup", one_page(Group=GROUP, Users=[]))
    with pytest.raises(CallError, match="about another user"):
        iam.read_principal(connection, "user", "somebody")
    with pytest.raises(CallError, match="about another group"):
        iam.read_principal(connection, "group", "others")


@pytest.mark.parametrize(
    "change",
    [
        {"Arn": "arn:aws:iam::123456789012:user/team/other"},
        {"Arn": "arn:aws:iam::123456789012:user/someone"},
        {"Arn": "arn:aws:iam::123456789012:role/team/someone"},
        {"Path": "/other/"},
        {"UserId": ""},
    ],
)
def test_a_user_whose_parts_contradict_each_other_is_refused(
    change: dict[str, str], connection: Connection, replay: Replay
) -> None:
    replay.answer("GetUser", recorded({"User": USER | change}))
    with pytest.raises(CallError, match="MalformedReply"):
        iam.read_principal(connection, "user", "someone")


def test_an_mfa_device_without_a_number_is_none(connection: Connection, replay: Replay) -> None:
    device = {"UserName": "someone", "SerialNumber": "arn:aws:iam::123456789012:mfa/phone", "EnableDate": BORN}
    replay.answer("ListMFADevices", one_page(MFADevices=[device]))
    assert iam.has_mfa(connection, "someone") is True
    replay.answer("ListMFADevices", one_page(MFADevices=[{"UserName": "someone"}]))
    with pytest.raises(CallError, match="SerialNumber"):
        iam.has_mfa(connection, "someone")


def test_a_boundary_that_names_no_policy_is_refused(connection: Connection, replay: Replay) -> None:
    replay.answer("GetUser", recorded({"User": USER | {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy"}}}))
    with pytest.raises(CallError, match="no usable PermissionsBoundaryArn"):
        iam.read_principal(connection, "user", "someone")


@pytest.mark.parametrize("answer", [NONE_SUCH, DENIED], ids=["absent", "denied"])
def test_a_user_that_is_absent_and_one_that_is_denied_are_told_apart(
    answer: dict[str, Any], connection: Connection, replay: Replay
) -> None:
    replay.answer("GetUser", answer)
    with pytest.raises(CallError) as caught:
        iam.read_principal(connection, "user", "someone")
    assert (caught.value.code, caught.value.refused) == (answer["data"]["Error"]["Code"], True)


# --- lists of one principal -------------------------------------------------------------------------

LISTS: dict[str, tuple[str, str, dict[str, Any], Callable[[Connection], Any], Any]] = {
    "policies of a user": (
        "ListAttachedUserPolicies",
        "AttachedPolicies",
        {"PolicyArn": aws("ReadOnlyAccess"), "PolicyName": "ReadOnlyAccess"},
        lambda connection: iam.list_attached_policies(connection, "user", "someone"),
        {aws("ReadOnlyAccess")},
    ),
    "policies of a group": (
        "ListAttachedGroupPolicies",
        "AttachedPolicies",
        {"PolicyArn": own("p"), "PolicyName": "p"},
        lambda connection: iam.list_attached_policies(connection, "group", "some"),
        {own("p")},
    ),
    "groups of a user": (
        "ListGroupsForUser",
        "Groups",
        GROUP,
        lambda connection: iam.list_groups_of_user(connection, "someone"),
        {"some"},
    ),
    "mfa devices": (
        "ListMFADevices",
        "MFADevices",
        {"UserName": "someone", "SerialNumber": "arn:aws:iam::123456789012:mfa/someone", "EnableDate": BORN},
        lambda connection: iam.has_mfa(connection, "someone"),
        True,
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_or_refused_and_empty_only_where_aws_says_so(
    name: str, connection: Connection, replay: Replay
) -> None:
    operation, member, item, read, value = LISTS[name]
    replay.answer(operation, one_page(**{member: [item]}))
    assert read(connection) == value
    replay.answer(operation, one_page(**{member: []}))
    assert not read(connection)
    replay.answer(operation, recorded({"IsTruncated": False}))
    with pytest.raises(CallError, match=f"{operation} failed: MalformedReply"):
        read(connection)
    for answer in (DENIED, NONE_SUCH):
        replay.answer(operation, answer)
        with pytest.raises(CallError, match=f"{operation} failed: {answer['data']['Error']['Code']}"):
            read(connection)


@pytest.mark.parametrize(
    ("operation", "member", "read"),
    [(operation, member, read) for operation, member, _, read, _ in list(LISTS.values())[:3]],
)
def test_an_item_without_its_name_is_refused(
    operation: str, member: str, read: Callable[[Connection], Any], connection: Connection, replay: Replay
) -> None:
    replay.answer(operation, one_page(**{member: [{"Path": "/"} if member == "Groups" else {"PolicyName": "p"}]}))
    with pytest.raises(CallError, match=f"{operation} failed: MalformedReply: the reply has no usable"):
        read(connection)


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_inline_policies_are_named_and_their_documents_read_decoded(
    kind: Any, connection: Connection, replay: Replay
) -> None:
    word = kind.title()
    replay.answer(f"List{word}Policies", by_marker({"PolicyNames": ["a"]}, {"PolicyNames": ["b c"]}))
    assert iam.list_inline_policies(connection, kind, "some") == {"a", "b c"}
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*é"}}
    named = {f"{word}Name": "some", "PolicyName": "a"}
    replay.answer(f"Get{word}Policy", recorded({**named, "PolicyDocument": document}))
    assert iam.read_inline_document(connection, kind, "some", "a") == json.dumps(document, sort_keys=True)
    assert replay.calls[-1].parameters == named


def test_a_document_that_is_not_json_is_refused(connection: Connection, replay: Replay) -> None:
    replay.answer(
        "GetUserPolicy", recorded({"UserName": "someone", "PolicyName": "a", "PolicyDocument": "%7Bnot%20json"})
    )
    with pytest.raises(CallError, match="GetUserPolicy failed: MalformedReply"):
        iam.read_inline_document(connection, "user", "someone", "a")


# --- credentials ------------------------------------------------------------------------------------


def key(suffix: str, created: str, **more: Any) -> dict[str, Any]:
    return {
        "UserName": "someone",
        "AccessKeyId": f"AKIAIOSFODNN{suffix}",
        "Status": "Active",
        "CreateDate": created,
        **more,
    }


def last_used(**used: Any) -> dict[str, Any]:
    return recorded({"UserName": "someone", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A", **used}})


def test_keys_are_read_oldest_first_and_only_the_end_of_their_ids_is_kept(
    connection: Connection, replay: Replay
) -> None:
    replay.answer(
        "ListAccessKeys",
        one_page(
            AccessKeyMetadata=[
                key("NEWS", "2026-02-01T00:00:00Z", Status="Inactive"),
                key("OLDS", "2026-01-01T00:00:00Z"),
            ]
        ),
    )
    used = {"AKIAIOSFODNNOLDS": last_used(LastUsedDate="2026-03-01T12:00:00Z"), "AKIAIOSFODNNNEWS": last_used()}
    replay.answer("GetAccessKeyLastUsed", lambda call: used[call.parameters["AccessKeyId"]])
    assert iam.list_access_keys(connection, "someone") == (
        AccessKey("OLDS", True, moment(2026, 1, 1), moment(2026, 3, 1, 12)),
        AccessKey("NEWS", False, moment(2026, 2, 1), None),
    )
    assert replay.calls[0].parameters["UserName"] == "someone"


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("metadata", "used"),
    [
        (without(key("ABCD", BORN), "AccessKeyId"), last_used()),
        (without(key("ABCD", BORN), "CreateDate"), last_used()),
        (without(key("ABCD", BORN), "Status"), last_used()),
        (key("ABCD", "0001-01-01T00:00:00+23:00"), last_used()),
        (key("ABCD", "yesterday"), last_used()),
        (key("ABCD", "May"), last_used()),
        (key("ABCD", "10:30"), last_used()),
        (key("ABCD", "1700000000"), last_used()),
        (key("ABCD", "2999-01-01T00:00:00Z"), last_used()),
        (key("ABCD", BORN), last_used(LastUsedDate="2999-01-01T00:00:00Z")),
        (key("ABCD", BORN) | {"Status": "Paused"}, last_used()),
        (key("ABCD", BORN), recorded({"UserName": "someone"})),
        (key("ABCD", BORN), last_used(LastUsedDate="N/A")),
        (key("ABCD", BORN), DENIED),
    ],
)
def test_a_key_that_is_not_known_whole_is_an_error(
    metadata: dict[str, Any], used: dict[str, Any], connection: Connection, replay: Replay
) -> None:
    replay.answer("ListAccessKeys", one_page(AccessKeyMetadata=[metadata]))
    replay.answer("GetAccessKeyLastUsed", used)
    with pytest.raises(CallError):
        iam.list_access_keys(connection, "someone")


def test_a_password_is_there_or_not_there_or_unknown(connection: Connection, replay: Replay) -> None:
    profile = {"UserName": "someone", "CreateDate": BORN, "PasswordResetRequired": False}
    replay.answer("GetLoginProfile", recorded({"LoginProfile": profile}))
    assert iam.has_password(connection, "someone") is True
    replay.answer("GetLoginProfile", NONE_SUCH)
    assert iam.has_password(connection, "someone") is False
    for answer in (DENIED, recorded({})):
        replay.answer("GetLoginProfile", answer)
        with pytest.raises(CallError):
            iam.has_password(connection, "someone")


def service(name: str, status: str = "Active") -> dict[str, Any]:
    return {
        "UserName": "someone",
        "ServiceName": name,
        "ServiceUserName": "someone-at-1",
        "ServiceSpecificCredentialId": "ACCA1",
        "Status": status,
        "CreateDate": BORN,
    }


SSH = {"UserName": "someone", "SSHPublicKeyId": "APKA1", "Status": "Active", "UploadDate": BORN}


def test_a_password_was_used_when_iam_says_so_and_else_never(connection: Connection, replay: Replay) -> None:
    user = {"UserName": "someone", "UserId": "AIDA1", "Arn": "arn:aws:iam::123456789012:user/someone", "Path": "/"}
    replay.answer("GetUser", recorded({"User": {**user, "PasswordLastUsed": "2026-11-20T08:00:00Z"}}))
    assert iam.read_password_last_used(connection, "someone") == (datetime(2026, 11, 20, 8, tzinfo=timezone.utc),)
    replay.clear()
    replay.answer("GetUser", recorded({"User": user}))
    assert iam.read_password_last_used(connection, "someone") == ()


@pytest.mark.parametrize(
    ("services", "ssh", "found"),
    [
        ([], [], ()),
        ([], [SSH, SSH], ("ssh",)),
        (["codecommit", "bedrock", "codecommit"], [SSH], ("bedrock", "codecommit", "ssh")),
    ],
)
def test_credentials_of_single_services_are_named_by_their_kind(
    services: list[str], ssh: list[Any], found: tuple[str, ...], connection: Connection, replay: Replay
) -> None:
    replay.answer(
        "ListServiceSpecificCredentials", recorded({"ServiceSpecificCredentials": [service(each) for each in services]})
    )
    replay.answer("ListSSHPublicKeys", one_page(SSHPublicKeys=ssh))
    assert iam.list_service_credentials(connection, "someone") == found


@pytest.mark.parametrize("status", ["Inactive", "Expired"])
def test_an_inactive_or_expired_credential_of_a_service_is_none_that_signs_anybody_in(
    status: str, connection: Connection, replay: Replay
) -> None:
    listed = [service("bedrock", status), service("codecommit")]
    replay.answer("ListServiceSpecificCredentials", recorded({"ServiceSpecificCredentials": listed}))
    replay.answer("ListSSHPublicKeys", one_page(SSHPublicKeys=[{**SSH, "Status": status}]))
    assert iam.list_service_credentials(connection, "someone") == ("codecommit",)


@pytest.mark.parametrize("odd", [{"Status": "active"}, {"Status": ""}, {"Status": None}])
def test_a_status_of_an_ssh_key_that_iam_does_not_know_is_an_error(
    odd: dict[str, Any], connection: Connection, replay: Replay
) -> None:
    replay.answer("ListServiceSpecificCredentials", recorded({"ServiceSpecificCredentials": []}))
    replay.answer("ListSSHPublicKeys", one_page(SSHPublicKeys=[SSH, {**SSH, **odd}]))
    with pytest.raises(CallError, match="ListSSHPublicKeys failed: MalformedReply"):
        iam.list_service_credentials(connection, "someone")


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"ServiceSpecificCredentials": [without(service("bedrock"), "ServiceName")]},
        {"ServiceSpecificCredentials": [without(service("bedrock"), "Status")]},
        {"ServiceSpecificCredentials": [service("bedrock", "Sleeping")]},
        {"ServiceSpecificCredentials": [], "IsTruncated": True, "Marker": "1"},
    ],
)
def test_credentials_of_single_services_that_are_not_known_whole_are_an_error(
    reply: dict[str, Any], connection: Connection, replay: Replay
) -> None:
    replay.answer("ListServiceSpecificCredentials", recorded(reply))
    replay.answer("ListSSHPublicKeys", one_page(SSHPublicKeys=[]))
    with pytest.raises(CallError, match="ListServiceSpecificCredentials failed: MalformedReply"):
        iam.list_service_credentials(connection, "someone")


def test_ssh_keys_that_cannot_be_listed_are_an_error(connection: Connection, replay: Replay) -> None:
    replay.answer("ListServiceSpecificCredentials", recorded({"ServiceSpecificCredentials": []}))
    replay.answer("ListSSHPublicKeys", DENIED)
    with pytest.raises(CallError, match="ListSSHPublicKeys failed: AccessDenied"):
        iam.list_service_credentials(connection, "someone")


@pytest.mark.parametrize(
    ("statuses", "count"), [([], 0), (["Active"], 1), (["Inactive", "Active", "Active"], 2), (["Inactive"], 0)]
)
def test_active_signing_certificates_are_counted(
    statuses: list[str], count: int, connection: Connection, replay: Replay
) -> None:
    row = {"UserName": "someone", "CertificateId": "C1", "CertificateBody": "-", "UploadDate": BORN}
    replay.answer("ListSigningCertificates", one_page(Certificates=[{**row, "Status": each} for each in statuses]))
    assert iam.count_signing_certificates(connection, "someone") == count


@pytest.mark.parametrize("answer", [one_page(Certificates=[{"Status": "active"}]), recorded({}), DENIED])
def test_signing_certificates_that_are_not_known_are_an_error(
    answer: dict[str, Any], connection: Connection, replay: Replay
) -> None:
    replay.answer("ListSigningCertificates", answer)
    with pytest.raises(CallError, match="ListSigningCertificates"):
        iam.count_signing_certificates(connection, "someone")


# --- policies and the account -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "attachable"),
    [(POLICY, True), (POLICY | {"IsAttachable": False}, False), (without(POLICY, "IsAttachable"), True)],
)
def test_a_policy_is_read_with_whether_it_can_be_attached(
    policy: dict[str, Any], attachable: bool, connection: Connection, replay: Replay
) -> None:
    replay.answer("GetPolicy", recorded({"Policy": policy}))
    assert iam.read_managed_policy(connection, own("p")) == ManagedPolicy(own("p"), attachable)
    replay.answer("ListPolicies", one_page(Policies=[policy]))
    assert iam.list_managed_policies(connection) == {own("p"): ManagedPolicy(own("p"), attachable)}


def test_a_policy_is_absent_only_where_aws_says_so(connection: Connection, replay: Replay) -> None:
    replay.answer("GetPolicy", NONE_SUCH)
    assert iam.read_managed_policy(connection, own("p")) is None
    for answer in (DENIED, recorded({}), recorded({"Policy": without(POLICY, "Arn")})):
        replay.answer("GetPolicy", answer)
        with pytest.raises(CallError):
            iam.read_managed_policy(connection, own("p"))


def test_every_policy_is_listed_from_every_page_once(connection: Connection, replay: Replay) -> None:
    pages = [{"Policies": [POLICY | {"Arn": own(name)} for name in names]} for names in ("ab", "", "bc")]
    replay.answer("ListPolicies", by_marker(*pages))
    assert set(iam.list_managed_policies(connection)) == {own("a"), own("b"), own("c")}
    assert replay.calls[0].parameters["Scope"] == "All"


def test_a_count_that_aws_leaves_out_is_left_out(connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"Users": 7, "AccountMFAEnabled": 0}}))
    assert iam.read_account_summary(connection) == {"Users": 7, "AccountMFAEnabled": 0}


@pytest.mark.parametrize("count", ["-1", "", "1_0", " 1", "+1", "\u0663", "1.0", "many", "9" * 19])
def test_a_count_that_is_none_is_an_error(count: str, connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"Users": 7, "AccountAccessKeysPresent": count}}))
    with pytest.raises(CallError, match="MalformedReply"):
        iam.read_account_summary(connection)


@pytest.mark.parametrize(
    "entry",
    [
        "<entry><key>AccountMFAEnabled</key></entry>",
        "<entry><value>1</value></entry>",
        "<entry><key>Users</key><value>1</value></entry>",
        "<entry><key>AccountMFAEnabled</key><key>AccountMFAEnabled</key></entry>",
    ],
    ids=["no value", "no key", "a key twice", "two keys"],
)
def test_an_entry_of_the_summary_without_its_own_value_is_an_error(
    entry: str, connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore gives an entry without a value the one before it, and the last value to a key that comes twice."""
    honest = wire.reply_xml
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"Users": 7}}))
    spoiled = f"</entry>{entry}</SummaryMap>".encode()
    monkeypatch.setattr(
        "tests.servers.replay.reply_xml",
        lambda *given: honest(*given).replace(b"</entry></SummaryMap>", spoiled),
    )
    with pytest.raises(CallError, match="MalformedReply"):
        iam.read_account_summary(connection)


@pytest.mark.parametrize("reply", [recorded({}), DENIED])
def test_a_summary_that_is_none_is_an_error(reply: dict[str, Any], connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", reply)
    with pytest.raises(CallError, match="GetAccountSummary"):
        iam.read_account_summary(connection)


# --- the credential report --------------------------------------------------------------------------

COMPLETE = recorded({"State": "COMPLETE"})
STARTED = recorded({"State": "STARTED", "Description": "No report exists. Starting a new report generation task"})
IN_PROGRESS = recorded({"State": "INPROGRESS"})
REPORT = recorded({"Content": "user,arn\nsomeone,x\n", "ReportFormat": "text/csv", "GeneratedTime": BORN})


def refusal(code: str, status: int = 410) -> dict[str, Any]:
    return {"status_code": status, "data": {"Error": {"Code": code, "Type": "Sender"}}}


def script(replay: Replay, generate: Iterable[dict[str, Any]], get: Iterable[dict[str, Any]]) -> None:
    """The answers in their order; the last one of each for ever."""
    for action, answers in (("GenerateCredentialReport", list(generate)), ("GetCredentialReport", list(get))):
        remaining = itertools.chain(answers, itertools.repeat(answers[-1]))
        replay.answer(action, lambda _, remaining=remaining: next(remaining))  # type: ignore[misc]


def actions(replay: Replay) -> list[str]:
    return [call.action.removesuffix("CredentialReport") for call in replay.calls]


def test_a_report_from_the_future_is_an_error(connection: Connection, replay: Replay) -> None:
    later = recorded(
        {"Content": "user,arn\nsomeone,x\n", "ReportFormat": "text/csv", "GeneratedTime": "2999-01-01T00:00:00Z"}
    )
    script(replay, [COMPLETE], [later])
    with pytest.raises(CallError, match="a GeneratedTime in the future"):
        iam.read_credential_report(connection, sleep=lambda _: None)


def aged(hours: float) -> dict[str, Any]:
    """A report that AWS made so many hours ago."""
    made = datetime.now(timezone.utc) - timedelta(hours=hours)
    return recorded({**REPORT["data"], "GeneratedTime": made})


@pytest.mark.parametrize("hours", [0, 3.9])
def test_a_report_of_the_last_four_hours_is_read_without_a_request_for_a_new_one(
    hours: float, connection: Connection, replay: Replay
) -> None:
    report = aged(hours)
    script(replay, [DENIED], [report])
    rows, generated = iam.read_credential_report(connection, sleep=lambda _: pytest.fail("waited"))
    assert rows == {"someone": {"user": "someone", "arn": "x"}}
    assert abs(generated - report["data"]["GeneratedTime"]) < timedelta(seconds=1)
    assert actions(replay) == ["Get"]


@pytest.mark.parametrize("first", [refusal("ReportNotPresent"), refusal("ReportExpired"), aged(4.1)])
def test_a_new_report_is_requested_where_there_is_none_of_the_last_four_hours(
    first: dict[str, Any], connection: Connection, replay: Replay
) -> None:
    script(replay, [COMPLETE], [first, aged(0)])
    rows, generated = iam.read_credential_report(connection, sleep=lambda _: pytest.fail("waited"))
    assert set(rows) == {"someone"}
    assert datetime.now(timezone.utc) - generated < timedelta(minutes=1)
    assert actions(replay) == ["Get", "Generate", "Get"]


def test_an_old_report_that_aws_does_not_replace_is_returned_with_its_time(
    connection: Connection, replay: Replay
) -> None:
    script(replay, [COMPLETE], [aged(30)])
    _, generated = iam.read_credential_report(connection, sleep=lambda _: pytest.fail("waited"))
    assert datetime.now(timezone.utc) - generated > timedelta(hours=29)
    assert actions(replay) == ["Get", "Generate", "Get"]


def test_a_report_that_is_being_made_is_waited_for(connection: Connection, replay: Replay) -> None:
    in_progress = refusal("ReportInProgress", 404)
    script(replay, [STARTED], [refusal("ReportNotPresent"), in_progress, in_progress, aged(0)])
    pauses: list[float] = []
    assert set(iam.read_credential_report(connection, pauses.append)[0]) == {"someone"}
    assert pauses == [0.5, 1.0, 1.0]
    assert actions(replay) == ["Get", "Generate", "Get", "Get", "Get"]


def test_a_report_that_another_caller_requested_is_waited_for(connection: Connection, replay: Replay) -> None:
    script(replay, [DENIED], [refusal("ReportInProgress", 404), aged(0)])
    pauses: list[float] = []
    assert set(iam.read_credential_report(connection, pauses.append)[0]) == {"someone"}
    assert (pauses, actions(replay)) == ([0.5], ["Get", "Get"])


def test_a_report_that_expires_while_one_looks_is_ordered_again(connection: Connection, replay: Replay) -> None:
    script(replay, [STARTED, STARTED], [refusal("ReportInProgress", 404), refusal("ReportExpired"), aged(0)])
    assert set(iam.read_credential_report(connection, lambda _: None)[0]) == {"someone"}
    assert actions(replay) == ["Get", "Get", "Generate", "Get"]


@pytest.mark.parametrize("seconds", [1, 4, 8, 30])
def test_a_report_is_seen_a_second_after_it_is_there_at_the_latest(
    seconds: float, connection: Connection, replay: Replay
) -> None:
    waited = [0.0]
    replay.answer("GenerateCredentialReport", STARTED)
    replay.answer(
        "GetCredentialReport",
        lambda _: aged(0) if waited[0] >= seconds else refusal("ReportInProgress" if waited[0] else "ReportNotPresent"),
    )

    def sleep(pause: float) -> None:
        waited[0] += pause

    iam.read_credential_report(connection, sleep)
    assert seconds <= waited[0] < seconds + 1


@pytest.mark.parametrize("code", ["ReportInProgress", "ReportNotPresent", "ReportExpired"])
@pytest.mark.parametrize("generate", [IN_PROGRESS, COMPLETE], ids=["in progress", "complete"])
def test_a_report_that_is_never_finished_is_given_up(
    generate: dict[str, Any], code: str, connection: Connection, replay: Replay
) -> None:
    script(replay, [generate], [refusal(code)])
    pauses: list[float] = []
    with pytest.raises(CallError) as caught:
        iam.read_credential_report(connection, pauses.append)
    assert (caught.value.call, caught.value.code) == ("iam:GetCredentialReport", code)
    assert iam.REPORT_DEADLINE <= sum(pauses) < iam.REPORT_DEADLINE + 1
    assert max(pauses) == 1


def test_where_no_new_report_is_made_for_now_the_one_that_is_there_is_good(
    connection: Connection, replay: Replay
) -> None:
    script(replay, [refusal("LimitExceeded", 409)], [aged(4.5)])
    assert set(iam.read_credential_report(connection, lambda _: None)[0]) == {"someone"}


def test_where_no_report_is_made_and_none_is_there_it_is_an_error(connection: Connection, replay: Replay) -> None:
    script(replay, [refusal("LimitExceeded", 409)], [refusal("ReportNotPresent")])
    with pytest.raises(CallError, match="ReportNotPresent"):
        iam.read_credential_report(connection, lambda _: None)


@pytest.mark.parametrize(
    ("generate", "get", "problem"),
    [
        (DENIED, REPORT, "iam:GenerateCredentialReport failed: AccessDenied"),
        (COMPLETE, DENIED, "iam:GetCredentialReport failed: AccessDenied"),
        (COMPLETE, recorded({"GeneratedTime": BORN}), "no usable Content"),
        (COMPLETE, recorded({"Content": "user\nsomeone\n"}), "no usable GeneratedTime"),
        (COMPLETE, recorded({"Content": "<html>", "GeneratedTime": BORN}), "no column `user`"),
        (COMPLETE, recorded({"Content": b"user\n\xff\n", "GeneratedTime": BORN}), "not a CSV file"),
    ],
)
def test_a_report_that_cannot_be_had_or_read_is_an_error_at_once(
    generate: dict[str, Any], get: dict[str, Any], problem: str, connection: Connection, replay: Replay
) -> None:
    script(replay, [generate], [get])
    with pytest.raises(CallError, match=problem):
        iam.read_credential_report(connection, sleep=lambda _: pytest.fail("waited"))


# --- authorization details --------------------------------------------------------------------------

USER_DETAIL = USER | {"GroupList": ["some"], "AttachedManagedPolicies": [], "Tags": []}
GROUP_DETAIL = GROUP | {"GroupPolicyList": [], "AttachedManagedPolicies": []}
ATTACHED = [{"PolicyName": "p", "PolicyArn": own("p")}]
INLINE = [{"PolicyName": "in", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}]


def test_every_user_of_every_page_is_read_with_all_that_is_known_of_it(connection: Connection, replay: Replay) -> None:
    full = USER_DETAIL | {
        "AttachedManagedPolicies": ATTACHED,
        "UserPolicyList": INLINE,
        "PermissionsBoundary": {"PermissionsBoundaryArn": own("edge")},
        "Tags": [{"Key": "team", "Value": "web"}, {"Key": "Cost", "Value": ""}],
    }
    other_arn = USER["Arn"].replace("someone", "other")
    other = USER_DETAIL | {"UserName": "other", "Arn": other_arn, "GroupList": []}
    empty: dict[str, Any] = {"GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    pages = [{**empty, "UserDetailList": users} for users in ([full], [], [other])]
    replay.answer("GetAccountAuthorizationDetails", by_marker(*pages))
    arn = USER["Arn"]
    found = iam.list_authorization_details(connection, ["user"])["user"]
    assert list(found.documents) == ["user/someone/in"]
    text = iam.document_from_detail(found.documents["user/someone/in"])
    assert text == '{"Statement": [], "Version": "2012-10-17"}'
    assert found.principals == (
        Principal(
            *("user", "someone", arn, "AIDA1", "/team/"),
            attached=frozenset({own("p")}),
            inline=frozenset({"in"}),
            groups=frozenset({"some"}),
            boundary=own("edge"),
            tags=(("Cost", ""), ("team", "web")),
        ),
        Principal("user", "other", other_arn, "AIDA1", "/team/", frozenset(), frozenset(), frozenset(), tags=()),
    )
    assert {call.parameters["Filter.member.1"] for call in replay.calls} == {"User"}


def test_every_group_is_read_without_members_which_only_its_users_tell(connection: Connection, replay: Replay) -> None:
    detail = GROUP_DETAIL | {"AttachedManagedPolicies": ATTACHED, "GroupPolicyList": INLINE}
    replay.answer("GetAccountAuthorizationDetails", one_page(GroupDetailList=[detail]))
    (group,) = iam.list_authorization_details(connection, ["group"])["group"].principals
    assert (group.attached, group.inline, group.groups, group.members) == ({own("p")}, {"in"}, None, None)
    assert replay.calls[0].parameters["Filter.member.1"] == "Group"


def test_the_members_of_each_group_are_told_by_the_users() -> None:
    def user(name: str, *groups: str) -> Principal:
        return Principal("user", name, "", "", "/", groups=frozenset(groups))

    unread = Principal("user", "c", "", "", "/")
    assert iam.members_by_group([user("a", "g", "h"), user("b", "g"), unread]) == {"g": {"a", "b"}, "h": {"a"}}


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        *(("user", without(USER_DETAIL, name)) for name in ("UserName", "UserId", "Arn", "Path", "GroupList")),
        ("user", without(USER_DETAIL, "AttachedManagedPolicies")),
        ("user", USER_DETAIL | {"AttachedManagedPolicies": [{"PolicyName": "p"}]}),
        ("user", USER_DETAIL | {"UserPolicyList": [{"PolicyDocument": {}}]}),
        ("user", USER_DETAIL | {"UserPolicyList": "in"}),
        ("user", USER_DETAIL | {"GroupList": [7]}),
        ("user", USER_DETAIL | {"PermissionsBoundary": "edge"}),
        ("user", USER_DETAIL | {"Tags": {"team": "web"}}),
        ("user", USER_DETAIL | {"Tags": [{"Key": "team"}]}),
        ("user", "someone"),
        ("user", None),
        *(("group", without(GROUP_DETAIL, name)) for name in ("GroupName", "GroupId", "Arn", "Path")),
        ("group", without(GROUP_DETAIL, "AttachedManagedPolicies")),
        ("group", GROUP_DETAIL | {"GroupPolicyList": [{}]}),
    ],
)
def test_a_detail_that_lacks_something_is_refused(kind: Any, detail: Any) -> None:
    with pytest.raises(CallError, match="GetAccountAuthorizationDetails failed: MalformedReply"):
        iam.principal_from_detail(kind, detail)
