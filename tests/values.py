"""Constructors of desired and live values with defaults, so that a test states only what it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from koding_audit.io.codec.journal import chain_line
from koding_audit.model.account import Account, Caller, PrincipalKind, principal_key
from koding_audit.model.desired import (
    Boundary,
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    Ignore,
    KeyLimits,
    PolicyDocument,
    PolicyRef,
    PolicySet,
    Waiver,
)
from koding_audit.model.location import Location, Reference, SourceFile
from koding_audit.model.snapshot import AccessKey, Credentials, ManagedPolicy, Principal, RootUse, Snapshot
from koding_audit.reference.aws_reference import load_reference
from koding_audit.scan.comparison import Comparison

REFERENCE = load_reference()
ACCOUNT = Account("123456789012", "aws")
ROOT = "arn:aws:iam::123456789012:root"
NOW = datetime(2026, 11, 23, 20, 0, 0, tzinfo=timezone.utc)
FILE = SourceFile("policies/koding.yaml", "0" * 64)


def ago(**span: float) -> datetime:
    """`ago(days=3)` before NOW."""
    return NOW - timedelta(**span)


def line(number: int, column: int = 1) -> Location:
    return Location(FILE.path, number, column)


def aws(name: str, partition: str = "aws") -> str:
    """The ARN of an AWS managed policy."""
    return f"arn:{partition}:iam::aws:policy/{name}"


def own(name: str, account: Account = ACCOUNT) -> str:
    """The ARN of a policy of the account's own."""
    return f"arn:{account.partition}:iam::{account.id}:policy/{name}"


# --- desired ------------------------------------------------------------------------------------


def policy_set(name: str, *policies: str | PolicyRef) -> PolicySet:
    """policies: ARNs, or references with more than that."""
    refs = (
        each if isinstance(each, PolicyRef) else PolicyRef(each, line(7, 16 + 20 * n))
        for n, each in enumerate(policies)
    )
    return PolicySet(name, line(5), tuple(refs))


def statement(action: str | list[str] = "s3:GetObject", effect: str = "Allow", **more: Any) -> str:
    """A policy document of one statement, as the tool keeps documents."""
    return json.dumps({"Statement": [{"Action": action, "Effect": effect, "Resource": "*", **more}]}, sort_keys=True)


def trust(service: str = "ec2.amazonaws.com") -> str:
    """A trust policy, as the tool keeps documents."""
    who = {"Principal": {"Service": service}}
    return json.dumps({"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", **who}]}, sort_keys=True)


def written(text: str, number: int = 60) -> PolicyDocument:
    return PolicyDocument(text, line(number, 7))


def own_policy(name: str, text: str) -> PolicyRef:
    """One of the account's own policies, with what it is to say."""
    return PolicyRef(own(name), line(8, 9), document=written(text, 8))


def pinned(name: str, version: str) -> PolicyRef:
    return PolicyRef(aws(name), line(9, 9), version)


def uses(names: Iterable[str], number: int = 20) -> tuple[Reference, ...]:
    return tuple(Reference(name, line(number, 10 + n)) for n, name in enumerate(names))


def group(
    name: str = "Developers", *, required: Iterable[str] = (), optional: Iterable[str] = (), **more: Any
) -> DesiredGroup:
    return DesiredGroup(name, line(11), required=uses(required, 12), optional=uses(optional, 13), **more)


def user(
    name: str = "koding-user",
    *,
    groups: Iterable[str] = (),
    required: Iterable[str] = (),
    optional: Iterable[str] = (),
    console: str | None = None,
    **more: Any,
) -> DesiredUser:
    return DesiredUser(
        name,
        line(31),
        groups=uses(groups, 32),
        required=uses(required, 33),
        optional=uses(optional, 34),
        console=Reference(console, line(36, 14)) if console else None,
        **more,
    )


def role(name: str = "app", *, required: Iterable[str] = (), optional: Iterable[str] = (), **more: Any) -> DesiredRole:
    return DesiredRole(name, line(61), required=uses(required, 62), optional=uses(optional, 63), **more)


def key_limits(**limits: int) -> KeyLimits:
    return KeyLimits(line(35), **limits)


def boundary(arn: str | None) -> Boundary:
    """None: there is to be none."""
    return Boundary(PolicyRef(arn, line(37, 15)) if arn else None, line(37, 5))


def ignore(kind: PrincipalKind, pattern: str) -> Ignore:
    return Ignore(kind, pattern, "not ours", line(50))


