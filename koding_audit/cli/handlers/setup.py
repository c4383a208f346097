"""`setup`: sets up a desired state on an empty account, with an access key for its user on request."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from koding_audit.aws import credentials_file
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
from koding_audit.remediation import access_key, recovery
from koding_audit.remediation.account import scan_account
from koding_audit.remediation.fix import fix_and_audit, scan_request
from koding_audit.remediation.options import WriteOptions, check_writable
from koding_audit.remediation.plan import make_plan
from koding_audit.remediation.write import open_locked_journal
from koding_audit.report.status import is_unresolved, report_status
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.options import DesiredOptions, ScanOptions, SourceOptions
from koding_audit.scan.run import Run
from koding_audit.scan.session import identify_account, open_source, resolve_desired_state

# Seconds between attempts: AWS does not document when a new key works everywhere; usually it takes seconds.
_PAUSES: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

_NOT_YET_KNOWN = frozenset({"InvalidClientTokenId", "AuthFailure", "AccessDenied"})

_FIRST_ADMINISTRATOR_NOTE = """\
These are the root user's credentials; this tool writes nothing with them. In the AWS console, signed in as root:
  1. Security credentials: turn on MFA for root, and delete root's access keys.
  2. IAM, Users: create a user for yourself, attach AdministratorAccess to it, and turn on MFA for it.
  3. Sign in as that user, create an access key for it, and give it to `aws configure --profile admin`.
  4. Run this again with --profile admin, and do not use root again."""

_NO_KEY_NOTE = """\
No access key was created. A workload in AWS needs none: give its instance, task or function a role. Elsewhere, use
Identity Center (`aws configure sso`) or a role (--role-arn). For a key: run setup with --save-key profile:NAME."""


@dataclass(frozen=True)
class KeyRequest:
    """The access key to create.

    user: its owner
    profile: the profile that it is saved as
    file: the file of the profile
    is_second: whether the user may have another key
    """

    user: DesiredUser
    profile: str
    file: CredentialsFile
    is_second: bool


@dataclass(frozen=True)
class SetupCommand:
    """The options of `setup`."""

    scan: ScanOptions
    report: ReportOptions
    writes: WriteOptions
    save_key: str
    """Where the key is saved, `profile:NAME`; "" for no key."""
    user: str
    """The user of the key; "" for the only declared user."""
    second_key: bool
    """Whether the user gets a key although it has one."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Create, attach and add what is missing, create the key, and scan with it. Status 0 if all is done."""
    command = _read_options(namespace)

    def work() -> Report:
        desired = resolve_desired_state(command.scan.desired, must_be_named=True)
        check_writable(command.writes, command.scan.source, desired)
        key_request = _parse_key_request(command, desired)
        with open_source(command.scan.source, terminal) as source:
            return _set_up_account(command, terminal, source, desired, key_request)

    def status(report: Report) -> int:
        return 0 if (_is_planned(report) if command.writes.dry_run else _is_complete(report)) else 2

    return run_and_deliver(work, command.report, terminal, status=status)


def _parse_key_request(command: SetupCommand, desired: Desired) -> KeyRequest | None:
    """The key of `--save-key profile:NAME` and `--user`; None without them. Raises InputError."""
    if not command.save_key:
        return None
    where, _, profile = command.save_key.partition(":")
    if where != "profile" or not credentials_file.is_profile_name(profile):
        hint = "write --save-key profile:NAME, with letters, digits and any of _.@+=,-"
        raise InputError(f"--save-key {command.save_key} does not name a profile", hint)
    user = _key_user(command.user, desired)
    limits = user.access_keys
    if limits is not None and limits.max_active == 0:
        hint = "use a role instead, or allow a key in the file"
        raise InputError(f"user {user.name} must not have access keys", hint, limits.location)
    if user.managed_by:
        hint = f"create the key there: {user.managed_by}"
        raise InputError(f"user {user.name} is managed by another tool", hint, user.location)
    protected = desired.guards.protected.get(principal_key("user", user.name))
    if protected:
        hint = "ask the owner of that file to allow it"
        raise InputError(f"user {user.name} is protected, and cannot get an access key", hint, protected.location)
    return KeyRequest(user, profile, credentials_file.default_credentials_file(os.environ), command.second_key)


