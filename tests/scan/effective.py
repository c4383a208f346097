"""A user in a group whose policies allow, deny or bound an action that a set is for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from koding_audit.model.desired import RequiredAction
from koding_audit.model.finding import Finding
from koding_audit.model.snapshot import Organization, OrganizationPolicy, Snapshot, inline_document_key
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from tests.values import aws, desired, group, line, live_group, live_user, own, policy_set, snapshot, user

EC2, EDGE = aws("AmazonEC2FullAccess"), own("edge")
ALLOW_EC2 = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
RUN = RequiredAction("ec2:RunInstances", line(9, 7))
BUILD = replace(policy_set("stack-build", EC2), actions=(RUN,))
GUIDE = desired(BUILD, group(required=["stack-build"]), user(groups=["Developers"]))

ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def account(*, inline: dict[str, Any] | None = None, boundary: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """koding-user in Developers, which has AmazonEC2FullAccess; a statement of the user's own, and of a boundary."""
    person = live_user(
        groups=["Developers"], inline=["guard"] if inline else [], boundary=EDGE if boundary else "", attached=[]
    )
    documents = {EC2: document(ALLOW_EC2)}
    documents |= {inline_document_key(person, "guard"): document(inline)} if inline else {}
    documents |= {EDGE: document(boundary)} if boundary else {}
    return snapshot(live_group(attached=[EC2]), person, **{"documents": documents, **more})


def found(live: Snapshot, wanted: Any = GUIDE) -> list[Finding]:
    return list(audit_snapshot(wanted, live, load_rules(only=["action-not-effective"])).findings)


def rest(wanted: Any) -> list[Any]:
    return [*wanted.groups.values(), *wanted.users.values()]


def organization(*scps: list[dict[str, Any]], rcps: list[list[dict[str, Any]]] | None = None) -> Organization:
    """Each level one document, named by its number from the root down."""

    def levels(found: Any, kind: str) -> Any:
        return tuple((OrganizationPolicy(f"{kind}{number}.json", document(*level)),) for number, level in found)

    return Organization(
        scps=levels(enumerate(scps, start=1), "scp"),
        rcps=None if rcps is None else levels(enumerate(rcps, start=1), "rcp"),
    )
