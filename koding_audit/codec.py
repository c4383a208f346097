"""Snapshot, Plan, Journal and Report as versioned JSON, each field written and read by hand.

Encoding gives the same bytes for the same value, in ASCII. Decoding checks every type and refuses with InputError,
naming the item; it never guesses. No secret passes: of an access key there are only its last four characters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Any, TypeVar, get_args

from koding_audit import __version__
from koding_audit.errors import InputError
from koding_audit.jsontext import Item, instant, json_parts, read_apart, read_json, write_json
from koding_audit.model import (
    SEVERITIES,
    AccessKey,
    Account,
    Action,
    Audit,
    Baseline,
    Basis,
    Caller,
    Change,
    Credentials,
    EntityKey,
    EntityKind,
    Entry,
    Fact,
    Finding,
    FindingStatus,
    Gap,
    Journal,
    Kind,
    Level,
    ManagedPolicy,
    Measured,
    Organization,
    OrganizationPolicy,
    Outcome,
    Outline,
    Outlined,
    Plan,
    Principal,
    PrincipalKey,
    Problem,
    Report,
    RootState,
    RootUse,
    RunStatus,
    Severity,
    Snapshot,
    Source,
    SourceFile,
    StackFiles,
    Step,
    Verb,
    Waiver,
    key_of,
)
from koding_audit.spool import kept
from koding_audit.verdict import audit_status, blocking, ordered, stands, status_of, summary, worst
from koding_audit.waivers import can_be_waived

VERSION = 1
TOOL = "koding-audit"
SNAPSHOT = "koding-audit-snapshot"
PLAN = "koding-audit-plan"
JOURNAL = "koding-audit-journal"

_KINDS: tuple[Kind, ...] = get_args(Kind)
_ENTITY_KINDS: tuple[EntityKind, ...] = get_args(EntityKind)
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_CHANGES: tuple[Change, ...] = get_args(Change)
_STATUSES: tuple[FindingStatus, ...] = get_args(FindingStatus)
_RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
_OF_AUDIT = (
    *("account", "caller", "taken_at", "source", "endpoint", "credential_report_generated", "status", "desired"),
    *("summary", "findings", "gaps", "not_seen", "journal", "root", "outline"),
)
_LATER_OF_AUDIT = ("trend", "baseline")
_DEEPEST = 20  # of a finding's evidence

# A line of a journal: what it says, and its chain at the end.
_CHAINED = re.compile(r'(\{.*),"chain":"[0-9a-f]{64}"\}')

_T = TypeVar("_T")


# --- snapshot -------------------------------------------------------------------------------------


def encode_snapshot(snapshot: Snapshot) -> str:
    """All that was read of an account, so that an audit can be made without it."""
    root_use = snapshot.root_use
    value = {
        "version": VERSION,
        "kind": SNAPSHOT,
        "account": _account(snapshot.account),
        "caller": _caller(snapshot.caller),
        "taken_at": instant(snapshot.taken_at),
        "source": snapshot.source,
        "endpoint": snapshot.endpoint,
        "principals": [_principal(snapshot.principals[key]) for key in sorted(snapshot.principals)],
        "absent": [{"kind": kind, "name": name} for kind, name in sorted(snapshot.absent)],
        "listed": sorted(snapshot.listed),
        "credentials": {name: _credentials(each) for name, each in _sorted(snapshot.credentials).items()},
        "policies": {
            arn: None if policy is None else _managed_policy(policy)
            for arn, policy in _sorted(snapshot.policies).items()
        },
        "policies_listed": snapshot.policies_listed,
        "documents": _sorted(snapshot.documents),
        "organization": _organization(snapshot.organization),
        "summary": None if snapshot.summary is None else _sorted(snapshot.summary),
        "root_use": None if root_use is None else _root_use(root_use),
        "gaps": [_gap(gap) for gap in snapshot.gaps],
    }
    return write_json(value) + "\n"


def decode_snapshot(value: object, path: str) -> Snapshot:
    """From what read_json gives; path is only for messages. Raises InputError."""
    fields = Item(value, path).envelope(
        SNAPSHOT,
        VERSION,
        *("account", "caller", "taken_at", "source", "endpoint", "principals", "absent", "listed", "credentials"),
        *("policies", "policies_listed", "documents", "organization", "summary", "root_use", "gaps"),
    )
    policies = fields["policies"].mapping()
    summary_map = fields["summary"].optional(Item.mapping)
    return Snapshot(
        account=_read_account(fields["account"]),
        caller=fields["caller"].optional(_read_caller),
        taken_at=fields["taken_at"].time(),
        source=fields["source"].text(),
        endpoint=fields["endpoint"].optional(Item.text),
        principals=_read_principals(fields["principals"]),
        absent=fields["absent"].set_of(_read_absent),
        listed=fields["listed"].set_of(_read_kind),
        credentials={name: _read_credentials(each) for name, each in fields["credentials"].mapping().items()},
        policies={arn: _read_policy(arn, each) for arn, each in policies.items()},
        policies_listed=fields["policies_listed"].boolean(),
        documents={key: each.text() for key, each in fields["documents"].mapping().items()},
        organization=_read_organization(fields["organization"]),
        summary=None if summary_map is None else {name: each.whole() for name, each in summary_map.items()},
        root_use=fields["root_use"].optional(_read_root_use),
        gaps=fields["gaps"].each(_read_gap),
    )


def _account(account: Account) -> dict[str, Any]:
    return {"id": account.id, "partition": account.partition, "alias": account.alias}


def _read_account(item: Item) -> Account:
    fields = item.fields("id", "partition", "alias")
    return Account(fields["id"].text(), fields["partition"].text(), fields["alias"].optional(Item.text))


def _caller(caller: Caller | None) -> dict[str, Any] | None:
    return None if caller is None else {"arn": caller.arn, "root": caller.root}


def _read_caller(item: Item) -> Caller:
    fields = item.fields("arn", "root")
    return Caller(fields["arn"].text(), fields["root"].boolean())


def _read_kind(item: Item) -> Kind:
    return item.choice(_KINDS)


def _principal(principal: Principal) -> dict[str, Any]:
    def names(values: frozenset[str] | None) -> list[str] | None:
        return None if values is None else sorted(values)

    return {
        "kind": principal.kind,
        "name": principal.name,
        "arn": principal.arn,
        "unique_id": principal.unique_id,
        "path": principal.path,
        "attached": names(principal.attached),
        "inline": names(principal.inline),
        "groups": names(principal.groups),
        "members": names(principal.members),
        "boundary": principal.boundary,
        "tags": None if principal.tags is None else dict(principal.tags),
        "trust": principal.trust,
    }


def _read_principals(item: Item) -> dict[PrincipalKey, Principal]:
    principals: dict[PrincipalKey, Principal] = {}
    for each in item.items():
        principal = _read_principal(each)
        key = key_of(principal.kind, principal.name)
        if key in principals:
            each.refuse(f"{principal.kind} {json.dumps(principal.name)} is there twice (case does not tell them apart)")
        principals[key] = principal
    return principals


def _read_principal(item: Item) -> Principal:
    fields = item.fields(
        *("kind", "name", "arn", "unique_id", "path", "attached", "inline", "groups", "members", "boundary", "trust"),
        "tags",
    )

    def names(name: str) -> frozenset[str] | None:
        return fields[name].optional(lambda found: found.set_of(Item.text))

    return Principal(
        kind=_read_kind(fields["kind"]),
        name=fields["name"].text(),
        arn=fields["arn"].text(),
        unique_id=fields["unique_id"].text(),
        path=fields["path"].text(),
        attached=names("attached"),
        inline=names("inline"),
        groups=names("groups"),
        members=names("members"),
        boundary=fields["boundary"].text(),
        tags=fields["tags"].optional(_read_tags),
        trust=fields["trust"].text(),
    )


def _read_tags(item: Item) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value.text()) for key, value in item.mapping().items()))


def _read_absent(item: Item) -> PrincipalKey:
    fields = item.fields("kind", "name")
    return key_of(_read_kind(fields["kind"]), fields["name"].text())


def _credentials(credentials: Credentials) -> dict[str, Any]:
    keys = credentials.keys
    return {
        "keys": None if keys is None else [_access_key(key) for key in keys],
        "password": credentials.password,
        "mfa": credentials.mfa,
        "services": None if credentials.services is None else list(credentials.services),
        "password_used": None if credentials.password_used is None else [*map(instant, credentials.password_used)],
    }


def _read_credentials(item: Item) -> Credentials:
    fields = item.fields("keys", "password", "mfa", "services", "password_used")
    return Credentials(
        keys=fields["keys"].optional(lambda keys: keys.each(_read_access_key)),
        password=fields["password"].optional(Item.boolean),
        mfa=fields["mfa"].optional(Item.boolean),
        services=fields["services"].optional(lambda services: services.each(Item.text)),
        password_used=fields["password_used"].optional(lambda times: times.each(Item.time)),
    )


def _access_key(key: AccessKey) -> dict[str, Any]:
    return {
        "suffix": key.suffix[-4:],
        "active": key.active,
        "created": instant(key.created),
        "last_used": _instant(key.last_used),
    }


def _read_access_key(item: Item) -> AccessKey:
    fields = item.fields("suffix", "active", "created", "last_used")
    suffix = fields["suffix"].text()
    if len(suffix) > 4:
        fields["suffix"].refuse("at most the last four characters of a key's id are kept")
    last_used = fields["last_used"].optional(Item.time)
    return AccessKey(suffix, fields["active"].boolean(), fields["created"].time(), last_used)


def _managed_policy(policy: ManagedPolicy) -> dict[str, Any]:
    return {
        "attachable": policy.attachable,
        "unique_id": policy.unique_id,
        "default_version": policy.default_version,
        "versions": list(policy.versions),
    }


def _read_policy(arn: str, item: Item) -> ManagedPolicy | None:
    def read(found: Item) -> ManagedPolicy:
        fields = found.fields("attachable", "unique_id", "default_version", "versions")
        return ManagedPolicy(
            arn=arn,
            attachable=fields["attachable"].boolean(),
            unique_id=fields["unique_id"].text(),
            default_version=fields["default_version"].text(),
            versions=fields["versions"].each(Item.text),
        )

    return item.optional(read)


def _organization(organization: Organization) -> dict[str, Any]:
    def levels(found: tuple[Level, ...] | None) -> list[list[dict[str, str]]] | None:
        if found is None:
            return None
        return [[{"name": each.name, "document": each.document} for each in level] for level in found]

    return {
        "id": organization.id,
        "management_account": organization.management_account,
        "scps": levels(organization.scps),
        "rcps": levels(organization.rcps),
    }


def _read_organization(item: Item) -> Organization:
    fields = item.fields("id", "management_account", "scps", "rcps")
    scps, rcps = (fields[name].optional(lambda levels: levels.each(_read_level)) for name in ("scps", "rcps"))
    return Organization(fields["id"].optional(Item.text), fields["management_account"].text(), scps, rcps)


def _read_level(item: Item) -> Level:
    return item.each(_read_organization_policy)


def _read_organization_policy(item: Item) -> OrganizationPolicy:
    fields = item.fields("name", "document")
    return OrganizationPolicy(fields["name"].text(), fields["document"].text())


def _root_use(root_use: RootUse) -> dict[str, Any]:
    return {
        "generated": instant(root_use.generated),
        "password_last_used": _instant(root_use.password_last_used),
        "keys_last_used": [_instant(time) for time in root_use.keys_last_used],
    }


def _read_root_use(item: Item) -> RootUse:
    fields = item.fields("generated", "password_last_used", "keys_last_used")
    return RootUse(
        generated=fields["generated"].time(),
        password_last_used=fields["password_last_used"].optional(Item.time),
        keys_last_used=fields["keys_last_used"].each(lambda key: key.optional(Item.time)),
    )


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "fact": gap.fact.value,
        "call": gap.call,
        "reason": gap.reason,
        "subject": gap.subject,
        "permission": gap.permission,
    }


def _read_gap(item: Item) -> Gap:
    fields = item.fields("fact", "call", "reason", "subject", "permission")
    texts = (fields[name].text() for name in ("call", "reason", "subject", "permission"))
    return Gap(Fact(fields["fact"].choice([fact.value for fact in Fact])), *texts)


# --- plan -----------------------------------------------------------------------------------------


def encode_plan(plan: Plan) -> str:
    """Indented, for it is read before it is applied."""
    basis = plan.basis
    value = {
        "version": VERSION,
        "kind": PLAN,
        "basis": {
            "account": _account(basis.account),
            "made_at": instant(basis.made_at),
            "files": [_file(each) for each in basis.files],
            "with_sets": list(basis.with_sets),
            "only": list(basis.only),
            "skip": list(basis.skip),
            "create": basis.create,
            "replace": basis.replace,
            "state": basis.state,
            "stacks": [{"path": each.path, "files": [_file(file) for file in each.files]} for each in basis.stacks],
            "builder": basis.builder,
        },
        "steps": [
            {
                **_action(step.action),
                "finding": step.finding,
                "change": step.change,
                "unique_ids": _unique_ids(step.unique_ids),
            }
            for step in plan.steps
        ],
    }
    return write_json(value, indent=2) + "\n"


def decode_plan(value: object, path: str) -> Plan:
    """From what read_json gives; path is only for messages. Raises InputError."""
    fields = Item(value, path).envelope(PLAN, VERSION, "basis", "steps")
    return Plan(_read_basis(fields["basis"]), fields["steps"].each(_read_step))


def _read_basis(item: Item) -> Basis:
    fields = item.fields(
        *("account", "made_at", "files", "with_sets", "only", "skip", "create", "replace", "state"),
        *("stacks", "builder"),
    )
    return Basis(
        account=_read_account(fields["account"]),
        made_at=fields["made_at"].time(),
        files=fields["files"].each(_read_file),
        with_sets=fields["with_sets"].each(Item.text),
        only=fields["only"].each(Item.text),
        skip=fields["skip"].each(Item.text),
        create=fields["create"].boolean(),
        replace=fields["replace"].boolean(),
        state=fields["state"].text(),
        stacks=fields["stacks"].each(_read_stack),
        builder=fields["builder"].text(),
    )


def _read_stack(item: Item) -> StackFiles:
    fields = item.fields("path", "files")
    return StackFiles(fields["path"].text(), fields["files"].each(_read_file))


def _read_step(item: Item) -> Step:
    fields = item.fields("action", "parameters", "finding", "change", "unique_ids")
    return Step(
        action=_read_action(fields),
        finding=fields["finding"].text(),
        change=fields["change"].choice(_CHANGES),
        unique_ids=_read_unique_ids(fields["unique_ids"]),
    )


def _file(file: SourceFile) -> dict[str, str]:
    return {"path": file.path, "sha256": file.sha256}


def _read_file(item: Item) -> SourceFile:
    fields = item.fields("path", "sha256")
    return SourceFile(fields["path"].text(), fields["sha256"].text())


def _action(action: Action) -> dict[str, Any]:
    return {"action": action.verb.value, "parameters": _json_value(action.parameters)}


def _read_action(fields: Mapping[str, Item], *, unsaid: str = "") -> Action:
    """unsaid: a parameter that it needs, and that this kind of file leaves out."""
    verb = Verb(fields["action"].choice([verb.value for verb in Verb]))
    parameters = fields["parameters"]
    found = parameters.mapping()
    for name in _needed(verb):
        if name not in found and name != unsaid:
            parameters.refuse(f"{verb.value} needs {name}")
    return Action(verb, {name: _read_parameter(name, each) for name, each in found.items()})


def _needed(verb: Verb) -> list[str]:
    """The parameters without which IAM does not know the action; its API spells them as it spells its actions."""
    names = [f"{kind}Name" for kind in ("User", "Group", "Role") if kind in verb.value]
    names += ["UserName"] if verb is Verb.CREATE_ACCESS_KEY else []
    by_arn = verb is Verb.DELETE_POLICY or verb.value.endswith("PolicyVersion")
    if by_arn or verb.value.startswith(("Attach", "Detach")):
        names.append("PolicyArn")
    elif verb.value.endswith("Policy"):
        names.append("PolicyName")
    if verb.value.startswith("Put") or verb in (Verb.CREATE_POLICY, Verb.CREATE_POLICY_VERSION):
        names.append("PolicyDocument")
    if verb in (Verb.SET_DEFAULT_POLICY_VERSION, Verb.DELETE_POLICY_VERSION):
        names.append("VersionId")
    return names


def _read_parameter(name: str, item: Item) -> str | bool | list[dict[str, str]]:
    """Text, but for the tags of CreateUser and for SetAsDefault."""
    if name == "SetAsDefault":
        return item.boolean()
    if name != "Tags":
        return item.text()
    tags = [tag.fields("Key", "Value") for tag in item.items()]
    return [{"Key": tag["Key"].text(), "Value": tag["Value"].text()} for tag in tags]


def _unique_ids(ids: Mapping[EntityKey, str]) -> list[dict[str, str]]:
    return [{"kind": kind, "name": name, "id": ids[kind, name]} for kind, name in sorted(ids)]


def _read_unique_ids(item: Item) -> dict[EntityKey, str]:
    ids: dict[EntityKey, str] = {}
    for each in item.items():
        fields = each.fields("kind", "name", "id")
        key = fields["kind"].choice(_ENTITY_KINDS), fields["name"].text().casefold()
        if key in ids:
            each.refuse("it is there twice")
        ids[key] = fields["id"].text()
    return ids


# --- journal --------------------------------------------------------------------------------------


def journal_header(account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> str:
    """What the first line of a journal says; `chained` makes the line of it."""
    value = {
        "version": VERSION,
        "kind": JOURNAL,
        "tool": __version__,
        "account": _account(account),
        "started_at": instant(started_at),
        "desired": [_file(each) for each in desired],
    }
    return write_json(value)


def journal_line(time: datetime, index: int, entry: Entry) -> str:
    """What a line says of the entry at that index (from 0) in one state; the last line of an index holds."""
    value = {
        "time": instant(time),
        "index": index,
        **_action(entry.action),
        "unique_ids": _unique_ids(entry.unique_ids),
        "outcome": entry.outcome,
        "detail": entry.detail,
        "before": entry.before,
        "absent_before": entry.absent,
    }
    return write_json(value)


def journal_end(time: datetime) -> str:
    """What the last line says: the run came to its end, and no line after the one before this was taken away."""
    return write_json({"time": instant(time), "ended": True})


def chained(said: str, before: str) -> tuple[str, str]:
    """The line of a journal that says this, with its newline, and its chain.

    `chain` is SHA-256 over the chain of the line before (of the first line: nothing), a newline, and the line as it is
    without its chain. So a line that was edited, removed, moved or put in does not follow from the one before it.
    """
    chain = hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()
    return f'{said[:-1]},"chain":"{chain}"}}\n', chain


def decode_journal(text: str, path: str) -> tuple[Journal, Problem | None]:
    """The journal in its last state, and what is wrong with its last line if a crash tore that.

    A line is torn if it is the last, has no newline and is no JSON; all lines before it are used. An entry whose
    write was under way is `started` then: whether it happened is to be read from the account. Raises InputError, with
    the line that does not follow from the one before it.
    """
    lines = text.split("\n")
    torn = None
    if lines[-1] and not _is_json(lines[-1]):
        location = Source(path, len(lines), 1)
        torn = Problem("the journal's last line is torn", "the run was cut off; the lines before it are used", location)
    whole = lines[:-1] if torn or not lines[-1] else lines
    if not whole:
        raise InputError(f"{path}: the journal has no first line", "no write is made before it is there")
    _read_line(whole[0], path, 1).check_kind(JOURNAL, VERSION)  # a newer one may be chained in another way
    first, *rest = (_read_line(said, path, number) for number, said in enumerate(_unchained(whole, path), start=1))
    account, desired = _read_header(first)
    ended = bool(rest) and _read_end(rest[-1])
    entries: dict[int, Entry] = {}
    for item in rest[:-1] if ended else rest:
        index, entry = _read_entry(item)
        if index in entries and entries[index].action != entry.action:
            item.refuse(f"entry {index} was another action before")
        entries[index] = entry
    return Journal(path, account, tuple(entries[index] for index in sorted(entries)), ended, desired), torn


def _unchained(lines: Iterable[str], path: str) -> Iterator[str]:
    """What each line says, without its chain. Raises InputError at the first that does not follow."""
    before = ""
    for number, line in enumerate(lines, start=1):
        found = _CHAINED.fullmatch(line)
        said = f"{found[1]}}}" if found else "{}"
        again, before = chained(said, before)
        if again != f"{line}\n":
            raise InputError(
                "the journal is not as its run left it: this line does not follow from the one before it",
                "restore the journal; without it, what it says was added has to be taken back by hand",
                Source(path, number, 1),
            )
        yield said


def _read_end(item: Item) -> bool:
    """Whether this is the line that a run writes at its end."""
    if not isinstance(item.value, dict) or "ended" not in item.value:
        return False
    fields = item.fields("time", "ended")
    fields["time"].time()
    return fields["ended"].boolean()


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _read_line(line: str, path: str, number: int) -> Item:
    try:
        return Item(read_json(line, path), f"{path}:{number}")
    except InputError as error:
        column = error.location.column if error.location else 1
        raise InputError(error.message, "restore the journal", Source(path, number, column)) from error


def _read_header(item: Item) -> tuple[Account, tuple[SourceFile, ...]]:
    fields = item.envelope(JOURNAL, VERSION, "tool", "account", "started_at", "desired")
    fields["tool"].text()
    fields["started_at"].time()
    return _read_account(fields["account"]), fields["desired"].each(_read_file)


def _read_entry(item: Item) -> tuple[int, Entry]:
    fields = item.fields(
        *("time", "index", "action", "parameters", "unique_ids", "outcome", "detail", "before", "absent_before")
    )
    fields["time"].time()
    index = fields["index"].whole()
    if index < 0:
        fields["index"].refuse("it counts from 0")
    entry = Entry(
        action=_read_action(fields),
        outcome=fields["outcome"].choice(_OUTCOMES),
        detail=fields["detail"].text(),
        unique_ids=_read_unique_ids(fields["unique_ids"]),
        before=fields["before"].text(),
        absent=fields["absent_before"].boolean(),
    )
    return index, entry


# --- report ---------------------------------------------------------------------------------------


def encode_report(report: Report) -> str:
    """The JSON report, version 1."""
    return "".join(report_parts(report))


def report_parts(report: Report) -> Iterator[str]:
    """The text of encode_report, an audit at a time."""
    yield from json_parts(report_value(report))
    yield "\n"


def report_value(report: Report) -> dict[str, Any]:
    """The report as JSON values, in the order in which they are written; `audits` is an iterator."""
    return {
        "version": VERSION,
        "tool": {"name": TOOL, "version": report.made_by or __version__},
        "status": status_of(report),
        "fail_on": report.fail_on,
        "errors": [
            {"message": each.message, "hint": each.hint, "location": _location(each.location)} for each in report.errors
        ],
        "audits": (_audit(audit, audit_status(audit, report.fail_on)) for audit in report.audits),
    }


def _audit(audit: Audit, status: RunStatus) -> dict[str, Any]:
    return {
        "account": _account(audit.account),
        "caller": _caller(audit.caller),
        "taken_at": instant(audit.taken_at),
        "source": audit.source,
        "endpoint": audit.endpoint,
        "credential_report_generated": _instant(audit.report_generated),
        "status": status,
        "desired": [_file(each) for each in audit.desired],
        "summary": summary(audit.findings),
        "findings": [finding_value(each) for each in ordered(audit.findings)],
        "gaps": [_blocking(gap, rules) for gap, rules in blocking(audit)],
        "not_seen": sorted(audit.not_seen),
        "journal": None if audit.journal is None else _journal(audit.journal),
        "root": _root(audit.root),
        "outline": None if audit.outline is None else _outline(audit.outline),
        "trend": None if audit.trend is None else [_measured(each) for each in audit.trend],
        "baseline": None if audit.baseline is None else baseline_value(audit.baseline),
    }


def finding_value(finding: Finding) -> dict[str, Any]:
    """A finding as JSON values, in the order in which they are written."""
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "status": finding.status,
        "subject": finding.subject,
        "policy_set": finding.policy_set,
        "message": finding.message,
        "evidence": _json_value(finding.evidence),
        "location": _location(finding.source),
        "fix": None if finding.fix is None else _shown(finding.fix),
        "waiver": None if finding.waiver is None else _waiver(finding.waiver),
        "known": finding.known,
    }


def baseline_value(baseline: Baseline) -> dict[str, Any]:
    """A baseline as JSON values."""
    return {**_file(baseline.file), "taken_at": instant(baseline.taken_at), "gone": list(baseline.gone)}


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "subject": waiver.subject,
        "policy": waiver.policy,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires.isoformat(),
        "location": _location(waiver.source),
    }


def _blocking(gap: Gap, rules: tuple[str, ...]) -> dict[str, Any]:
    return {
        "fact": gap.fact.value,
        "call": gap.call,
        "reason": gap.reason,
        "rules": list(rules),
        "subject": gap.subject,
        "permission": gap.permission,
    }


def _journal(journal: Journal) -> dict[str, Any]:
    entries = [{**_shown(each.action), "outcome": each.outcome, "detail": each.detail} for each in journal.entries]
    return {"path": journal.path, "entries": entries}


def _root(root: RootState) -> dict[str, Any]:
    return {
        "access_keys": root.access_keys,
        "mfa": root.mfa,
        "use": None if root.use is None else _root_use(root.use),
    }


def _outline(outline: Outline) -> dict[str, Any]:
    return {
        "declared": {kind: outline.declared[kind] for kind in _KINDS},
        "principals": [_outlined(each) for each in outline.principals],
        "policy_sets": [{"name": name, "policies": list(arns)} for name, arns in sorted(outline.policy_sets.items())],
    }


def _outlined(each: Outlined) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "name": each.name,
        "arn": each.arn,
        "groups": list(each.groups),
        "members": each.members,
        "required": list(each.required),
        "optional": [{"name": name, "attached": attached} for name, attached in each.optional],
    }


def _measured(each: Measured) -> dict[str, Any]:
    return {
        "taken_at": instant(each.taken_at),
        "status": each.status,
        "partial": each.partial,
        **{severity: getattr(each, severity) for severity in SEVERITIES},
    }


def _shown(action: Action) -> dict[str, Any]:
    """An action without the text of a policy: a report goes further than a plan or the journal does."""
    parameters = {name: each for name, each in action.parameters.items() if name != "PolicyDocument"}
    return _action(Action(action.verb, parameters))


def read_report(text: str, path: str) -> Report:
    """A saved report, without the advice of its rules; of one of many accounts no more than a few are held at once.

    Raises InputError, also where its status or its counts are not what its findings come to.
    """
    value, audits = read_apart(text, path, "audits")
    return decode_report(value, path, audits)


def decode_report(value: object, path: str, audits: Iterable[object] = ()) -> Report:
    """A report by what read_json gives. audits: those that are not in the value. Raises InputError.

    Its status and its counts have to be what its findings come to: whatever it is rendered as, it says the same.
    """
    top = Item(value, path)
    if isinstance(value, dict) and "kind" in value:
        top.refuse("it is no report", "make one with `scan FILE --output json:REPORT`")
    top.check_version(VERSION)
    fields = top.fields("version", "tool", "status", "fail_on", "errors", "audits")
    tool = fields["tool"].fields("name", "version")
    tool["name"].choice([TOOL])
    fail_on = fields["fail_on"].choice(SEVERITIES)
    errors = fields["errors"].each(_read_problem)
    items = chain(fields["audits"].items(), (Item(each, path, f"audits[{at}]") for at, each in enumerate(audits)))
    statuses: set[RunStatus] = set()
    report = Report(kept(_checked(items, fail_on, statuses)), fail_on, errors, made_by=tool["version"].text())
    _check(fields["status"], "incomplete" if errors else worst(statuses))
    return report


def _checked(items: Iterable[Item], fail_on: Severity, statuses: set[RunStatus]) -> Iterator[Audit]:
    """The audits; each status is added to those that there were."""
    for item in items:
        audit = _read_audit(item)
        said, reckoned = item.fields(*_OF_AUDIT, added=_LATER_OF_AUDIT), summary(audit.findings)
        counted = said["summary"].fields(*reckoned)
        status = audit_status(audit, fail_on)
        _check(said["status"], status)
        for name, number in reckoned.items():
            _check(counted[name], number)
        statuses.add(status)
        yield audit


def _check(item: Item, reckoned: str | int) -> None:
    if item.value != reckoned or isinstance(item.value, bool):
        item.refuse(f"its findings come to {reckoned}", "the report was changed by hand: make it again")


def _read_audit(item: Item) -> Audit:
    fields = item.fields(*_OF_AUDIT, added=_LATER_OF_AUDIT)
    account = _read_account(fields["account"])
    gaps = fields["gaps"].each(_read_blocking)
    findings = fields["findings"].each(_read_finding)
    baseline = fields["baseline"].optional(_read_baseline)
    _check_known(fields["findings"], findings, baseline)
    return Audit(
        account=account,
        caller=fields["caller"].optional(_read_caller),
        taken_at=fields["taken_at"].time(),
        source=fields["source"].text(),
        endpoint=fields["endpoint"].optional(Item.text),
        desired=fields["desired"].each(_read_file),
        findings=findings,
        gaps=tuple(gap for gap, _ in gaps),
        blocked_rules=tuple(rules for _, rules in gaps),
        not_seen=fields["not_seen"].each(Item.text),
        report_generated=fields["credential_report_generated"].optional(Item.time),
        journal=fields["journal"].optional(lambda found: _read_journal(found, account)),
        root=_read_root(fields["root"]),
        outline=fields["outline"].optional(_read_outline),
        trend=fields["trend"].optional(lambda found: found.each(_read_measured)),
        baseline=baseline,
    )


def _check_known(item: Item, findings: Iterable[Finding], baseline: Baseline | None) -> None:
    """Refuse what is known without a baseline, does not stand, or counts whatever a baseline holds."""
    for said, each in zip(item.items(), findings, strict=True):
        if each.known and (baseline is None or not stands(each) or not can_be_waived(each.rule)):
            said.refuse("it is said to be known, which it cannot be", "the report was changed by hand: make it again")


def _read_finding(item: Item) -> Finding:
    fields = item.fields(
        *("id", "rule", "severity", "status", "subject", "policy_set", "message", "evidence", "location", "fix"),
        "waiver",
        added=("known",),
    )
    rule, subject, name = (fields[each].text() for each in ("rule", "subject", "id"))
    start = f"{rule}/{subject}"
    if name != start and not (name.startswith(f"{start}/") and len(name) > len(start) + 1):
        fields["id"].refuse("it is rule/subject, or rule/subject/key")
    return Finding(
        rule=rule,
        severity=fields["severity"].choice(SEVERITIES),
        subject=subject,
        message=fields["message"].text(),
        key=name[len(start) + 1 :],
        source=fields["location"].optional(_read_location),
        policy_set=fields["policy_set"].optional(Item.text),
        evidence={name: _read_evidence(each) for name, each in fields["evidence"].mapping().items()},
        fix=fields["fix"].optional(_read_fix),
        status=fields["status"].choice(_STATUSES),
        waiver=fields["waiver"].optional(lambda found: _read_waiver(found, rule)),
        known=bool(fields["known"].optional(Item.boolean)),
    )


def _read_baseline(item: Item) -> Baseline:
    fields = item.fields("path", "sha256", "taken_at", "gone")
    file = SourceFile(fields["path"].text(), fields["sha256"].text())
    return Baseline(file, fields["taken_at"].time(), fields["gone"].each(Item.text))


def _read_waiver(item: Item, rule: str) -> Waiver:
    fields = item.fields("subject", "policy", "reason", "owner", "expires", "location")
    return Waiver(
        rule=rule,
        reason=fields["reason"].text(),
        owner=fields["owner"].text(),
        expires=_read_day(fields["expires"]),
        subject=fields["subject"].text(),
        policy=fields["policy"].text(),
        source=fields["location"].optional(_read_location),
    )


def _read_day(item: Item) -> date:
    text = item.text()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # From Python 3.11 on it reads other spellings, too.
    return day if day is not None and day.isoformat() == text else item.refuse("a day like 2027-01-31 is needed")


def _read_evidence(item: Item, depth: int = 1) -> Any:
    if depth > _DEEPEST:
        item.refuse("this is nested too deeply", "no evidence is")
    if isinstance(item.value, dict):
        return {name: _read_evidence(each, depth + 1) for name, each in item.mapping().items()}
    return [_read_evidence(each, depth + 1) for each in item.items()] if isinstance(item.value, list) else item.value


def _read_fix(item: Item) -> Action:
    return _read_action(item.fields("action", "parameters"), unsaid="PolicyDocument")


def _read_blocking(item: Item) -> tuple[Gap, tuple[str, ...]]:
    fields = item.fields("fact", "call", "reason", "rules", "subject", "permission")
    fact = Fact(fields["fact"].choice([fact.value for fact in Fact]))
    said = (fields[name].text() for name in ("call", "reason", "subject", "permission"))
    return Gap(fact, *said), fields["rules"].each(Item.text)


def _read_journal(item: Item, account: Account) -> Journal:
    fields = item.fields("path", "entries")
    return Journal(fields["path"].text(), account, fields["entries"].each(_read_written))


def _read_root(item: Item) -> RootState:
    fields = item.fields("access_keys", "mfa", "use")
    keys, mfa = (fields[name].optional(Item.boolean) for name in ("access_keys", "mfa"))
    return RootState(keys, mfa, fields["use"].optional(_read_root_use))


def _read_outline(item: Item) -> Outline:
    fields = item.fields("declared", "principals", "policy_sets")
    declared = fields["declared"].fields(*_KINDS)
    sets = (each.fields("name", "policies") for each in fields["policy_sets"].items())
    return Outline(
        declared={kind: declared[kind].whole() for kind in _KINDS},
        principals=fields["principals"].each(_read_outlined),
        policy_sets={each["name"].text(): each["policies"].each(Item.text) for each in sets},
    )


def _read_outlined(item: Item) -> Outlined:
    fields = item.fields("kind", "name", "arn", "groups", "members", "required", "optional")
    optional = (each.fields("name", "attached") for each in fields["optional"].items())
    return Outlined(
        kind=_read_kind(fields["kind"]),
        name=fields["name"].text(),
        arn=fields["arn"].text(),
        groups=fields["groups"].each(Item.text),
        members=fields["members"].whole(),
        required=fields["required"].each(Item.text),
        optional=tuple((each["name"].text(), each["attached"].optional(Item.boolean)) for each in optional),
    )


def _read_measured(item: Item) -> Measured:
    fields = item.fields("taken_at", "status", "partial", *SEVERITIES)
    error, warning, note = (fields[severity].whole() for severity in SEVERITIES)
    status = fields["status"].choice(_RUN_STATUSES)
    return Measured(fields["taken_at"].time(), status, fields["partial"].boolean(), error, warning, note)


def _read_written(item: Item) -> Entry:
    fields = item.fields("action", "parameters", "outcome", "detail")
    action = _read_action(fields, unsaid="PolicyDocument")
    return Entry(action, fields["outcome"].choice(_OUTCOMES), fields["detail"].text())


def _read_problem(item: Item) -> Problem:
    fields = item.fields("message", "hint", "location")
    return Problem(fields["message"].text(), fields["hint"].text(), fields["location"].optional(_read_location))


def _read_location(item: Item) -> Source:
    fields = item.fields("path", "line", "column")
    for name in ("line", "column"):
        if fields[name].whole() < 1:
            fields[name].refuse("it counts from 1")
    return Source(fields["path"].text(), fields["line"].whole(), fields["column"].whole())


def _location(source: Source | None) -> dict[str, Any] | None:
    return None if source is None else {"path": source.path, "line": source.line, "column": source.column}


def _instant(time: datetime | None) -> str | None:
    return None if time is None else instant(time)


def _sorted(mapping: Mapping[str, _T]) -> dict[str, _T]:
    return dict(sorted(mapping.items()))


def _json_value(value: Any) -> Any:
    """A JSON value with its keys in order; tuples become lists."""
    if isinstance(value, Mapping):
        return {name: _json_value(value[name]) for name in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_json_value(each) for each in value]
    return value