def _key_user(name: str, desired: Desired) -> DesiredUser:
    """The user of the key: the named one, or the only declared one. Raises InputError."""
    known = ", ".join(desired.users)
    if name and name not in desired.users:
        raise InputError(f"--user {name}: the file declares no such user", f"it declares: {known or 'none'}")
    if not name and len(desired.users) != 1:
        raise InputError("the user of the access key is ambiguous", f"add --user, one of: {known or 'none'}")
    return desired.users[name or next(iter(desired.users))]


def _set_up_account(
    command: SetupCommand, terminal: Terminal, source: AccountSource, desired: Desired, key_request: KeyRequest | None
) -> Report:
    run, writes = Run(command.scan, terminal, load_rules()), command.writes
    account, caller = identify_account(source, command.scan.source.account, terminal, desired)
    if caller is not None and caller.root:
        terminal.say(_FIRST_ADMINISTRATOR_NOTE)
        hint = "create a first administrator, as described above"
        raise RefusedError("setup does not run with the root user's credentials", hint)
    if source.connection is None:
        raise InputError("setup: this source cannot be written")
    recovery.print_unfinished_run(account, writes.journal, terminal)
    since = recovery.find_unfinished_key(account, writes.journal, key_request.user.name) if key_request else None
    is_there = key_request is not None and _has_saved_key(source.connection, key_request, since, terminal)
    scanned = scan_account(run, source, desired, writes.journal)
    findings, taken_at = scanned.audit.findings, scanned.audit.taken_at
    made = make_plan(findings, scanned.desired, scanned.snapshot, scan_request(command.scan, writes), taken_at)
    report = fix_and_audit(run, source, scanned, made, writes, is_goal=True)
    if key_request is None:
        terminal.note(_NO_KEY_NOTE)
    if key_request is None or writes.dry_run:
        return report
    if not _is_complete(report):
        terminal.say("No access key was created: the account does not match the file yet.")
        return report
    if not is_there and not _create_access_key(terminal, source.connection, key_request, report.audits[0], writes):
        return report
    return _verify_access_key(run, desired, key_request, report, writes.journal)


def _is_planned(report: Report) -> bool:
    """Whether everything was read, nothing was refused, and every write that was tried is done."""
    return report_status(report) != "incomplete"


def _is_complete(report: Report) -> bool:
    """Whether the account matches the file. Root is not part of setup: its findings are only shown."""
    return _is_planned(report) and not any(
        is_unresolved(one) and one.severity == "error" and one.subject != each.account.root_arn
        for each in report.audits
        for one in each.findings
    )


def _has_saved_key(connection: Connection, key_request: KeyRequest, since: float | None, terminal: Terminal) -> bool:
    """Whether the profile has a key of the user already. Raises InputError or RefusedError if no key can be saved.

    since: when an interrupted run may have created a key, in seconds since 1970; None if none may have.
    """
    user, profile, file = key_request.user, key_request.profile, key_request.file
    if since is not None:
        access_key.await_unfinished_key(connection, user.name, since, terminal)
    known = file.read_key_id(profile)
    owner = access_key.read_key_owner(connection, user.name)
    if known is not None and owner is not None and known in owner.key_ids:
        return True
    if known is not None:
        raise InputError(f"profile {profile} exists already in {file.path}", "choose another: --save-key profile:NAME")
    _refuse_further_key(key_request, owner.key_ids if owner else frozenset())
    file.check_writable()
    return False


def _refuse_further_key(key_request: KeyRequest, key_ids: frozenset[str]) -> None:
    """Refuse a key for a user that has one already, or as many as the file allows. Raises RefusedError."""
    user = key_request.user
    commands = access_key.key_deletion_text(user.name)
    lost = f"a key that an interrupted run created has a lost secret: delete it ({commands}), and run this again"
    most = user.access_keys.max_active if user.access_keys else None
    if most is not None and len(key_ids) >= most:
        message = f"user {user.name} has {_keys_text(key_ids)} already; the file allows {most}"
        raise RefusedError(message, f"delete an unused key, or remove --save-key; {lost}")
    if key_ids and not key_request.is_second:
        message = f"user {user.name} has {_keys_text(key_ids)}, which profile {key_request.profile} does not have"
        raise RefusedError(message, f"{lost}; to keep it, add --second-key")


