"""`setup`: the whole desired state on an account that has none of it, and an access key for its user if asked for."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from koding_audit import credentials_file, keys
from koding_audit.aws import NOT_THERE, Connection
from koding_audit.cli.fixing import fixed, request_of
from koding_audit.cli.scanning import Run, finished, scan_once
from koding_audit.cli.sources import check_writable, desired_state, identified, opened
from koding_audit.cli.terminal import Terminal
from koding_audit.cli.writing import journalled
from koding_audit.collect import Opened
from koding_audit.credentials_file import CredentialsFile
from koding_audit.errors import AccessError, AuditError, CallError, InputError, RefusedError
from koding_audit.frozen import replace
from koding_audit.model import Audit, Desired, DesiredUser, Report, key_of
from koding_audit.plan import plan as make_plan
from koding_audit.scan import rules
from koding_audit.text import inert
from koding_audit.verdict import audit_status, not_written, stands
from koding_audit.words import counted

# How long IAM takes until a new key works everywhere is not said; it is seconds as a rule.
_PAUSES: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

_NOT_YET = frozenset({"InvalidClientTokenId", "AuthFailure", "AccessDenied"})

_FIRST_ADMINISTRATOR = """\
These are the root user's own credentials, and nothing is written with them. In the AWS console, signed in as root:
  1. Security credentials: turn on MFA for root, and delete root's access keys.
  2. IAM, Users: create a user for yourself, attach AdministratorAccess to it, and turn on MFA for it.
  3. Sign in as that user, create an access key for it, and give it to `aws configure --profile admin`.
  4. Run this again with --profile admin, and leave root alone from then on."""

_WITHOUT_A_KEY = """\
No access key was made. What runs in AWS needs none: give its instance, task or function a role. Elsewhere use Identity
Center (`aws configure sso`) or a role (--role-arn). For a key: setup again with --save-key profile:NAME."""


@dataclass(frozen=True)
class Keeping:
    """Whose key is to be made, and where it is to be kept."""

    user: DesiredUser
    profile: str
    file: CredentialsFile


def setup(options: argparse.Namespace, terminal: Terminal) -> int:
    """Create, attach and add whatever is missing, make the key, and scan with it. Status 0 where all of it is done."""

    def work() -> Report:
        desired = desired_state(options, writes=True)
        check_writable(options, desired)
        keeping = _keeping(options, desired)
        with opened(options, terminal) as source:
            return _set_up(Run(options, terminal, rules()), source, desired, keeping)

    return finished(work, options, terminal, lambda report: 0 if options.dry_run or _is_done(report) else 2)


def _keeping(options: argparse.Namespace, desired: Desired) -> Keeping | None:
    """What `--save-key profile:NAME` and `--user` ask for. Raises InputError."""
    if not options.save_key:
        return None
    where, _, profile = options.save_key.partition(":")
    if where != "profile" or not credentials_file.is_profile_name(profile):
        hint = "write --save-key profile:NAME, with letters, digits and any of _.@+=,-"
        raise InputError(f"--save-key {options.save_key}: this names no profile", hint)
    user = _user(options.user, desired)
    limits = user.access_keys
    if limits is not None and limits.max_active == 0:
        hint = "use a role instead, or let the file allow a key"
        raise InputError(f"user {user.name} is to have no access keys", hint, limits.source)
    if user.managed_by:
        hint = f"make the key there: {user.managed_by}"
        raise InputError(f"user {user.name} is managed by another tool", hint, user.source)
    protected = desired.guards.protected.get(key_of("user", user.name))
    if protected:
        hint = "only the owner of that file can allow it"
        raise InputError(f"user {user.name} is protected, and gets no access key", hint, protected.source)
    return Keeping(user, profile, credentials_file.usual(os.environ))


def _user(name: str, desired: Desired) -> DesiredUser:
    """The user whose key it is to be: the one that is named, or the only one there is."""
    known = ", ".join(desired.users)
    if name and name not in desired.users:
        raise InputError(f"--user {name}: the file declares no such user", f"it declares: {known or 'none'}")
    if not name and len(desired.users) != 1:
        raise InputError("whose access key is to be saved is not clear", f"add --user, one of: {known or 'none'}")
    return desired.users[name or next(iter(desired.users))]


def _set_up(run: Run, source: Opened, desired: Desired, keeping: Keeping | None) -> Report:
    _, caller = identified(source, run.options, run.terminal, desired)
    if caller is not None and caller.root:
        run.terminal.say(_FIRST_ADMINISTRATOR)
        raise RefusedError("nothing is set up with the root user's keys", "make a first administrator, as said above")
    if source.connection is None:
        raise InputError("setup: this source cannot be written")
    is_there = keeping is not None and _is_there(source.connection, keeping)
    scanned = scan_once(run, source, desired)
    findings, taken_at = scanned.audit.findings, scanned.audit.taken_at
    made = make_plan(findings, scanned.desired, scanned.snapshot, request_of(run.options), taken_at)
    report = fixed(run, source, scanned, made)
    if keeping is None:
        run.terminal.note(_WITHOUT_A_KEY)
    if keeping is None or run.options.dry_run:
        return report
    if not _is_done(report):
        run.terminal.say("No access key was made: what the file asks for is not there yet.")
        return report
    if not is_there and not _made(run, source.connection, keeping, report.audits[0]):
        return report
    return _proven(run, desired, keeping, report)


def _is_done(report: Report) -> bool:
    """Whether the account is as the file wants it. Root is not set up by this: its findings are only shown."""
    return (
        bool(report.audits)
        and not report.errors
        and all(
            audit_status(each, report.fail_on) != "incomplete"
            and not not_written(each)
            and not any(
                stands(one) and one.severity == "error" and one.subject != each.account.root_arn
                for one in each.findings
            )
            for each in report.audits
        )
    )


def _is_there(connection: Connection, keeping: Keeping) -> bool:
    """Whether the profile holds a key of the user already. Raises InputError where it holds another's, or none fits."""
    user, profile, file = keeping.user, keeping.profile, keeping.file
    known = file.key_id(profile)
    try:
        live = keys.ids(connection, user.name)
    except CallError as error:
        if error.code != NOT_THERE:
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
            f"user {user.name} has {counted(len(live), 'access key')} already, and is to have {most}", hint
        )
    file.try_out()
    return False


