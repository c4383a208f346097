"""An AWS account in memory that answers IAM's calls as IAM does: names, unique ids, quotas, paging, lag, the report."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from koding_audit.policy.evaluation import AccessRequest, Context, Policies, Policy, compile_document, decide
from tests.values import REFERENCE

ACCOUNT = "123456789012"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/auditor"
BEGUN = datetime(2026, 1, 1, tzinfo=timezone.utc)
AWS = "arn:aws:iam::aws:policy/"
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
READ_LOGS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:Get*", "Resource": "*"}]}
)
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
QUOTAS: Mapping[str, int] = {
    "AttachedPoliciesPerUserQuota": 10,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "GroupsPerUserQuota": 10,
    "UsersQuota": 5000,
    "GroupsQuota": 300,
    "PoliciesQuota": 1500,
    "VersionsPerPolicyQuota": 5,
    "AccessKeysPerUserQuota": 2,
}
_OF_KIND = re.compile(r"(Get|List|ListAttached|Attach|Detach|Put|Delete|Create)(User|Group|Role)(Policy|Policies)?")
TRAILED = ("CreateAccessKey", "CreateLoginProfile", "UpdateUser")
_PREFIX = {"User": "AIDA", "Group": "AGPA", "Role": "AROA", "Policy": "ANPA", "Key": "AKIA"}


class IamError(Exception):
    """A refusal, with IAM's code and status."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass
