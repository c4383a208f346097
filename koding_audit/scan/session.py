"""What every command that reads an account does first: the files, the source, who asks, and whether it may."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping

from koding_audit import plugins
from koding_audit.aws.sources import AccountSource
from koding_audit.desired import organization_policies
from koding_audit.desired.targets import restrict_to_targets
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import clip_text, escape
from koding_audit.model.account import Account, Caller
from koding_audit.model.desired import Desired
from koding_audit.model.errors import AccessError, CallError, InputError
from koding_audit.model.frozen import replace
from koding_audit.model.query import Query
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.options import DesiredOptions, SourceOptions

_IGNORED_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_DATA_PATH")
_NETWORK_HINT = "look at the network, HTTPS_PROXY, --region and --endpoint-url"
_NOT_AWS_HINT = "what answered is not AWS: look at HTTPS_PROXY, --endpoint-url, and a sign-in page of the network"
# Calls that never came to AWS, or whose answer never came back, and what to look at.
UNREACHABLE_HINTS: Mapping[str, str] = {
    "EndpointConnection": "look at the network and its DNS, --region and --endpoint-url",
    "ConnectTimeout": _NETWORK_HINT,
    "ReadTimeout": _NETWORK_HINT,
    "ConnectionClosed": _NETWORK_HINT,
    "HTTPClient": _NETWORK_HINT,
    "ProxyConnection": "look at HTTPS_PROXY: host, port, and the user and password if the proxy asks for them",
    "SSL": "TLS is never left out: for a proxy that opens it, AWS_CA_BUNDLE names the file of its certificates",
    "DeadlineExceeded": f"{_NETWORK_HINT}; --timeout gives it more time",
    "Redirect": _NOT_AWS_HINT,
    "MalformedReply": _NOT_AWS_HINT,
}
_INVALID_CREDENTIALS_HINT = (
    "these credentials are no longer good, or this is not AWS; `aws sts get-caller-identity` shows the same"
)
# Answers of AWS about who asks, and what to do about them.
_CALLER_HINTS: Mapping[str, str] = {
    "InvalidClientTokenId": "the key was deleted or disabled, is of another partition (--region), or lacks its token",
    "ExpiredToken": "these credentials have expired: sign in again, as with `aws sso login`",
    "ExpiredTokenException": "these credentials have expired: sign in again, as with `aws sso login`",
    "RequestExpired": "set the clock of this machine (`date -u` shows it), and run it again",
}


def resolve_desired_state(options: DesiredOptions, *, must_be_named: bool = False) -> Desired:
    """The desired state that the options name, with its `--with` sets required. Raises InputError.

    must_be_named: for what writes; nobody should find out afterwards which file was lying about.
    """
    from koding_audit import desired  # noqa: PLC0415 - commands without a desired state do not load it

    if not options.files and must_be_named and not os.environ.get("KODING_AUDIT_FILE"):
        raise InputError(
            "what writes has to name its desired state", "give FILE, or set KODING_AUDIT_FILE: a default is only read"
        )
    loaded = desired.load_desired(options.files or [desired.default_desired_path(os.environ)])
    required = desired.require_sets(loaded, options.with_sets)
    return replace(required, strict=True) if options.strict else required


@contextlib.contextmanager
def open_source(options: SourceOptions, terminal: Terminal) -> Iterator[AccountSource]:
    """The source that `--source` names, ready to be read, with what `--scp` and `--rcp` give. Raises AuditError."""
    name, _, argument = options.source.partition(":")
    known = plugins.plugin_names("aws.sources")
    if name not in known:
        raise InputError(f"--source {name}: there is no such source", f"the sources are: {', '.join(known)}")
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
    """What puts the policies of `--scp` and `--rcp` over what a source reads; the files are read here."""
    scps, rcps = ([organization_policies.read(path) for path in paths] for paths in (options.scps, options.rcps))
    for path, level in zip(options.scps, scps, strict=True):
        if not organization_policies.allows_anything(level):
            terminal.note(
                f"{escape(path)} allows nothing, and every level has to: where FullAWSAccess is attached "
                f"beside it, give"
                " both as a list"
            )

    def complete(source: AccountSource) -> AccountSource:
        def collect(query: Query) -> Snapshot:
            found = source.collect(query)
            if (scps or rcps) and found.organization.management_account == found.account.id:
                terminal.note("--scp and --rcp change nothing: this is its organization's management account")
            return organization_policies.replace_levels(found, scps, rcps)

        return replace(source, collect=collect)

    return complete


def identify_account(
    source: AccountSource, pinned: str, terminal: Terminal, desired: Desired | None = None
) -> tuple[Account, Caller | None]:
    """The account and the caller. Raises AccessError where it is another account than the one that may be read.

    pinned: the id that `--account` names, "" for any.
    """
    try:
        account, caller = source.identity()
    except CallError as error:
        raise identity_error(error) from error
    if caller is not None and caller.root:
        terminal.note("caller-is-root: these are the root user's own keys. Nothing will be written with them.")
    check_account(account, pinned, desired)
    return account, caller


def identity_error(error: CallError) -> AccessError:
    """What it means that STS did not say who asks, and what to do about it."""
    if error.code in UNREACHABLE_HINTS:
        return AccessError(f"AWS cannot be reached: {error.message}", UNREACHABLE_HINTS[error.code])
    clock = "RequestExpired" if "clock is" in error.cause else error.code
    hint = _CALLER_HINTS.get(clock, _INVALID_CREDENTIALS_HINT)
    return AccessError(f"AWS does not say who is asking: {error.message}", hint)


def bind_to_account(desired: Desired, account: Account) -> Desired:
    """The desired state as it holds in one account, with all written out for it. Raises AuditError."""
    if not desired.targets:
        return desired.bind(account)
    untold = [name for name, each in desired.targets.items() if not each.accounts]
    if untold:
        message = f"which accounts are in target {untold[0]}, only the organization says, and only `scan` asks it"
        raise InputError(message, "list them under `accounts`, or use `scan`", desired.targets[untold[0]].location)
    here = [name for name, each in desired.targets.items() if account.id in each.accounts]
    if not here:
        raise AccessError(
            f"account {account.id} is in none of the targets: {', '.join(desired.targets)}",
            "use the credentials of one that is, or add it to a target",
        )
    return restrict_to_targets(desired, here).bind(account)


def check_account(account: Account, pinned: str, desired: Desired | None) -> None:
    """Refuse another account or partition than the command line or the file says. Raises AccessError."""
    if pinned and account.id != pinned:
        raise AccessError(
            f"these credentials are for account {account.id}, and --account says {pinned}",
            "give --profile or --role-arn of that account",
        )
    if desired is None:
        return
    if desired.account_ids and account.id not in desired.account_ids:
        wanted = ", ".join(desired.account_ids)
        raise AccessError(
            f"these credentials are for account {account.id}, and the desired state is for {wanted}",
            "use the credentials of that account, or another file",
            desired.account_source,
        )
    if desired.partition and account.partition != desired.partition:
        raise AccessError(
            f"these credentials are for partition {account.partition}, and the file is for {desired.partition}",
            "give --region of that partition, with its credentials",
            desired.account_source,
        )


def ignored_variable_notes(environ: Mapping[str, str]) -> Iterator[str]:
    """What the environment says of the endpoint and is not followed."""
    for name in sorted(environ):
        if name.startswith(_IGNORED_VARIABLES):
            yield (
                f"{escape(name)} is set, and not obeyed: an endpoint comes from --endpoint-url only, models from the"
                " package"
            )


def unused_credential_notes(profile: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Which of two credentials is used: nobody should wonder whose account it was that was read."""
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    other = environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE")
    if key and profile:
        yield f"AWS_ACCESS_KEY_ID is set, and not used: --profile {escape(clip_text(profile, 100))} comes first"
    elif key and other:
        yield f"AWS_ACCESS_KEY_ID is used, and not the keys of profile {escape(other)}: --profile would choose them"
    elif secret and not key:
        yield "AWS_SECRET_ACCESS_KEY is set, and not used: there is no AWS_ACCESS_KEY_ID beside it"
