"""A fast account to measure against: IAM and STS on loopback, every reply made before it is asked for.

Run as `python -m benchmarks.server CERTIFICATE USERS GROUPS [ROLES POLICIES]`, it prints the port of http, and that of
TLS with this certificate, where it is not "". `GET /-/calls` gives the calls since it was last asked, as JSON.

The account holds group Developers with what policies/koding.yaml requires and koding-user in it, and groups
`group-000`.. of which each has two policies attached, users `user-0000`.. spread over them. Everything is as desired.
With roles it is as full as an account may be: each role has an inline policy and a share of the account's own policies
`policy-0000`.., and each user and role has the tags that make a page of a thousand six megabytes.

Any role of any account can be assumed: an account that is entered so is the same but for its id.

What only peers ask for (benchmarks.peers) is answered too, as of an account in which that is not used.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import ssl
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import parse_qsl, quote

from koding_audit.reference import managed_policies

ACCOUNT = "123456789012"
ENTERED = "ASIA"  # what the id of an access key begins with that AssumeRole gave; the account's id follows
CREATED = "2026-01-01T00:00:00Z"
POLICIES = ("AmazonEC2FullAccess", "IAMReadOnlyAccess")
REPORT_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
SUMMARY = {
    "AccountMFAEnabled": 1,
    "AccountAccessKeysPresent": 0,
    "AccountPasswordPresent": 1,
    "AccountSigningCertificatesPresent": 0,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "GroupsPerUserQuota": 10,
    "GroupsQuota": 300,
    "UsersQuota": 5000,
}
NO_ORGANIZATION = (400, '{"__type":"AWSOrganizationsNotInUseException"}', "application/x-amz-json-1.1")
FIXED = {  # what is asked of other services, and of the organization
    "LookupEvents": (200, '{"Events":[]}', "application/x-amz-json-1.1"),
    "DescribeOrganization": NO_ORGANIZATION,
    "DescribeAccount": NO_ORGANIZATION,
    "DescribeRegions": (
        200,
        "<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName>"
        "<optInStatus>opt-in-not-required</optInStatus></item></regionInfo></DescribeRegionsResponse>",
    ),
    "ListOrganizationsFeatures": (
        404,
        "<ErrorResponse><Error><Code>OrganizationNotFoundException</Code></Error></ErrorResponse>",
    ),
}
Parameters = dict[str, str]
TAG = f"<member><Key>{'k' * 30}-{{0:02}}</Key><Value>{'v' * 80}</Value></member>"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
}
INLINE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": f"s{number:02}",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::b-{number:02}/*",
        }
        for number in range(12)
    ],
}


class Account:
    """The account's state and its replies. A reply is kept, so that the second of its kind costs nothing."""

    created = CREATED  # of everything in it, but as the credential report writes it

    def __init__(self, users: int, groups: int, roles: int = 0, policies: int = 0) -> None:
        self.groups = ["Developers", *(f"group-{number:03}" for number in range(groups))]
        self.users = {"koding-user": "Developers"}
        for number in range(users):
            self.users[f"user-{number:04}"] = self.groups[1 + number % groups]
        self.roles = {
            f"role-{role:04}": [f"policy-{number:04}" for number in range(role, policies, roles)]
            for role in range(roles)
        }
        self.tags = f"<Tags>{''.join(TAG.format(number) for number in range(36 if roles else 0))}</Tags>"

    @functools.cache  # noqa: B019 - one account lives as long as its process
    def reply(self, action: str, parameters: tuple[tuple[str, str], ...]) -> bytes:
        if action in FIXED:
            return response(*FIXED[action])
        method: Callable[[Parameters], str] | None = getattr(self, f"reply_{action}", None)
        if method is None:
            return response(
                400,
                f"<ErrorResponse><Error><Code>InvalidAction</Code><Message>{action}</Message></Error></ErrorResponse>",
            )
        try:
            result = method(dict(parameters))
        except KeyError:
            return response(404, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
        meta = "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000001</RequestId></ResponseMetadata>"
        return response(200, f"<{action}Response><{action}Result>{result}</{action}Result>{meta}</{action}Response>")

    # The methods below are named after the actions that they answer.
    # ruff: noqa: N802

    def reply_GetCallerIdentity(self, _: Parameters) -> str:
        return f"<Arn>arn:aws:iam::{ACCOUNT}:user/auditor</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>"

    def reply_AssumeRole(self, asked: Parameters) -> str:
        account = asked["RoleArn"].split(":")[4]
        keys = f"<AccessKeyId>{ENTERED}{account}</AccessKeyId><SecretAccessKey>secret-of-a-role</SecretAccessKey>"
        token = "<SessionToken>token-of-a-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        session = f"arn:aws:sts::{account}:assumed-role/audit/{asked['RoleSessionName']}"
        user = f"<AssumedRoleUser><AssumedRoleId>AROA:session</AssumedRoleId><Arn>{session}</Arn></AssumedRoleUser>"
        return f"<Credentials>{keys}{token}</Credentials>{user}"

    def reply_GetAccountSummary(self, _: Parameters) -> str:
        entries = (f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in SUMMARY.items())
        return f"<SummaryMap>{''.join(entries)}</SummaryMap>"

    def reply_GenerateCredentialReport(self, _: Parameters) -> str:
        return "<State>COMPLETE</State>"

    def reply_GetCredentialReport(self, _: Parameters) -> str:
        content = base64.b64encode(self.credential_report.encode()).decode()
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>{now}</GeneratedTime>"

    @functools.cached_property
    def credential_report(self) -> str:
        root = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,{CREATED},not_supported,no_information,not_supported,"
        root += "not_supported,true" + ",false,N/A,N/A,N/A,N/A" * 2 + ",false,N/A" * 2
        rows = [
            f"{user},arn:aws:iam::{ACCOUNT}:user/{user},{CREATED},false,N/A,N/A,N/A,false"
            + ",false,N/A,N/A,N/A,N/A" * 2
            + ",false,N/A" * 2
            for user in self.users
        ]
        return "\n".join([REPORT_COLUMNS, root, *rows])

    def reply_GetUser(self, asked: Parameters) -> str:
        return f"<User>{self._user(asked['UserName'])}</User>"

    def reply_ListGroupsForUser(self, asked: Parameters) -> str:
        return _listed("Groups", self._group(self.users[asked["UserName"]]))

    def reply_ListAttachedUserPolicies(self, asked: Parameters) -> str:
        return _empty("AttachedPolicies", self.users[asked["UserName"]])

    def reply_ListUserPolicies(self, asked: Parameters) -> str:
        return _empty("PolicyNames", self.users[asked["UserName"]])

    def reply_ListAccessKeys(self, asked: Parameters) -> str:
        return _empty("AccessKeyMetadata", self.users[asked["UserName"]])

    def reply_ListServiceSpecificCredentials(self, asked: Parameters) -> str:
        return _empty("ServiceSpecificCredentials", asked)

    def reply_ListSSHPublicKeys(self, asked: Parameters) -> str:
        return _empty("SSHPublicKeys", self.users[asked["UserName"]])

    def reply_ListSigningCertificates(self, asked: Parameters) -> str:
        return _empty("Certificates", self.users[asked["UserName"]])

    def reply_ListMFADevices(self, asked: Parameters) -> str:
        return _empty("MFADevices", self.users[asked["UserName"]])

    def reply_GetLoginProfile(self, asked: Parameters) -> str:
        raise KeyError(asked["UserName"])

    def reply_GetGroup(self, asked: Parameters) -> str:
        members = [self._user(user) for user, group in self.users.items() if group == asked["GroupName"]]
        start = int(asked.get("Marker", "0"))
        end = start + int(asked.get("MaxItems", "100"))
        page = _listed("Users", *members[start:end], marker=end if end < len(members) else None)
        return f"<Group>{self._group(asked['GroupName'])}</Group>{page}"

    def reply_ListAttachedGroupPolicies(self, asked: Parameters) -> str:
        self._group(asked["GroupName"])
        return _listed("AttachedPolicies", *self.attached(asked["GroupName"]))

    def reply_ListGroupPolicies(self, asked: Parameters) -> str:
        return _empty("PolicyNames", self._group(asked["GroupName"]))

    def reply_GetPolicy(self, asked: Parameters) -> str:
        arn = asked["PolicyArn"]
        name = arn.rpartition("/")[2]
        return (
            f"<Policy><PolicyName>{name}</PolicyName><PolicyId>ANPA{name}</PolicyId><Arn>{arn}</Arn><Path>/</Path>"
            "<DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>"
            f"<IsAttachable>true</IsAttachable><CreateDate>{self.created}</CreateDate></Policy>"
        )

    def reply_GetPolicyVersion(self, asked: Parameters) -> str:
        document = quote(json.dumps(managed_policies.load_managed_policies()[asked["PolicyArn"]].document), safe="")
        return (
            f"<PolicyVersion><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>"
            f"<CreateDate>{self.created}</CreateDate><Document>{document}</Document></PolicyVersion>"
        )

    def reply_ListPolicies(self, asked: Parameters) -> str:
        """Those that are attached; the account's own policies are told with its details only."""
        arns = [f"arn:aws:iam::aws:policy/{name}" for name in POLICIES if asked.get("Scope") != "Local"]
        of_one = (self.reply_GetPolicy({"PolicyArn": arn}).removeprefix("<Policy>") for arn in arns)
        return _listed("Policies", *(each.removesuffix("</Policy>") for each in of_one))

    def reply_ListEntitiesForPolicy(self, asked: Parameters) -> str:
        attached = asked["PolicyArn"].rpartition("/")[2] in POLICIES and asked.get("EntityFilter", "Group") == "Group"
        names = self.groups if attached else []
        groups = [f"<GroupName>{name}</GroupName><GroupId>AGPA{name.upper()}</GroupId>" for name in names]
        start = int(asked.get("Marker", "0"))
        end = start + int(asked.get("MaxItems", "100"))
        page = _listed("PolicyGroups", *groups[start:end], marker=end if end < len(groups) else None)
        return f"{page}<PolicyUsers/><PolicyRoles/>"

    def reply_GenerateServiceLastAccessedDetails(self, _: Parameters) -> str:
        return "<JobId>00000000-0000-4000-8000-000000000002</JobId>"

    def reply_GetServiceLastAccessedDetails(self, _: Parameters) -> str:
        times = (
            f"<JobCreationDate>{self.created}</JobCreationDate><JobCompletionDate>{self.created}</JobCompletionDate>"
        )
        return f"<JobStatus>COMPLETED</JobStatus>{times}{_listed('ServicesLastAccessed')}"

    def reply_GetAccountPasswordPolicy(self, _: Parameters) -> str:
        raise KeyError("it has none")

    def reply_ListUserTags(self, asked: Parameters) -> str:
        return _empty("Tags", self.users[asked["UserName"]])

    def reply_ListRoles(self, asked: Parameters) -> str:
        return _paged("Roles", [self._role(role) for role in self.roles], asked)

    def reply_ListVirtualMFADevices(self, asked: Parameters) -> str:
        return _empty("VirtualMFADevices", asked)

    def reply_ListAccountAliases(self, asked: Parameters) -> str:
        return _empty("AccountAliases", asked)

    def reply_ListSAMLProviders(self, asked: Parameters) -> str:
        return _empty("SAMLProviderList", asked)

    def reply_ListServerCertificates(self, asked: Parameters) -> str:
        return _empty("ServerCertificateMetadataList", asked)

    def reply_ListUsers(self, asked: Parameters) -> str:
        return _paged("Users", [self._user(user) for user in self.users], asked)

    def reply_ListGroups(self, asked: Parameters) -> str:
        return _paged("Groups", [self._group(group) for group in self.groups], asked)

    def reply_GetAccountAuthorizationDetails(self, asked: Parameters) -> str:
        """No policies, and MaxItems to a page over all kinds, as AWS counts them."""
        kinds = {value for name, value in asked.items() if name.startswith("Filter.member.")} or {
            "User",
            "Group",
            "Role",
        }
        rows = [("UserDetailList", self._user_detail(user)) for user in self.users if "User" in kinds]
        rows += [("GroupDetailList", self._group_detail(group)) for group in self.groups if "Group" in kinds]
        rows += [("RoleDetailList", self._role_detail(role)) for role in self.roles if "Role" in kinds]
        start = int(asked.get("Marker", "0"))
        end = start + int(asked.get("MaxItems", "100"))
        page = ""
        for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            members = "".join(f"<member>{row}</member>" for kind, row in rows[start:end] if kind == name)
            page += f"<{name}>{members}</{name}>"
        return page + _end(end if end < len(rows) else None)

    def attached(self, _group: str) -> list[str]:
        arn = "<PolicyArn>arn:aws:iam::aws:policy/{0}</PolicyArn><PolicyName>{0}</PolicyName>"
        return [arn.format(name) for name in POLICIES]

    def _user(self, name: str) -> str:
        self.users[name]
        return (
            f"<Path>/</Path><UserName>{name}</UserName><UserId>AIDA{name.upper()}</UserId>"
            f"<Arn>arn:aws:iam::{ACCOUNT}:user/{name}</Arn><CreateDate>{self.created}</CreateDate>"
        )

    def _group(self, name: str) -> str:
        if name not in self.groups:
            raise KeyError(name)
        return (
            f"<Path>/</Path><GroupName>{name}</GroupName><GroupId>AGPA{name.upper()}</GroupId>"
            f"<Arn>arn:aws:iam::{ACCOUNT}:group/{name}</Arn><CreateDate>{self.created}</CreateDate>"
        )

    def _user_detail(self, name: str) -> str:
        groups = f"<GroupList><member>{self.users[name]}</member></GroupList>"
        return f"{self._user(name)}{groups}<AttachedManagedPolicies/>{self.tags}"

    def _group_detail(self, name: str) -> str:
        attached = "".join(f"<member>{policy}</member>" for policy in self.attached(name))
        return f"{self._group(name)}<GroupPolicyList/><AttachedManagedPolicies>{attached}</AttachedManagedPolicies>"

    def _role(self, name: str) -> str:
        trust = quote(json.dumps(TRUST), safe="")
        return (
            f"<Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA{name.upper()}</RoleId>"
            f"<Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><CreateDate>{self.created}</CreateDate>"
            f"<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>"
        )

    def _role_detail(self, name: str) -> str:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/"
        attached = "".join(
            f"<member><PolicyArn>{arn}{policy}</PolicyArn><PolicyName>{policy}</PolicyName></member>"
            for policy in self.roles[name]
        )
        inline = quote(json.dumps(INLINE), safe="")
        return (
            f"{self._role(name)}<InstanceProfileList/><RolePolicyList><member><PolicyName>inline</PolicyName>"
            f"<PolicyDocument>{inline}</PolicyDocument></member></RolePolicyList>"
            f"<AttachedManagedPolicies>{attached}</AttachedManagedPolicies>{self.tags}"
        )


def _paged(name: str, rows: list[str], asked: Parameters) -> str:
    start = int(asked.get("Marker", "0"))
    end = start + int(asked.get("MaxItems", "100"))
    return _listed(name, *rows[start:end], marker=end if end < len(rows) else None)


def _listed(name: str, *members: str, marker: int | None = None) -> str:
    inside = "".join(f"<member>{member}</member>" for member in members)
    return f"<{name}>{inside}</{name}>{_end(marker)}"


def _empty(name: str, _exists: object) -> str:
    return _listed(name)


def _end(marker: int | None) -> str:
    if marker is None:
        return "<IsTruncated>false</IsTruncated>"
    return f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"


def response(status: int, body: str, kind: str = "text/xml") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def whole(received: bytes) -> tuple[bytes, bytes] | None:
    """Head and body of a request as botocore and this package send it; None before all of it is there."""
    head, found, body = received.partition(b"\r\n\r\n")
    at = head.find(b"Content-Length: ")
    length = int(head[at + len("Content-Length: ") :].partition(b"\r")[0]) if at >= 0 else 0
    return (head, body) if found and len(body) >= length else None


class KeepAlive(asyncio.Protocol):
    """A connection on which one request comes after another, each answered in one piece."""

    def __init__(self) -> None:
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        request = whole(self.received)
        if request is not None:
            self.received = b""
            wait, reply = self.answer(*request)
            asyncio.get_running_loop().call_later(wait, self.say, reply)

    def answer(self, head: bytes, body: bytes) -> tuple[float, bytes]:
        """Seconds to wait, and what to say then."""
        raise NotImplementedError

    def say(self, reply: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(reply)


class Connection(KeepAlive):
    """The account."""

    calls: list[tuple[str, str, Parameters]]
    account: Account

    def answer(self, head: bytes, body: bytes) -> tuple[float, bytes]:
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        path = lines[0].split(" ")[1]
        if path.startswith("/-/"):
            return 0.0, self.control()
        target = headers.get("x-amz-target", "")
        parameters = {} if target else dict(parse_qsl(body.decode()))
        action = parameters.pop("Action", target.rpartition(".")[2])
        parameters.pop("Version", None)
        signed = headers.get("authorization", "////").split("/")
        self.calls.append((signed[3], action, parameters))
        reply = self.account.reply(action, tuple(parameters.items()))
        key = signed[0].rpartition("=")[2]
        if key.startswith(ENTERED):
            reply = reply.replace(ACCOUNT.encode(), key.removeprefix(ENTERED).encode())
        return 0.0, reply

    def control(self) -> bytes:
        said = json.dumps(self.calls)
        self.calls.clear()
        return response(200, said, "application/json")


async def serve(connection: type[KeepAlive], certificate: str) -> None:
    """Print the port of http, and that of TLS, and answer until the process is killed.

    certificate: a file of PEM, with its key; "" for no TLS.
    """
    ways: list[ssl.SSLContext | None] = [None]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        ways.append(context)
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(connection, "127.0.0.1", 0, backlog=512, ssl=way) for way in ways]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main(account: type[Account]) -> None:
    Connection.calls = []
    Connection.account = account(*map(int, sys.argv[2:]))
    asyncio.run(serve(Connection, sys.argv[1]))


if __name__ == "__main__":
    main(Account)