class Entity:
    """A user, group or role."""

    kind: str
    name: str
    unique_id: str
    path: str = "/"
    attached: set[str] = field(default_factory=set)
    inline: dict[str, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    trust: str = ALLOW_ALL
    account: str = ACCOUNT
    keys: list[str] = field(default_factory=list)
    password: bool = False

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:{self.kind.lower()}{self.path}{self.name}"


@dataclass
class Managed:
    """A managed policy with its versions."""

    arn: str
    unique_id: str
    versions: dict[str, str]
    default: str = "v1"
    attachable: bool = True


@dataclass
class State:
    """What is in the account. entities: by kind and name in small letters; policies: by ARN."""

    entities: dict[tuple[str, str], Entity] = field(default_factory=dict)
    policies: dict[str, Managed] = field(default_factory=dict)


@dataclass
class Account:
    """The account, its clock and its habits.

    now: seconds; lag: how old reads are; flapping: every other read is up to date; page: the longest page; polls: how
    often the report is in progress before it is there; report: what is odd about it (REPORTS, or `usual`);
    listing_lag: how old GetAccountAuthorizationDetails is, where other reads are up to date; permissions: what the
    caller may, None for everything. Whoever signs with the key of a user is that user, and may do everything.
    reported: what the credential report shows, where it was made some time ago; trail: the events that CloudTrail has
    of what was done by `TRAILED`; trail_refusal: the code with which it refuses to be asked.
    """

    state: State = field(default_factory=State)
    now: float = 0.0
    lag: float = 0.0
    flapping: bool = False
    page: int = 1000
    polls: int = 0
    report: str = "usual"
    listing_lag: float = 0.0
    permissions: str | None = None
    caller: str = CALLER
    reported: State | None = None
    trail: list[dict[str, Any]] = field(default_factory=list)
    trail_refusal: str = ""
    _history: list[tuple[float, State]] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _reads: int = 0
    _generated: bool = False

    # --- seeding ---

    def add(self, kind: str, name: str, *, path: str = "/", attached: Iterable[str] = (), **more: Any) -> Entity:
        entity = Entity(kind, name, self.new_id(kind), path, set(attached), **more)
        self.state.entities[kind, name.lower()] = entity
        return entity

    def add_policy(self, arn: str, document: str = READ_LOGS, *, attachable: bool = True) -> None:
        self.state.policies[arn] = Managed(arn, self.new_id("Policy"), {"v1": document}, attachable=attachable)

    def new_id(self, kind: str) -> str:
        return f"{_PREFIX[kind]}{next(self._ids):016d}"

    # --- answering ---

    def answer(self, action: str, given: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """The reply to one call, signed with that access key. Raises IamError."""
        holder = next((each for each in self.state.entities.values() if key in each.keys), None)
        if holder is None:
            self._check_permission(action, given)
        if action == "GetCallerIdentity":
            arn = holder.arn if holder else self.caller
            return {"Account": arn.split(":")[4], "Arn": arn, "UserId": "AIDACALLER"}
        if action in _OWN:
            reply = _OWN[action](self, given)
            self._record(action, given)
            return reply
        found = _OF_KIND.fullmatch(action)
        if found is None:
            raise IamError("InvalidAction")
        verb, kind, of_policy = found.groups()
        if verb in ("Get", "List", "ListAttached"):
            return self._read(verb, kind, given, of_policy=bool(of_policy))
        return self._write(verb, kind, given, of_policy=bool(of_policy))

    def seen(self, *, listing: bool = False) -> State:
        """The state that a read sees: as it was before the lag, or now where it flaps."""
        self._reads += 1
        lag = max(self.lag, self.listing_lag) if listing else self.lag
        if not lag or (self.flapping and self._reads % 2):
            return self.state
        past = [state for time, state in self._history if time <= self.now - lag]
        return past[-1] if past else (self._history[0][1] if self._history else self.state)

    def changed(self) -> State:
        """The state to write to; what was there before is kept for reads that lag."""
        if not self._history:
            self._history.append((float("-inf"), copy.deepcopy(self.state)))
        return self.state

    def begin_to_lag(self) -> None:
        """What was before now is past for every read: no state of it is seen any more."""
        self._history.clear()

    def keep(self) -> None:
        """Remember the state after a write."""
        if self.lag or self.listing_lag:
            self._history.append((self.now, copy.deepcopy(self.state)))

    def pages(self, items: list[Any], member: str, given: Mapping[str, Any]) -> dict[str, Any]:
        start = int(given.get("Marker", 0))
        size = min(self.page, int(given.get("MaxItems", 100)))
        more = start + size < len(items)
        return {
            member: items[start : start + size],
            "IsTruncated": more,
            **({"Marker": str(start + size)} if more else {}),
        }

    def make_report(self) -> None:
        """The credential report is made now, and is what is shown from now on."""
        self.reported = copy.deepcopy(self.state)

    def _record(self, action: str, given: Mapping[str, Any]) -> None:
        if action in TRAILED:
            request = {name[0].lower() + name[1:]: value for name, value in given.items() if name != "Password"}
            caller = {"type": "IAMUser", "userName": self.caller.rpartition("/")[2]}
            event = {"eventName": action, "eventSource": "iam.amazonaws.com", "userIdentity": caller}
            self.trail.append({**event, "requestParameters": request, "responseElements": None})

    def _read(self, verb: str, kind: str, given: Mapping[str, Any], *, of_policy: bool) -> dict[str, Any]:
        state = self.seen()
        entity = _entity(state, kind, given)
        if verb == "ListAttached":
            policies = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in sorted(entity.attached)]
            return self.pages(policies, "AttachedPolicies", given)
        if verb == "List":
            return self.pages(sorted(entity.inline), "PolicyNames", given)
        if of_policy:
            if given["PolicyName"] not in entity.inline:
                raise IamError("NoSuchEntity", 404)
            named = {f"{kind}Name": entity.name, "PolicyName": given["PolicyName"]}
            return {**named, "PolicyDocument": json.loads(entity.inline[given["PolicyName"]])}
        own = {kind: _described(entity)}
        if kind != "Group":
            return own
        members = [_described(each) for each in state.entities.values() if entity.name in each.groups]
        return {**own, **self.pages(members, "Users", given)}

    def _write(self, verb: str, kind: str, given: Mapping[str, Any], *, of_policy: bool) -> dict[str, Any]:
        state = self.changed()
        name = given[f"{kind}Name"]
        if verb == "Create":
            if (kind, name.lower()) in state.entities:
                raise IamError("EntityAlreadyExists", 409)
            self._fits(f"{kind}sQuota", sum(each.kind == kind for each in state.entities.values()))
            made = self.add(kind, name, path=given.get("Path", "/"))
            self.keep()
            return {kind: _described(made)}
        entity = _entity(state, kind, given)
        if of_policy:
            self._write_policy(verb, entity, given)
        else:
            has_members = kind == "Group" and any(entity.name in each.groups for each in state.entities.values())
            if entity.attached or entity.inline or entity.groups or entity.keys or has_members:
                raise IamError("DeleteConflict", 409)
            del state.entities[kind, name.lower()]
        self.keep()
        return {}

    def _write_policy(self, verb: str, entity: Entity, given: Mapping[str, Any]) -> None:
        if verb == "Attach":
            policy = self.state.policies.get(given["PolicyArn"])
            if policy is None:
                raise IamError("NoSuchEntity", 404)
            if not policy.attachable:
                raise IamError("PolicyNotAttachable")
            if policy.arn not in entity.attached:
                self._fits(f"AttachedPoliciesPer{entity.kind}Quota", len(entity.attached))
            entity.attached.add(policy.arn)
        elif verb == "Detach":
            _there(given["PolicyArn"] in entity.attached)
            entity.attached.discard(given["PolicyArn"])
        elif verb == "Put":
            entity.inline[given["PolicyName"]] = given["PolicyDocument"]
        else:
            _there(given["PolicyName"] in entity.inline)
            del entity.inline[given["PolicyName"]]

    def _fits(self, quota: str, used: int) -> None:
        if used >= QUOTAS[quota]:
            raise IamError("LimitExceeded", 409)

    def _check_permission(self, action: str, given: Mapping[str, Any]) -> None:
        """The caller's own policy, judged by the project's evaluator; sts:GetCallerIdentity needs none."""
        if self.permissions is None or action == "GetCallerIdentity":
            return
        context = {"iam:PolicyARN": given["PolicyArn"]} if action.startswith(("Attach", "Detach")) else {}
        own = Policy("user auditor", "own", compile_document(self.permissions))
        # To create with tags is to tag, too.
        for name in (action, *(["TagUser"] if "Tags.member.1.Key" in given else [])):
            asked = Context.from_values(context, complete=True)
            service = "cloudtrail" if name == "LookupEvents" else "iam"
            request = AccessRequest(f"{service}:{name}", _resource(self.state, given), self.caller, asked)
            if decide(request, Policies(identity=(own,)), REFERENCE).verdict != "allowed":
                raise IamError("AccessDenied", 403)


def _resource(state: State, given: Mapping[str, Any]) -> str:
    """The ARN that a call is about, as IAM's reference has it for the actions of this tool: with its live path."""
    for kind in ("Group", "User", "Role"):
        if f"{kind}Name" in given:
            name = given[f"{kind}Name"]
            live = state.entities.get((kind, name.lower()))
            return live.arn if live else f"arn:aws:iam::{ACCOUNT}:{kind.lower()}{given.get('Path', '/')}{name}"
    if "PolicyArn" in given:
        return str(given["PolicyArn"])
    if "PolicyName" in given:
        return f"arn:aws:iam::{ACCOUNT}:policy{given.get('Path', '/')}{given['PolicyName']}"
    return "*"


def _there(condition: bool) -> None:
    if not condition:
        raise IamError("NoSuchEntity", 404)


def _entity(state: State, kind: str, given: Mapping[str, Any]) -> Entity:
    found = state.entities.get((kind, given[f"{kind}Name"].lower()))
    if found is None:
        raise IamError("NoSuchEntity", 404)
    return found


def _described(entity: Entity) -> dict[str, Any]:
    own = {
        f"{entity.kind}Name": entity.name,
        f"{entity.kind}Id": entity.unique_id,
        "Arn": entity.arn,
        "Path": entity.path,
        "CreateDate": BEGUN,
    }
    return {**own, "AssumeRolePolicyDocument": json.loads(entity.trust)} if entity.kind == "Role" else own


# --- what is not of a user, group or role ---------------------------------------------------------------


def _policy(account: Account, given: Mapping[str, Any], *, write: bool = False) -> Managed:
    state = account.changed() if write else account.seen()
    found = state.policies.get(given["PolicyArn"])
    if found is None:
        raise IamError("NoSuchEntity", 404)
    return found


def get_policy(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"Policy": _listed(_policy(account, given))}


def list_policies(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    own = given.get("Scope") == "Local"
    rows = [_listed(each) for each in account.seen().policies.values() if not own or f":{ACCOUNT}:" in each.arn]
    return account.pages(rows, "Policies", given)


def _listed(policy: Managed) -> dict[str, Any]:
    return {
        "PolicyName": policy.arn.rpartition("/")[2],
        "PolicyId": policy.unique_id,
        "Arn": policy.arn,
        "Path": "/",
        "DefaultVersionId": policy.default,
        "IsAttachable": policy.attachable,
    }


def get_policy_version(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    versions = _policy(account, given).versions
    _there(given["VersionId"] in versions)
    document = json.loads(versions[given["VersionId"]])
    return {"PolicyVersion": {"VersionId": given["VersionId"], "Document": document, "IsDefaultVersion": True}}


def list_policy_versions(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    policy = _policy(account, given)
    rows = [{"VersionId": each, "IsDefaultVersion": each == policy.default} for each in policy.versions]
    return account.pages(rows, "Versions", given)


def create_policy(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:policy{given.get('Path', '/')}{given['PolicyName']}"
    names = {each.rpartition("/")[2].lower() for each in account.changed().policies if f":{ACCOUNT}:" in each}
    if given["PolicyName"].lower() in names:
        raise IamError("EntityAlreadyExists", 409)
    account.add_policy(arn, given["PolicyDocument"])
    account.keep()
    return {"Policy": {"Arn": arn, "PolicyName": given["PolicyName"], "DefaultVersionId": "v1"}}


def create_policy_version(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    policy = _policy(account, given, write=True)
    if len(policy.versions) >= QUOTAS["VersionsPerPolicyQuota"]:
        raise IamError("LimitExceeded", 409)
    name = f"v{max(int(each[1:]) for each in policy.versions) + 1}"
    policy.versions[name] = given["PolicyDocument"]
    if given.get("SetAsDefault") == "true":
        policy.default = name
    account.keep()
    return {"PolicyVersion": {"VersionId": name, "IsDefaultVersion": policy.default == name}}


def set_default_policy_version(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    policy = _policy(account, given, write=True)
    _there(given["VersionId"] in policy.versions)
    policy.default = given["VersionId"]
    account.keep()
    return {}


def delete_policy_version(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    policy = _policy(account, given, write=True)
    _there(given["VersionId"] in policy.versions)
    if policy.default == given["VersionId"]:
        raise IamError("DeleteConflict", 409)
    del policy.versions[given["VersionId"]]
    account.keep()
    return {}


def delete_policy(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    policy = _policy(account, given, write=True)
    holders = [each for each in account.state.entities.values() if policy.arn in each.attached]
    if holders or len(policy.versions) > 1:
        raise IamError("DeleteConflict", 409)
    del account.state.policies[policy.arn]
    account.keep()
    return {}


def groups_for_user(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    state = account.seen()
    user = _entity(state, "User", given)
    groups = [state.entities["Group", name.lower()] for name in sorted(user.groups)]
    return account.pages([_described(each) for each in groups], "Groups", given)


def add_user_to_group(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    state = account.changed()
    group, user = _entity(state, "Group", given), _entity(state, "User", given)
    if group.name not in user.groups and len(user.groups) >= QUOTAS["GroupsPerUserQuota"]:
        raise IamError("LimitExceeded", 409)
    user.groups.add(group.name)
    account.keep()
    return {}


def remove_user_from_group(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    state = account.changed()
    group, user = _entity(state, "Group", given), _entity(state, "User", given)
    _there(group.name in user.groups)
    user.groups.discard(group.name)
    account.keep()
    return {}


def account_summary(account: Account, _given: Mapping[str, Any]) -> dict[str, Any]:
    entities = account.seen().entities.values()
    own = [arn for arn in account.seen().policies if not arn.startswith(AWS)]
    root = {"AccountAccessKeysPresent": 0, "AccountSigningCertificatesPresent": 0, "AccountMFAEnabled": 1}
    counts = {"Policies": len(own), **root}
    counts |= {f"{kind}s": sum(each.kind == kind for each in entities) for kind in ("User", "Group", "Role")}
    return {"SummaryMap": {**QUOTAS, **counts}}


def generate_report(account: Account, _given: Mapping[str, Any]) -> dict[str, Any]:
    if account.report == "limited":
        raise IamError("LimitExceeded", 409)
    state = "COMPLETE" if account._generated and account.polls <= 0 else "STARTED"
    account._generated = True
    return {"State": state, "Description": "No report exists. Starting a new report generation task"}


def get_report(account: Account, _given: Mapping[str, Any]) -> dict[str, Any]:
    waits = {"absent": ("ReportNotPresent", 410), "in progress": ("ReportInProgress", 404)}
    waits |= {"expired": ("ReportExpired", 410), "limited": ("ReportNotPresent", 410)}
    if account.report in waits:
        raise IamError(*waits[account.report])
    if not account._generated:
        raise IamError("ReportNotPresent", 410)
    if account.polls > 0:
        account.polls -= 1
        raise IamError("ReportInProgress", 404)
    rows = REPORTS[account.report](_rows(account.reported or account.seen()))
    made = datetime.now(timezone.utc) - timedelta(hours={"stale": 30, "of tomorrow": -24}.get(account.report, 0))
    content = "\n".join(",".join(row) for row in rows).encode()
    return {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": made}


def _rows(state: State) -> list[list[str]]:
    """The report as a table, its header first: root, then the users."""
    names = HEADER.split(",")
    never = {name: "false" for name in names if name.endswith(("_active", "_enabled"))}
    root = {"user": "<root_account>", "arn": f"arn:aws:iam::{ACCOUNT}:root", "mfa_active": "true"}
    users = [_reported_user(each) for each in state.entities.values() if each.kind == "User"]
    rows = [{**never, **known} for known in ({**root, "password_enabled": "not_supported"}, *users)]
    return [names, *([row.get(name, "N/A") for name in names] for row in rows)]


def _reported_user(user: Entity) -> dict[str, str]:
    active = {f"access_key_{slot}_active": "true" for slot, _ in enumerate(user.keys, 1)}
    rotated = {f"access_key_{slot}_last_rotated": BEGUN.isoformat() for slot, _ in enumerate(user.keys, 1)}
    return {"user": user.name, "arn": user.arn, "password_enabled": str(user.password).lower(), **active, **rotated}


def _without_column(rows: list[list[str]]) -> list[list[str]]:
    lost = rows[0].index("password_last_used")
    return [[*row[:lost], *row[lost + 1 :]] for row in rows]


REPORTS: Mapping[str, Callable[[list[list[str]]], list[list[str]]]] = {
    "usual": lambda rows: rows,
    "stale": lambda rows: rows,
    "of tomorrow": lambda rows: rows,
    "column twice": lambda rows: [[*row, row[-1]] for row in rows],
    "extra column": lambda rows: [[*row, "new" if row is rows[0] else "N/A"] for row in rows],
    "missing column": _without_column,
    "reordered": lambda rows: [[row[0], *reversed(row[1:])] for row in rows],
    "upper case": lambda rows: [rows[0], *([cell.replace("false", "FALSE") for cell in row] for row in rows[1:])],
    "no root": lambda rows: [rows[0], *rows[2:]],
    "root twice": lambda rows: [*rows, rows[1]],
    "short row": lambda rows: [*rows[:-1], rows[-1][:-1]],
}
"""What may be odd about a report that is there; about getting one: absent, in progress, expired, limited."""


def authorization_details(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    state = account.seen(listing=True)
    kinds = [value for name, value in given.items() if name.startswith("Filter.member.")]
    rows = [each for each in state.entities.values() if each.kind in kinds]
    page = account.pages([(each.kind, _detail(each)) for each in rows], "rows", given)
    found = page.pop("rows")
    return {
        **{f"{kind}DetailList": [row for each, row in found if each == kind] for kind in ("User", "Group", "Role")},
        "Policies": [],
        **page,
    }


def _detail(entity: Entity) -> dict[str, Any]:
    policies = [{"PolicyName": name, "PolicyDocument": json.loads(text)} for name, text in entity.inline.items()]
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in sorted(entity.attached)]
    own = {**_described(entity), f"{entity.kind}PolicyList": policies, "AttachedManagedPolicies": attached}
    return {**own, "GroupList": sorted(entity.groups)} if entity.kind == "User" else own


def access_keys(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    user = _entity(account.seen(), "User", given)
    rows = [{**_key(user, each), "CreateDate": BEGUN} for each in user.keys]
    return account.pages(rows, "AccessKeyMetadata", given)


def create_access_key(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    user = _entity(account.changed(), "User", given)
    if len(user.keys) >= QUOTAS["AccessKeysPerUserQuota"]:
        raise IamError("LimitExceeded", 409)
    user.keys.append(account.new_id("Key"))
    account.keep()
    return {"AccessKey": {**_key(user, user.keys[-1]), "SecretAccessKey": "secret", "CreateDate": BEGUN}}


def delete_access_key(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    user = _entity(account.changed(), "User", given)
    _there(given["AccessKeyId"] in user.keys)
    user.keys.remove(given["AccessKeyId"])
    account.keep()
    return {}


def access_key_last_used(_account: Account, _given: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody has used any."""
    return {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}


def login_profile(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    user = _entity(account.seen(), "User", given)
    _there(user.password)
    return {"LoginProfile": {"UserName": user.name, "CreateDate": BEGUN, "PasswordResetRequired": False}}


def create_login_profile(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    _entity(account.changed(), "User", given).password = True
    account.keep()
    return login_profile(account, given)


def mfa_devices(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody has any."""
    _entity(account.seen(), "User", given)
    return account.pages([], "MFADevices", given)


def update_user(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    user = _entity(account.changed(), "User", given)
    del account.state.entities["User", user.name.lower()]
    user.name = given["NewUserName"]
    account.state.entities["User", user.name.lower()] = user
    account.keep()
    return {}


def lookup_events(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """CloudTrail's events of one name, a page at a time; it has none that are older than the report."""
    if account.trail_refusal:
        raise IamError(account.trail_refusal)
    names = {each["AttributeValue"] for each in given.get("LookupAttributes", [])}
    found = [each for each in account.trail if not names or each["eventName"] in names]
    rows = [{"CloudTrailEvent": json.dumps(each)} for each in found]
    start = int(given.get("NextToken", 0))
    end = start + min(account.page, given["MaxResults"])
    return {"Events": rows[start:end], **({"NextToken": str(end)} if end < len(rows) else {})}


def service_credentials(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody has any."""
    _entity(account.seen(), "User", given)
    return account.pages([], "ServiceSpecificCredentials", given)


def ssh_keys(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody has any."""
    _entity(account.seen(), "User", given)
    return account.pages([], "SSHPublicKeys", given)


def signing_certificates(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody has any."""
    _entity(account.seen(), "User", given)
    return account.pages([], "Certificates", given)


def _key(user: Entity, key: str) -> dict[str, Any]:
    return {"UserName": user.name, "AccessKeyId": key, "Status": "Active"}


_OWN: Mapping[str, Callable[[Account, Mapping[str, Any]], dict[str, Any]]] = {
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
    "GetPolicyVersion": get_policy_version,
    "ListPolicyVersions": list_policy_versions,
    "CreatePolicy": create_policy,
    "CreatePolicyVersion": create_policy_version,
    "SetDefaultPolicyVersion": set_default_policy_version,
    "DeletePolicyVersion": delete_policy_version,
    "DeletePolicy": delete_policy,
    "ListGroupsForUser": groups_for_user,
    "AddUserToGroup": add_user_to_group,
    "RemoveUserFromGroup": remove_user_from_group,
    "GetAccountSummary": account_summary,
    "GenerateCredentialReport": generate_report,
    "GetCredentialReport": get_report,
    "GetAccountAuthorizationDetails": authorization_details,
    "ListAccessKeys": access_keys,
    "ListServiceSpecificCredentials": service_credentials,
    "ListSSHPublicKeys": ssh_keys,
    "ListSigningCertificates": signing_certificates,
    "CreateAccessKey": create_access_key,
    "DeleteAccessKey": delete_access_key,
    "GetAccessKeyLastUsed": access_key_last_used,
    "GetLoginProfile": login_profile,
    "CreateLoginProfile": create_login_profile,
    "ListMFADevices": mfa_devices,
    "UpdateUser": update_user,
    "LookupEvents": lookup_events,
}
