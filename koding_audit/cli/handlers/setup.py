"""`setup`: the whole desired state on an account that has none of it, and an access key for its user if asked for."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from koding_audit.aws import credentials_file
from koding_audit.aws.call import NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.aws.credentials_file import CredentialsFile
from koding_audit.aws.sources import AccountSource
from koding_audit.cli.finish import ReportOptions, files_of_scan, run_and_deliver
from koding_audit.cli.option_values import live_source, write_options
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.account import principal_key
from koding_audit.model.desired import Desired, DesiredUser
from koding_audit.model.errors import AccessError, AuditError, CallError, InputError, RefusedError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Audit, Report
from koding_audit.remediation import access_key
from koding_audit.remediation.account import scan_account
from koding_audit.remediation.fix import fix_and_audit, scan_request
from koding_audit.remediation.options import WriteOptions, check_writable
from koding_audit.remediation.plan import make_plan
from koding_audit.remediation.write import open_locked_journal
from koding_audit.report.status import audit_status, is_unresolved, unwritten_entries
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.options import DesiredOptions, ScanOptions, SourceOptions
from koding_audit.scan.run import Run
from koding_audit.scan.session import identify_account, open_source, resolve_desired_state

# How long IAM takes until a new key works everywhere is not said; it is seconds as a rule.
_PAUSES: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

_NOT_YET_KNOWN = frozenset({"InvalidClientTokenId", "AuthFailure", "AccessDenied"})

_FIRST_ADMINISTRATOR_NOTE = """\
These are the root user's own credentials, and nothing is written with them. In the AWS console, signed in as root:
  1. Security credentials: turn on MFA for root, and delete root's access keys.
  2. IAM, Users: create a user for yourself, attach AdministratorAccess to it, and turn on MFA for it.
  3. Sign in as that user, create an access key for it, and give it to `aws configure --profile admin`.
  4. Run this again with --profile admin, and leave root alone from then on."""

_NO_KEY_NOTE = """\
No access key was made. What runs in AWS needs none: give its instance, task or function a role. Elsewhere use Identity
Center (`aws configure sso`) or a role (--role-arn). For a key: setup again with --save-key profile:NAME."""


@dataclass(frozen=True)
class KeyRequest:
    """Whose key is to be made, and where it is to be kept."""

    user: DesiredUser
    profile: str
    file: CredentialsFile


@dataclass(frozen=True)
class SetupCommand:
    """What `setup` is asked for."""

    scan: ScanOptions
    report: ReportOptions
    writes: WriteOptions
    save_key: str
    """Where the key is kept, `profile:NAME`; "" where none is made."""
    user: str
    """Whose key it is to be; "" for the only user that is declared."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Create, attach and add whatever is missing, make the key, and scan with it. Status 0 where all of it is done."""
    asked = _read_options(namespace)

    def work() -> Report:
        desired = resolve_desired_state(asked.scan.desired, must_be_named=True)
        check_writable(asked.writes, asked.scan.source, desired)
        keeping = _parse_key_request(asked, desired)
        with open_source(asked.scan.source, terminal) as source:
            return _set_up_account(asked, terminal, source, desired, keeping)

    def status(report: Report) -> int:
        return 0 if asked.writes.dry_run or _is_complete(report) else 2

    return run_and_deliver(work, asked.report, terminal, status=status)


def _parse_key_request(asked: SetupCommand, desired: Desired) -> KeyRequest | None:
    """What `--save-key profile:NAME` and `--user` ask for. Raises InputError."""
    if not asked.save_key:
        return None
    where, _, profile = asked.save_key.partition(":")
    if where != "profile" or not credentials_file.is_profile_name(profile):
        hint = "write --save-key profile:NAME, with letters, digits and any of _.@+=,-"
        raise InputError(f"--save-key {asked.save_key}: this names no profile", hint)
    user = _key_user(asked.user, desired)
    limits = user.access_keys
    if limits is not None and limits.max_active == 0:
        hint = "use a role instead, or let the file allow a key"
        raise InputError(f"user {user.name} is to have no access keys", hint, limits.location)
    if user.managed_by:
        hint = f"make the key there: {user.managed_by}"
        raise InputError(f"user {user.name} is managed by another tool", hint, user.location)
    protected = desired.guards.protected.get(principal_key("user", user.name))
    if protected:
        hint = "only the owner of that file can allow it"
        raise InputError(f"user {user.name} is protected, and gets no access key", hint, protected.location)
    return KeyRequest(user, profile, credentials_file.default_credentials_file(os.environ))


def _key_user(name: str, desired: Desired) -> DesiredUser:
    """The user whose key it is to be: the one that is named, or the only one there is."""
    known = ", ".join(desired.users)
    if name and name not in desired.users:
        raise InputError(f"--user {name}: the file declares no such user", f"it declares: {known or 'none'}")
    if not name and len(desired.users) != 1:
        raise InputError("whose access key is to be saved is not clear", f"add --user, one of: {known or 'none'}")
    return desired.users[name or next(iter(desired.users))]


def _set_up_account(
    asked: SetupCommand, terminal: Terminal, source: AccountSource, desired: Desired, keeping: KeyRequest | None
) -> Report:
    run, writes = Run(asked.scan, terminal, load_rules()), asked.writes
    _, caller = identify_account(source, asked.scan.source.account, terminal, desired)
    if caller is not None and caller.root:
        terminal.say(_FIRST_ADMINISTRATOR_NOTE)
        raise RefusedError("nothing is set up with the root user's keys", "make a first administrator, as said above")
    if source.connection is None:
        raise InputError("setup: this source cannot be written")
    is_there = keeping is not None and _has_saved_key(source.connection, keeping)
    scanned = scan_account(run, source, desired, writes.journal)
    findings, taken_at = scanned.audit.findings, scanned.audit.taken_at
    made = make_plan(findings, scanned.desired, scanned.snapshot, scan_request(asked.scan, writes), taken_at)
    report = fix_and_audit(run, source, scanned, made, writes)
    if keeping is None:
        terminal.note(_NO_KEY_NOTE)
    if keeping is None or writes.dry_run:
        return report
    if not _is_complete(report):
        terminal.say("No access key was made: what the file asks for is not there yet.")
        return report
    if not is_there and not _create_access_key(terminal, source.connection, keeping, report.audits[0], writes):
        return report
    return _verify_access_key(run, desired, keeping, report, writes.journal)