def _keys_text(key_ids: frozenset[str]) -> str:
    """`1 access key (it ends in ABCD)`."""
    ends = ", ".join(sorted(each[-4:] for each in key_ids))
    return f"{pluralize(len(key_ids), 'access key')} (the id ends in {ends})"


def _create_access_key(
    terminal: Terminal, connection: Connection, key_request: KeyRequest, audit: Audit, writes: WriteOptions
) -> bool:
    """Ask for confirmation, create the key and save it. Whether the key exists now; it is never shown."""
    user, profile = key_request.user.name, key_request.profile
    owner = access_key.read_key_owner(connection, user)
    if owner is None:
        raise AuditError(f"user {user} does not exist any more", "no access key was created; run the command again")
    _refuse_further_key(key_request, owner.key_ids)
    where = f"profile {profile} of {key_request.file.path}"
    question = f"Create an access key for user {escape(user)}, and save it as {escape(where)}?"
    if not writes.yes and not terminal.ask(question):
        terminal.note("Declined: no access key was created.")
        return False
    beside = f"{writes.journal}.key" if writes.journal else ""
    with open_locked_journal(audit.account, audit.desired, connection, beside, terminal) as file:
        entry = access_key.create_access_key(
            connection, file, owner, lambda key_id, secret: key_request.file.add_profile(profile, key_id, secret)
        )
        file.end()
    if entry.outcome != "done":
        raise AuditError(
            f"user {user} has no new access key: {entry.detail}", "run this again; nothing of it was saved"
        )
    terminal.note(f"Created an access key for user {escape(user)}, saved as {escape(where)}: {escape(entry.detail)}.")
    return True


def _verify_access_key(run: Run, desired: Desired, key_request: KeyRequest, own: Report, journal: str) -> Report:
    """The report of a scan with the new key, which verifies it.

    If the key may not read IAM, only STS verifies it: a note is shown, and the report is that of the caller.
    """
    before = run.options.source
    settings = replace(before.settings, profile=key_request.profile, role_arn="", external_id="")
    options = replace(run.options, source=replace(before, settings=settings))
    run.terminal.note(f"Scanning with profile {escape(key_request.profile)} ...")
    with contextlib.ExitStack() as stack:
        source = _open_with_new_key(stack, options.source, run.terminal, key_request)
        report = Report((scan_account(replace(run, options=options), source, desired, journal).audit,))
    if not report.audits[0].gaps:
        return report
    name = escape(key_request.user.name)
    run.terminal.note(f"The key works, but user {name} may not read all of IAM: the report is of your own scan.")
    return own


def _open_with_new_key(
    stack: contextlib.ExitStack, options: SourceOptions, terminal: Terminal, key_request: KeyRequest
) -> AccountSource:
    """The account, opened with the saved key once AWS knows it. Raises AccessError."""
    for pause in (*_PAUSES, 0.0):
        source = stack.enter_context(open_source(options, terminal))
        try:
            _, caller = source.identity()
        except CallError as error:
            if error.code not in _NOT_YET_KNOWN or not pause:
                hint = f"run `koding-audit scan FILE --profile {key_request.profile}` later: the key is saved"
                raise AccessError(f"AWS does not know the new access key yet: {error.message}", hint) from error
            terminal.show_progress("waiting for AWS to know the new access key ...")
            time.sleep(pause)
            continue
        if caller is None or not caller.arn.endswith(f"/{key_request.user.name}"):
            arn = caller.arn if caller else "unknown"
            raise AccessError(
                f"profile {key_request.profile} is not of user {key_request.user.name}: its caller is {arn}"
            )
        return source
    raise AssertionError("unreachable: the last try raises or returns")


def _read_options(namespace: argparse.Namespace) -> SetupCommand:
    """The options, from argparse's namespace: every rule is evaluated, and what is missing is created."""
    desired = DesiredOptions(tuple(namespace.files), tuple(namespace.with_sets))
    scan, writes = ScanOptions(live_source(namespace), desired), replace(write_options(namespace), create=True)
    report = ReportOptions(tuple(namespace.output), inputs=(*files_of_scan(scan), writes.journal))
    return SetupCommand(scan, report, writes, namespace.save_key, namespace.user, namespace.second_key)