def waiver(rule: str, number: int = 70, *, days: float = 1, **more: Any) -> Waiver:
    """One that holds for so many days after NOW."""
    return Waiver(rule, "it moves", "platform", (NOW + timedelta(days=days)).date(), location=line(number, 5), **more)


def desired(*parts: PolicySet | DesiredGroup | DesiredUser | DesiredRole, **more: Any) -> Desired:
    return Desired(
        files=(FILE,),
        policy_sets={each.name: each for each in parts if isinstance(each, PolicySet)},
        groups={each.name: each for each in parts if isinstance(each, DesiredGroup)},
        users={each.name: each for each in parts if isinstance(each, DesiredUser)},
        roles={each.name: each for each in parts if isinstance(each, DesiredRole)},
        **more,
    )


# --- live -----------------------------------------------------------------------------------------


def live_group(
    name: str = "Developers",
    *,
    attached: Iterable[str] | None = (),
    inline: Iterable[str] | None = (),
    members: Iterable[str] | None = None,
    path: str = "/",
    account: Account = ACCOUNT,
) -> Principal:
    """Its members are read only where a test says so, as the collectors do."""
    return Principal(
        kind="group",
        name=name,
        arn=account.arn("group", name, path),
        unique_id=f"AGPA{name.upper()}",
        path=path,
        attached=_read(attached),
        inline=_read(inline),
        members=_read(members),
    )


def live_user(
    name: str = "koding-user",
    *,
    attached: Iterable[str] | None = (),
    inline: Iterable[str] | None = (),
    groups: Iterable[str] | None = (),
    path: str = "/",
    boundary: str = "",
    tags: Mapping[str, str] | None = None,
    account: Account = ACCOUNT,
) -> Principal:
    return Principal(
        kind="user",
        name=name,
        arn=account.arn("user", name, path),
        unique_id=f"AIDA{name.upper()}",
        path=path,
        attached=_read(attached),
        inline=_read(inline),
        groups=_read(groups),
        boundary=boundary,
        tags=None if tags is None else tuple(sorted(tags.items())),
    )


def live_role(
    name: str = "app",
    *,
    attached: Iterable[str] | None = (),
    inline: Iterable[str] | None = (),
    path: str = "/",
    boundary: str = "",
    trusting: str = "",
    account: Account = ACCOUNT,
) -> Principal:
    return Principal(
        kind="role",
        name=name,
        arn=account.arn("role", name, path),
        unique_id=f"AROA{name.upper()}",
        path=path,
        attached=_read(attached),
        inline=_read(inline),
        boundary=boundary,
        trust=trusting or trust(),
    )


def access_key(suffix: str = "ABCD", *, active: bool = True, age: float = 1, used: float | None = None) -> AccessKey:
    """age and used: days before NOW; used None: never."""
    return AccessKey(suffix, active, ago(days=age), None if used is None else ago(days=used))


def root_use(*, password: datetime | None = None, keys: Iterable[datetime | None] = (None, None)) -> RootUse:
    return RootUse(generated=ago(hours=2), password_last_used=password, keys_last_used=tuple(keys))


def managed(*arns: str, attachable: bool = True) -> dict[str, ManagedPolicy | None]:
    """For Snapshot.policies."""
    return {arn: ManagedPolicy(arn, attachable) for arn in arns}


def live_policy(name: str, default: str = "v1", versions: Iterable[str] = ()) -> dict[str, ManagedPolicy | None]:
    """One of the account's own policies, for Snapshot.policies; its versions are the default one alone, or those."""
    unique_id = f"ANPA{name.upper()}"
    return {own(name): ManagedPolicy(own(name), True, unique_id, default, tuple(versions) or (default,))}


def snapshot(
    *principals: Principal,
    absent: Iterable[tuple[PrincipalKind, str]] = (),
    credentials: Credentials | None = None,
    **more: Any,
) -> Snapshot:
    """absent: kinds and names; credentials: those of koding-user."""
    base = Snapshot(
        account=ACCOUNT,
        caller=Caller("arn:aws:iam::123456789012:user/auditor", root=False),
        taken_at=NOW,
        source="live",
        principals={principal_key(each.kind, each.name): each for each in principals},
        absent=frozenset(principal_key(kind, name) for kind, name in absent),
        credentials={"koding-user": credentials} if credentials else {},
    )
    return replace(base, **more)


def compare(wanted: Desired, live: Snapshot) -> Comparison:
    return Comparison(wanted.bind(live.account), live)


def _read(values: Iterable[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)


def journal_of(*said: str) -> str:
    """The lines of a journal that says this, each with its chain."""
    text = chain = ""
    for each in said:
        line, chain = chain_line(each, chain)
        text += line
    return text
