"""Reads the case tables: each file has a page of AWS's documentation, each case a line of its rules.

A case with `condition` asks for an Allow of everything under that condition; else `policies` has the statements of each
layer. What a case does not say is as in DEFAULT: alice gets an object of her own account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from koding_audit.policy.evaluation import (
    AccessRequest,
    Context,
    Decision,
    Policies,
    Policy,
    UnreadLayer,
    compile_document,
    decide,
)
from tests.values import REFERENCE

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # hundreds of cases are read by each worker
HERE = Path(__file__).parent / "cases"
DEFAULT = {
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k",
    "principal": "arn:aws:iam::123456789012:user/alice",
}
CASE_KEYS = {
    "id",
    "reason",
    "request",
    "policies",
    "condition",
    "context",
    "expected",
    "open_keys",
    "not_seen",
    "strict",
}
REQUEST_KEYS = {*DEFAULT, "resourceAccount", "context", "absent", "complete"}
POLICY_KEYS = {"identity", "boundary", "session", "scps", "rcps", "resource", "vpce", "unread", "management", "version"}


@dataclass(frozen=True)
class TableCase:
    id: str
    page: str
    said: Mapping[str, Any]

    def decide(self) -> Decision:
        return decide(request(self.said), policies(self.said), REFERENCE, strict=self.said.get("strict", False))


def table_cases() -> Iterator[TableCase]:
    for path in sorted(HERE.glob("*.yaml")):
        table = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
        for said in table["cases"]:
            yield TableCase(f"{path.stem}/{said['id']}", table["page"], said)


def request(said: Mapping[str, Any]) -> AccessRequest:
    asked = {**DEFAULT, "context": said.get("context", {}), **said.get("request", {})}
    context = {key: _values(value) for key, value in asked["context"].items()}
    return AccessRequest(
        asked["action"],
        asked["resource"],
        asked["principal"],
        Context.from_values(context, asked.get("absent", ()), complete=asked.get("complete", True)),
        asked.get("resourceAccount", ""),
    )


def _values(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)


def policies(said: Mapping[str, Any]) -> Policies:
    if "condition" in said:
        every = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": said["condition"]}
        return Policies(identity=_layer("identity", [every], "2012-10-17") or ())
    found = said.get("policies", {})
    version = found.get("version", "2012-10-17")

    def layer(name: str) -> tuple[Policy, ...] | None:
        return _layer(name, found.get(name), version)

    def levels(name: str) -> tuple[tuple[Policy, ...], ...]:
        return tuple(_layer(name, level, version) or () for level in found.get(name, ()))

    return Policies(
        identity=layer("identity") or (),
        boundary=layer("boundary"),
        session=layer("session"),
        scps=levels("scps"),
        rcps=levels("rcps"),
        resource=layer("resource") or (),
        vpce=_endpoint_policy(found.get("vpce"), version),
        unread=tuple(UnreadLayer(kind, what) for kind, what in found.get("unread", {}).items()),
        management_account=found.get("management", ""),
    )


def _layer(name: str, statements: list[Any] | None, version: str) -> tuple[Policy, ...] | None:
    if statements is None:
        return None
    return (
        (Policy(name, "table", compile_document({"Version": version, "Statement": statements})),) if statements else ()
    )


def _endpoint_policy(statements: list[Any] | None, version: str) -> Policy | None:
    if statements is None:
        return None
    return Policy("VPC endpoint policy", "table", compile_document({"Version": version, "Statement": statements}))
