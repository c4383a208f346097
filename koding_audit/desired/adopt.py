"""Describes a live account as a desired-state file, so that a scan with this file has no findings.

Names, paths and documents come from AWS, and are quoted so that YAML reads them as text. What the format cannot express
is left out of the file, and listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from koding_audit import desired
from koding_audit.desired.policy_documents import document_error, document_length
from koding_audit.io.text import clip_text, escape
from koding_audit.io.yaml_nodes import ScalarNode
from koding_audit.model.account import PRINCIPAL_KINDS, Account, PrincipalKind, principal_key
from koding_audit.model.arn import arn_account, policy_name
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Principal, Snapshot, inline_document_key
from koding_audit.reference.quotas import Quota, load_quotas
from koding_audit.reference.reserved import ReservedNames, load_reserved_names

FACTS = frozenset(
    {
        Fact.USER,
        Fact.GROUP,
        Fact.ROLE,
        Fact.ATTACHED,
        Fact.INLINE,
        Fact.GROUPS,
        Fact.DOCUMENT,
        Fact.INLINE_DOCUMENT,
        Fact.VERSIONS,
    }
)
_LINE_WIDTH = 110
_MAX_DEPTH = 12  # levels of a document; the file itself may have 20
# A name that every YAML reader reads as text; others are quoted.
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.@/-]*", re.ASCII)
_RESERVED_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
# The usual order in a policy; other elements follow.
_ELEMENT_ORDER = ("Version", "Id", "Statement", "Sid", "Effect", "Principal", "Action", "NotAction", "Resource")
_VARIABLES = ("${account}", "${partition}")

_HEADER = """\
# yaml-language-server: $schema=./koding-audit.schema.json
#
# Account {account} at {time}, written by `koding-audit init --adopt`.
# A scan with this file has no findings until something changes. The file describes what exists, not what should exist:
# review it, and remove what is not needed. Each set has one policy: combine policies that belong together in one set,
# and name it by its purpose.
#
# Not described: the root user, access keys, passwords, MFA devices and tags; policies that are not attached; roles that
# AWS services and Identity Center created.
"""
_OMISSIONS_HEADER = "#\n# Left out, because this format cannot express it:\n"
_CLOSED_HINT = """
# With this, undeclared users, groups and roles are errors; `exclusive: true` does the same for what one of them has.
# closed: {users: true, groups: true, roles: true}
"""


@dataclass(frozen=True, slots=True)
class AccountDescription:
    """A desired-state file that describes an account.

    text: the file.
    counts: the number of groups, users and roles that it declares.
    omissions: what is left out, and why.
    """

    text: str
    counts: Mapping[PrincipalKind, int]
    omissions: tuple[str, ...]


def adopt_query() -> Query:
    """The query for a description; the facts of the account are for the scan of root that follows."""
    account = frozenset({Fact.CALLER, Fact.SUMMARY, Fact.CREDENTIAL_REPORT})
    return Query(account=account, listed=frozenset({"user", "group", "role"}), facts_of_all=FACTS)


def adoption_gaps(snapshot: Snapshot) -> tuple[Gap, ...]:
    """The gaps that make a description incomplete. Facts about root do not count: it is not described."""
    calls = {Fact.DOCUMENT: "iam:GetPolicyVersion", Fact.INLINE_DOCUMENT: "iam:GetAccountAuthorizationDetails"}
    known = [gap for gap in snapshot.gaps if gap.fact in _described_facts() and arn_account(gap.subject) != "aws"]
    known_keys = {(gap.fact, gap.subject) for gap in known}
    reason = "it is not in what was read"
    missing = [
        Gap(fact, calls.get(fact, "iam:GetAccountAuthorizationDetails"), reason, subject)
        for fact, subject in _missing_facts(snapshot)
        if (fact, subject) not in known_keys
    ]
    return (*known, *missing)


def describe_account(snapshot: Snapshot) -> AccountDescription:
    """Describe an account without adoption gaps. The same account gives the same text."""
    return _DescriptionBuilder(snapshot).build()


def _described_facts() -> frozenset[Fact]:
    return FACTS | {Fact.USERS_LISTED, Fact.GROUPS_LISTED, Fact.ROLES_LISTED}


def _missing_facts(snapshot: Snapshot) -> Iterator[tuple[Fact, str]]:
    """Yield each fact that the snapshot lacks, with its subject."""
    lists: dict[PrincipalKind, Fact] = {
        "user": Fact.USERS_LISTED,
        "group": Fact.GROUPS_LISTED,
        "role": Fact.ROLES_LISTED,
    }
    yield from ((fact, "") for kind, fact in lists.items() if kind not in snapshot.listed)
    for each in snapshot.principals.values():
        parts = {Fact.ATTACHED: each.attached, Fact.INLINE: each.inline}
        parts |= {Fact.GROUPS: each.groups} if each.kind == "user" else {}
        yield from ((fact, f"{each.kind}/{each.name}") for fact, part in parts.items() if part is None)
        groups = (name for name in sorted(each.groups or ()) if principal_key("group", name) not in snapshot.principals)
        yield from ((Fact.GROUP, f"group/{name}") for name in groups)
        keys = (inline_document_key(each, name) for name in sorted(each.inline or ()))
        yield from ((Fact.INLINE_DOCUMENT, key) for key in keys if key not in snapshot.documents)
    attached = frozenset[str]().union(*(each.attached or () for each in snapshot.principals.values()))
    own = (arn for arn in sorted(attached) if arn_account(arn) == snapshot.account.id)
    yield from ((Fact.DOCUMENT, arn) for arn in own if arn not in snapshot.documents)


class _NotExpressible(Exception):  # noqa: N818 - not an error: the item is left out of the file
    """The format cannot express it; the message is the reason."""


@dataclass
class _DescriptionBuilder:
    """Builds one description."""

    snapshot: Snapshot
    quotas: Mapping[tuple[str, str], Quota] = field(default_factory=load_quotas)
    reserved: ReservedNames = field(default_factory=load_reserved_names)
    sets: dict[str, str] = field(default_factory=dict)  # by ARN: the set's name
    omissions: list[str] = field(default_factory=list)

    def build(self) -> AccountDescription:
        those = {kind: self._nameable_principals(kind) for kind in PRINCIPAL_KINDS}
        groups, users, roles = (
            {each.name: self._principal_item(each) for each in those[kind]} for kind in PRINCIPAL_KINDS
        )
        for name, members in _members_by_group(those["group"], those["user"]).items():
            groups[name] |= {"members": members} if members else {}
        counts: dict[PrincipalKind, int] = {"group": len(groups), "user": len(users), "role": len(roles)}
        in_groups = {name for group in groups.values() for name in group.get("members", ())}
        policy_sets = {self.sets[arn]: self._set_item(arn) for arn in sorted(self.sets, key=self.sets.__getitem__)}
        # A user that is only in groups is declared by their `members`.
        users = {name: item for name, item in users.items() if item or name not in in_groups}
        parts = {"policy_sets": policy_sets, "groups": groups, "users": users, "roles": roles}
        return AccountDescription(self._file_text(parts), counts, tuple(self.omissions))

    def _file_text(self, parts: Mapping[str, Mapping[str, Any]]) -> str:
        account, taken_at = self.snapshot.account, self.snapshot.taken_at
        head = _HEADER.format(account=account.id, time=f"{taken_at:%Y-%m-%dT%H:%M:%SZ}")
        omissions = "".join(f"# - {escape(clip_text(each, 400))}\n" for each in self.omissions)
        text = head + (_OMISSIONS_HEADER + omissions if omissions else "")
        text += f'version: 1\n\naccount: {{id: "{account.id}", partition: {account.partition}}}\n'
        for key, value in (*parts.items(), ("root", {"access_keys": "forbidden", "mfa": "required"})):
            if value:
                text += "".join(f"{line}\n" for line in ("", f"{key}:", *_yaml_lines(value, "  ")))
        return text + _CLOSED_HINT

    def _nameable_principals(self, kind: PrincipalKind) -> list[Principal]:
        """The principals that a file may declare, sorted by name."""
        found = sorted(
            (each for each in self.snapshot.principals.values() if each.kind == kind), key=lambda it: it.name
        )
        nameable = []
        for each in found:
            if kind == "role" and self.reserved.is_reserved_path(each.path):
                continue
            if (kind == "role" and each.name.startswith(self.reserved.role_names)) or (
                kind == "user" and each.name.lower() == "root"
            ):
                self.omissions.append(f"{kind} {each.name}: a file cannot declare this name")
            else:
                nameable.append(each)
        return nameable

    def _principal_item(self, each: Principal) -> dict[str, Any]:
        """The entry of a principal; the members of a group are added later."""
        who = f"{each.kind} {each.name}"
        item: dict[str, Any] = {}
        if each.path != "/":
            self._set_or_omit(item, "path", f"{who}: its path", lambda: _require_pattern("path", each.path))
        required = [name for arn in sorted(each.attached or ()) if (name := self._set_name(arn, who))]
        item |= {"required": required} if required else {}
        inline = self._inline_items(each)
        item |= {"inline": inline} if inline else {}
        if each.boundary:
            self._set_or_omit(item, "boundary", f"{who}: its boundary", lambda: self._policy_reference(each.boundary))
        if each.kind == "role":
            self._set_or_omit(
                item, "trust", f"{who}: its trust policy", lambda: _document_value(each.trust, trust=True)
            )
        return item

    def _set_or_omit(self, item: dict[str, Any], key: str, what: str, make_value: Any) -> None:
        try:
            item[key] = make_value()
        except _NotExpressible as reason:
            self.omissions.append(f"{what}: {reason}")

    def _inline_items(self, each: Principal) -> dict[str, Any]:
        items: dict[str, Any] = {}
        left = self.quotas["inline documents", each.kind].value
        for name in sorted(each.inline or ()):
            text = self.snapshot.documents[inline_document_key(each, name)]
            what = f"{each.kind} {each.name}: its inline policy {name}"
            self._set_or_omit(
                items,
                name,
                what,
                lambda name=name, text=text: _require_pattern("policyName", name) and _document_value(text),
            )
            left -= document_length(json.dumps(items[name])) if name in items else 0
            if left < 0:
                del items[name]
                self.omissions.append(f"{what}: together, the inline policies are too long for a file")
                break
        return items

    def _set_name(self, arn: str, who: str) -> str:
        """The name of the set with this policy; "" if a file cannot name the policy."""
        if arn not in self.sets:
            try:
                self._policy_reference(arn)
            except _NotExpressible as reason:
                self.omissions.append(f"{who}: its policy {arn}: {reason}")
                return ""
            self.sets[arn] = _free_set_name(arn, {name.casefold() for name in self.sets.values()})
        return self.sets[arn]

    def _policy_reference(self, arn: str) -> str:
        """The name of a policy in a file."""
        account = self.snapshot.account
        name = _require_pattern("policy", policy_name(arn))
        if any(each in name for each in _VARIABLES):
            raise _NotExpressible("it contains ${account} or ${partition}, which a file would replace")
        if self.reserved.is_for_service_linked_roles(name) or arn != _arn_in_account(name, account):
            raise _NotExpressible("a file cannot name this policy")
        return name

    def _set_item(self, arn: str) -> dict[str, Any]:
        """The entry of a set; a customer managed policy comes with its document."""
        if arn_account(arn) == "aws":
            return {"policies": [policy_name(arn)]}
        item: dict[str, Any] = {}
        longest = self.quotas["document", "policy"].value
        document = lambda: _document_value(self.snapshot.documents[arn], longest=longest)  # noqa: E731 - named once
        self._set_or_omit(item, "document", f"policy {policy_name(arn)}: its document", document)
        if not item:
            return {"policies": [policy_name(arn)]}
        path, _, name = arn.partition(":policy")[2].rpartition("/")
        return {"policies": [{"name": name, **({"path": f"{path}/"} if path else {}), **item}]}


def _members_by_group(groups: Iterable[Principal], users: Iterable[Principal]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {each.name: [] for each in groups}
    for user in users:
        for group in user.groups or ():
            found[group].append(user.name)
    return found


def _free_set_name(arn: str, taken: set[str]) -> str:
    """A name for a policy's set: the policy's own, unless it is taken; names of sets are unique ignoring case."""
    bare = arn.rpartition("/")[2]
    names = (bare, *(f"{bare[:120]}.{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name.casefold() not in taken)


def _arn_in_account(name: str, account: Account) -> str:
    if name.startswith("customer:"):
        return f"arn:{account.partition}:iam::{account.id}:policy/{name.removeprefix('customer:')}"
    return f"arn:{account.partition}:iam::aws:policy/{name}"


def _require_pattern(definition: str, text: str) -> str:
    """Return the text if it fits a definition of the schema. Raises _NotExpressible."""
    known = desired.desired_schema()["definitions"][definition]
    if not re.search(known["pattern"], text) or len(text) > known.get("maxLength", len(text)):
        raise _NotExpressible("a file does not allow this spelling")
    return text


def _document_value(text: str, *, trust: bool = False, longest: int | None = None) -> Any:
    """A policy document as values for YAML. Raises _NotExpressible."""
    value = _stringify_values(json.loads(text), _MAX_DEPTH)
    written = json.dumps(value)
    if any(each in written for each in _VARIABLES):
        raise _NotExpressible("it contains ${account} or ${partition}, which a file would replace")
    problem = document_error(written, ScalarNode("", is_plain=False, location=Location("", 1, 1)), trust=trust)
    if problem:
        raise _NotExpressible(problem.message)
    if longest is not None and document_length(written) > longest:
        raise _NotExpressible("it is too long for a file")
    return value


def _stringify_values(value: Any, levels: int) -> Any:
    """Replace each number and boolean by text, as IAM does in a condition. levels: the allowed depth."""
    if isinstance(value, dict) and levels:
        items = {_require_visible(key): _stringify_values(each, levels - 1) for key, each in value.items()}
        return dict(sorted(items.items(), key=lambda pair: (_element_rank(pair[0]), pair[0])))
    if isinstance(value, list) and levels:
        return [_stringify_values(each, levels - 1) for each in value]
    if isinstance(value, str):
        return _require_visible(value)
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise _NotExpressible("it is nested too deeply" if value is not None else "it contains null")


def _element_rank(key: str) -> int:
    return _ELEMENT_ORDER.index(key) if key in _ELEMENT_ORDER else len(_ELEMENT_ORDER)


def _require_visible(text: str) -> str:
    if not text.isprintable():
        raise _NotExpressible("it contains a line break or an invisible character")
    return text


# --- YAML -------------------------------------------------------------------------------------


def _yaml_lines(value: Any, indent: str) -> Iterator[str]:
    """Yield the lines of a mapping or list; a value that fits on one line is written on one."""
    if isinstance(value, dict):
        for key, each in value.items():
            if _is_one_line(each, indent):
                yield f"{indent}{_scalar_text(key)}: {_flow_text(each)}"
            else:
                yield f"{indent}{_scalar_text(key)}:"
                yield from _yaml_lines(each, f"{indent}  ")
        return
    for each in value:
        if _is_one_line(each, indent):
            yield f"{indent}- {_flow_text(each)}"
        else:
            first, *rest = _yaml_lines(each, f"{indent}  ")
            yield f"{indent}- {first.removeprefix(indent)[2:]}"
            yield from rest


def _is_one_line(value: Any, indent: str) -> bool:
    return isinstance(value, str) or not value or len(indent) + len(_flow_text(value)) <= _LINE_WIDTH


def _flow_text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar_text(key)}: {_flow_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow_text, value)) + "]"
    return _scalar_text(value)


def _scalar_text(text: str) -> str:
    if _PLAIN_NAME.fullmatch(text) and text.lower() not in _RESERVED_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
