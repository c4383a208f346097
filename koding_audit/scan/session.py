"""The first steps of a command that reads an account: desired state, source, and caller identity."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping

from koding_audit import plugins
from koding_audit.aws.sources import AccountSource
from koding_audit.desired import organization_policies
from koding_audit.desired.targets import restrict_to_targets
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import clip_text, escape
from koding_audit.model.account import Account, Caller
from koding_audit.model.desired import Desired
from koding_audit.model.errors import EXPIRED_CREDENTIALS, AccessError, CallError, InputError
from koding_audit.model.frozen import replace
from koding_audit.model.query import Query
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.options import DesiredOptions, SourceOptions

_IGNORED_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_DATA_PATH")
_NETWORK_HINT = "check the network, HTTPS_PROXY, --region and --endpoint-url"
_NOT_AWS_HINT = "the reply is not from AWS: check HTTPS_PROXY, --endpoint-url, and sign-in pages of the network"
# Error codes of calls without a reply from AWS, and what to check.
UNREACHABLE_HINTS: Mapping[str, str] = {
    "EndpointConnection": "check the network and its DNS, --region and --endpoint-url",
    "ConnectTimeout": _NETWORK_HINT,
    "ReadTimeout": _NETWORK_HINT,
    "ConnectionClosed": _NETWORK_HINT,
    "HTTPClient": _NETWORK_HINT,
    "ProxyConnection": "check HTTPS_PROXY: host, port, and the user and password if the proxy requires them",
    "SSL": "TLS cannot be disabled: for a proxy that inspects TLS, set AWS_CA_BUNDLE to the file of its certificates",
    "DeadlineExceeded": f"{_NETWORK_HINT}; raise --timeout",
    "Redirect": _NOT_AWS_HINT,
    "MalformedReply": _NOT_AWS_HINT,
}
_INVALID_CREDENTIALS_HINT = (
    "the credentials are not valid, or the endpoint is not AWS; compare with `aws sts get-caller-identity`"
)
# Error codes of AWS about the caller, and what to do.
_CALLER_HINTS: Mapping[str, str] = {
    "InvalidClientTokenId": "check that the key exists, is active, of this partition (--region), and has its token",
    "ExpiredToken": "sign in again, for example with `aws sso login`",
    "ExpiredTokenException": "sign in again, for example with `aws sso login`",
    EXPIRED_CREDENTIALS: "sign in again where these credentials come from, or correct the profile's credential_process",
    "RequestExpired": "set the clock of this machine (`date -u` shows it), and run again",
}


def resolve_desired_state(options: DesiredOptions, *, must_be_named: bool = False) -> Desired:
    """The desired state that the options name, with its `--with` sets required. Raises InputError.

    must_be_named: for commands that write: a default file is only read, so that no write follows an unintended file.
    """
    from koding_audit import desired  # noqa: PLC0415 - commands without a desired state do not load it

    if not options.files and must_be_named and not os.environ.get("KODING_AUDIT_FILE"):
        raise InputError(
            "a command that writes needs the name of its desired state",
            "name the file: `plan FILE`; or set KODING_AUDIT_FILE",
        )
    loaded = desired.load_desired(options.files or [desired.default_desired_path(os.environ)])
    _refuse_waivers_in(options.without_waivers, loaded)
    required = desired.require_sets(loaded, options.with_sets)
    return replace(required, strict=True) if options.strict else required


def _refuse_waivers_in(paths: Collection[str], loaded: Desired) -> None:
    """Raises InputError if one of these files has a waiver, or is not a file of the desired state."""
    refused: set[str] = set()
    for path in paths:
        same = {file.path for file in loaded.files if _is_same_file(path, file.path)}
        if not same:
            raise InputError(f"--no-waivers-in {path} is not a desired-state file of this run", "name it as FILE too")
        refused |= same
    for waiver in loaded.waivers:
        if waiver.location and waiver.location.path in refused:
            hint = "a change cannot waive its own findings: put waivers into a separate file, which the base branch has"
            raise InputError("this file may not have waivers (--no-waivers-in)", hint, waiver.location)


def _is_same_file(path: str, other: str) -> bool:
    """Whether two paths are of one file, also in two spellings or through a link."""
    with contextlib.suppress(OSError, ValueError):
        return path == other or os.path.samefile(path, other)  # noqa: PTH121 - Path's own raises for a long name
    return False


@contextlib.contextmanager
def open_source(options: SourceOptions, terminal: Terminal) -> Iterator[AccountSource]:
    """The source that `--source` names, open, with the policies of `--scp`, `--rcp` and `--vpce`. Raises AuditError."""
    name, _, argument = options.source.partition(":")
    known = plugins.plugin_names("aws.sources")
    if name not in known:
        raise InputError(f"there is no source {name}", f"the sources are: {', '.join(known)}")
    if options.traits.reaches_aws:
        for line in (
            *ignored_variable_notes(os.environ),
            *unused_credential_notes(options.settings.profile, os.environ),
        ):
            terminal.note(line)
    complete = policy_overlay(options, terminal)
    terminal.show_progress("finding the credentials ...")
    with plugins.load_plugin("aws.sources", name).open_source(argument, options.settings) as source:
        yield complete(source)


def policy_overlay(options: SourceOptions, terminal: Terminal) -> Callable[[AccountSource], AccountSource]:
    """A function that adds the policies of `--scp`, `--rcp` and `--vpce` to what a source reads; reads the files."""
    scps = [organization_policies.read(path) for path in options.scps]
    rcps = [organization_policies.read(path, is_rcp=True) for path in options.rcps]
    for path, level in zip(options.scps, scps, strict=True):
        if not organization_policies.allows_anything(level):
            terminal.note(
                f"{escape(path)} allows nothing, so nothing would be allowed: if FullAWSAccess is attached beside it,"
                " write both as a list"
            )
    vpce = organization_policies.read_endpoint_policy(options.vpce) if options.vpce else None
    if vpce is not None and not organization_policies.allows_anything((vpce,)):
        terminal.note(f"{escape(options.vpce)} allows nothing, so nothing would be allowed through that endpoint")

    def add_policies(found: Snapshot) -> Snapshot:
        if (scps or rcps) and found.organization.management_account == found.account.id:
            terminal.note("--scp and --rcp have no effect: this is the organization's management account")
        return replace(organization_policies.replace_levels(found, scps, rcps), vpce=vpce)

    return lambda source: _change_snapshots(source, add_policies)


def _change_snapshots(source: AccountSource, change: Callable[[Snapshot], Snapshot]) -> AccountSource:
    """The source, with a change of each snapshot that it collects."""

    def changing(collect: Callable[[Query], Snapshot]) -> Callable[[Query], Snapshot]:
        return lambda query: change(collect(query))

    start = source.start
    return replace(source, collect=changing(source.collect), start=start and (lambda query: changing(start(query))))


def identify_account(
    source: AccountSource, pinned: str, terminal: Terminal, desired: Desired | None = None
) -> tuple[Account, Caller | None]:
    """The account and the caller. Raises AccessError if it is not the account of the file or of `--account`.

    pinned: the id that `--account` names, "" for any.
    """
    try:
        account, caller = source.identity()
    except CallError as error:
        raise identity_error(error) from error
    if caller is not None and caller.root:
        terminal.note("caller-is-root: these are root credentials. The tool writes nothing with them.")
    check_account(account, pinned, desired)
    return account, caller


def identity_error(error: CallError) -> AccessError:
    """The error for a failed GetCallerIdentity, with what to do."""
    if error.code in UNREACHABLE_HINTS:
        return AccessError(f"could not reach AWS: {error.message}", UNREACHABLE_HINTS[error.code])
    clock = "RequestExpired" if "clock is" in error.cause else error.code
    hint = _CALLER_HINTS.get(clock, _INVALID_CREDENTIALS_HINT)
    expired = clock in ("ExpiredToken", "ExpiredTokenException", EXPIRED_CREDENTIALS)
    problem = "the credentials have expired" if expired else "could not get the caller's identity"
    return AccessError(f"{problem}: {error.message}", hint)


def bind_to_account(desired: Desired, account: Account) -> Desired:
    """The desired state for one account, with its variables replaced. Raises AuditError."""
    if not desired.targets:
        return desired.bind(account)
    unlisted = [name for name, each in desired.targets.items() if not each.accounts]
    if unlisted:
        message = f"target {unlisted[0]} lists no accounts, and only `scan` reads them from the organization"
        raise InputError(message, "list them under `accounts`, or use `scan`", desired.targets[unlisted[0]].location)
    here = [name for name, each in desired.targets.items() if account.id in each.accounts]
    if not here:
        raise AccessError(
            f"account {account.id} is in none of the targets: {', '.join(desired.targets)}",
            "use credentials of an account of a target, or add this account to a target",
        )
    return restrict_to_targets(desired, here).bind(account)


def check_account(account: Account, pinned: str, desired: Desired | None) -> None:
    """Refuse an account or partition that differs from `--account` or the file. Raises AccessError."""
    if pinned and account.id != pinned:
        raise AccessError(
            f"these credentials are for account {account.id}, but --account is {pinned}",
            "use --profile or --role-arn of that account",
        )
    if desired is None:
        return
    if desired.account_ids and account.id not in desired.account_ids:
        wanted = ", ".join(desired.account_ids)
        raise AccessError(
            f"these credentials are for account {account.id}, but the desired state is for {wanted}",
            "use the credentials of that account, or another file",
            desired.account_source,
        )
    if desired.partition and account.partition != desired.partition:
        raise AccessError(
            f"these credentials are for partition {account.partition}, but the file is for {desired.partition}",
            "use --region of that partition, with its credentials",
            desired.account_source,
        )


def ignored_variable_notes(environ: Mapping[str, str]) -> Iterator[str]:
    """Notes on environment variables about endpoints and models, which are ignored."""
    for name in sorted(environ):
        if name.startswith(_IGNORED_VARIABLES):
            yield (f"{escape(name)} is ignored; use --endpoint-url for an endpoint, models come from the package")


def unused_credential_notes(profile: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Notes on which of two credentials is used, so that it is clear which account is read."""
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    other = environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE")
    if key and profile:
        yield f"AWS_ACCESS_KEY_ID is ignored: --profile {escape(clip_text(profile, 100))} takes precedence"
    elif key and other:
        yield f"AWS_ACCESS_KEY_ID takes precedence over profile {escape(other)}; use --profile to select the profile"
    elif secret and not key:
        yield "AWS_SECRET_ACCESS_KEY is ignored: AWS_ACCESS_KEY_ID is not set"