def _made(run: Run, connection: Connection, keeping: Keeping, audit: Audit) -> bool:
    """Ask, make the key, and have it kept; whether it is there now. What came of it is told, never the key."""
    user, profile, terminal = keeping.user.name, keeping.profile, run.terminal
    where = f"profile {profile} of {keeping.file.path}"
    question = f"Make an access key for user {inert(user)}, and keep it as {inert(where)}?"
    if not run.options.yes and not terminal.ask(question):
        terminal.note("Declined: no access key was made.")
        return False
    beside = f"{run.options.journal}.key" if run.options.journal else ""
    with journalled(audit.account, audit.desired, connection, beside, terminal) as file:
        entry = keys.make(connection, file, user, lambda key_id, secret: keeping.file.add(profile, key_id, secret))
        file.end()
    if entry.outcome != "done":
        raise AuditError(f"user {user} has no new access key: {entry.detail}", "nothing is kept of it; run this again")
    terminal.note(f"Made an access key for user {inert(user)}, kept as {inert(where)}: {inert(entry.detail)}.")
    return True


def _proven(run: Run, desired: Desired, keeping: Keeping, own: Report) -> Report:
    """A scan with the kept key, which proves it. One that may not read IAM is proven by STS alone, which is told."""
    changed = {"profile": keeping.profile, "role_arn": "", "external_id": ""}
    options = argparse.Namespace(**{**vars(run.options), **changed})
    run.terminal.note(f"Scanning with profile {inert(keeping.profile)} ...")
    with contextlib.ExitStack() as stack:
        source = _known(stack, options, run.terminal, keeping)
        report = Report((scan_once(replace(run, options=options), source, desired).audit,))
    if not report.audits[0].gaps:
        return report
    run.terminal.note(
        f"The key works, and user {inert(keeping.user.name)} may not read all of IAM: the report is of your own scan."
    )
    return own


def _known(stack: contextlib.ExitStack, options: argparse.Namespace, terminal: Terminal, keeping: Keeping) -> Opened:
    """The account as the kept key reaches it, once AWS knows the key. Raises AccessError."""
    for pause in (*_PAUSES, 0.0):
        source = stack.enter_context(opened(options, terminal))
        try:
            _, caller = source.identity()
        except CallError as error:
            if error.code not in _NOT_YET or not pause:
                hint = f"the key is kept as profile {keeping.profile}; try `koding-audit scan FILE --profile NAME`"
                raise AccessError(f"AWS does not know the new access key yet: {error.message}", hint) from error
            terminal.progress("waiting for AWS to know the new access key ...")
            time.sleep(pause)
            continue
        if caller is None or not caller.arn.endswith(f"/{keeping.user.name}"):
            arn = caller.arn if caller else "nobody"
            raise AccessError(f"profile {keeping.profile} is not user {keeping.user.name}'s: it is {arn}")
        return source
    raise AssertionError("unreachable: the last try raises or returns")