def _is_complete(report: Report) -> bool:
    """Whether the account is as the file wants it. Root is not set up by this: its findings are only shown."""
    return (
        bool(report.audits)
        and not report.errors
        and all(
            audit_status(each, report.fail_on) != "incomplete"
            and not unwritten_entries(each)
            and not any(
                is_unresolved(one) and one.severity == "error" and one.subject != each.account.root_arn
                for one in each.findings
            )
            for each in report.audits
        )
    )


def _has_saved_key(connection: Connection, keeping: KeyRequest) -> bool:
    """Whether the profile holds a key of the user already. Raises InputError where it holds another's, or none fits."""
    user, profile, file = keeping.user, keeping.profile, keeping.file
    known = file.read_key_id(profile)
    try:
        live = access_key.list_access_key_ids(connection, user.name)
    except CallError as error:
        if error.code != NO_SUCH_ENTITY:
            raise
        live = frozenset()
    if known is not None and known in live:
        return True
    if known is not None:
        raise InputError(
            f"profile {profile} is there already in {file.path}", "choose another: --save-key profile:NAME"
        )
    most = user.access_keys.max_active if user.access_keys else None
    if most is not None and len(live) >= most:
        hint = "delete one that nobody uses, or leave --save-key out"
        raise RefusedError(
            f"user {user.name} has {pluralize(len(live), 'access key')} already, and is to have {most}", hint
        )
    file.check_writable()
    return False


def _create_access_key(
    terminal: Terminal, connection: Connection, keeping: KeyRequest, audit: Audit, writes: WriteOptions
) -> bool:
    """Ask, make the key, and have it kept; whether it is there now. What came of it is told, never the key."""
    user, profile = keeping.user.name, keeping.profile
    where = f"profile {profile} of {keeping.file.path}"
    question = f"Make an access key for user {escape(user)}, and keep it as {escape(where)}?"
    if not writes.yes and not terminal.ask(question):
        terminal.note("Declined: no access key was made.")
        return False
    beside = f"{writes.journal}.key" if writes.journal else ""
    with open_locked_journal(audit.account, audit.desired, connection, beside, terminal) as file:
        entry = access_key.create_access_key(
            connection, file, user, lambda key_id, secret: keeping.file.add_profile(profile, key_id, secret)
        )
        file.end()
    if entry.outcome != "done":
        raise AuditError(f"user {user} has no new access key: {entry.detail}", "nothing is kept of it; run this again")
    terminal.note(f"Made an access key for user {escape(user)}, kept as {escape(where)}: {escape(entry.detail)}.")
    return True


def _verify_access_key(run: Run, desired: Desired, keeping: KeyRequest, own: Report, journal: str) -> Report:
    """A scan with the kept key, which proves it. One that may not read IAM is proven by STS alone, which is told."""
    before = run.options.source
    settings = replace(before.settings, profile=keeping.profile, role_arn="", external_id="")
    options = replace(run.options, source=replace(before, settings=settings))
    run.terminal.note(f"Scanning with profile {escape(keeping.profile)} ...")
    with contextlib.ExitStack() as stack:
        source = _open_with_new_key(stack, options.source, run.terminal, keeping)
        report = Report((scan_account(replace(run, options=options), source, desired, journal).audit,))
    if not report.audits[0].gaps:
        return report
    run.terminal.note(
        f"The key works, and user {escape(keeping.user.name)} may not read all of IAM: the report is of your own scan."
    )
    return own


def _open_with_new_key(
    stack: contextlib.ExitStack, options: SourceOptions, terminal: Terminal, keeping: KeyRequest
) -> AccountSource:
    """The account as the kept key reaches it, once AWS knows the key. Raises AccessError."""
    for pause in (*_PAUSES, 0.0):
        source = stack.enter_context(open_source(options, terminal))
        try:
            _, caller = source.identity()
        except CallError as error:
            if error.code not in _NOT_YET_KNOWN or not pause:
                hint = f"the key is kept as profile {keeping.profile}; try `koding-audit scan FILE --profile NAME`"
                raise AccessError(f"AWS does not know the new access key yet: {error.message}", hint) from error
            terminal.show_progress("waiting for AWS to know the new access key ...")
            time.sleep(pause)
            continue
        if caller is None or not caller.arn.endswith(f"/{keeping.user.name}"):
            arn = caller.arn if caller else "nobody"
            raise AccessError(f"profile {keeping.profile} is not user {keeping.user.name}'s: it is {arn}")
        return source
    raise AssertionError("unreachable: the last try raises or returns")


def _read_options(namespace: argparse.Namespace) -> SetupCommand:
    """What the command line says: every rule is evaluated, and what is missing is created."""
    desired = DesiredOptions(tuple(namespace.files), tuple(namespace.with_sets))
    scan, writes = ScanOptions(live_source(namespace), desired), replace(write_options(namespace), create=True)
    report = ReportOptions(tuple(namespace.output), inputs=(*files_of_scan(scan), writes.journal))
    return SetupCommand(scan, report, writes, namespace.save_key, namespace.user)
