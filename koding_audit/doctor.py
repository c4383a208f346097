"""What keeps a scan from its work, judged from what was seen: credentials, account, endpoint, clock and reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from koding_audit.aws import SKEW_TAKEN
from koding_audit.model import Account, Caller, Held
from koding_audit.probes import Read
from koding_audit.words import counted

Verdict = Literal["ok", "not-ok", "unknown"]

_SIGNED = 300  # seconds that AWS takes a signature for (reference: Elements of an AWS API request signature)
_REFUSED_TOKEN = "InvalidClientTokenId"  # noqa: S105 - no token
_NOT_LOOKED_AT = "not looked at: something else comes before it"

# botocore's words for where credentials come from, and ours. {}: the profile.
_ORIGINS: Mapping[str, str] = {
    "env": "the environment",
    "shared-credentials-file": "profile {} of the credentials file",
    "config-file": "profile {} of the config file",
    "assume-role": "the role that profile {} assumes",
    "assume-role-with-web-identity": "a role by a web identity's token",
    "sso": "Identity Center, by profile {}",
    "login": "`aws login`, by profile {}",
    "custom-process": "the credential_process of profile {}",
    "iam-role": "the role of this instance, by its metadata service",
    "container-role": "the role of this container",
}


class Failure(NamedTuple):
    """Why there is no account to read. code: AWS's, or the kind of failure; unreached: nothing came to AWS or back."""

    message: str
    hint: str
    code: str = ""
    unreached: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out, as far as it went.

    held: the credentials, None where none came; hosts: the addresses of IAM and STS; local: they are not AWS's own;
    keys, way: what of the environment has a say in credentials and in the endpoint; skew: seconds that this machine's
    clock is ahead; failure: why no account was told; refusal: why the account is the wrong one; reads: none where it
    was not read.
    """

    held: Held | None = None
    account: Account | None = None
    caller: Caller | None = None
    hosts: tuple[str, ...] = ()
    local: bool = False
    keys: tuple[str, ...] = ()
    way: tuple[str, ...] = ()
    skew: int | None = None
    failure: Failure | None = None
    refusal: Failure | None = None
    reads: tuple[Read, ...] = ()


class Check(NamedTuple):
    """One thing that was looked at. hint: the next step, "" where all is well."""

    name: str
    verdict: Verdict
    message: str
    hint: str = ""


def checks(seen: Seen) -> tuple[Check, ...]:
    """Each thing, in the order in which a scan would fail for it."""
    return (_credentials(seen), _account(seen), _endpoint(seen), _clock(seen.skew), _reads(seen))


def verdict(found: Iterable[Check]) -> Verdict:
    """What they come to: what could not be known wins, as it does in a scan."""
    verdicts = {each.verdict for each in found}
    return "unknown" if "unknown" in verdicts else "not-ok" if "not-ok" in verdicts else "ok"


def missing(reads: Iterable[Read]) -> tuple[str, ...]:
    """The permissions that are denied and that an audit hangs on."""
    return tuple(each.permission for each in reads if each.told.answer == "denied" and not each.optional)


def _credentials(seen: Seen) -> Check:
    name, held, failure = "credentials", seen.held, seen.failure
    elsewhere = bool(failure and failure.unreached) or _is_wrong(seen.skew)
    if held is None:
        known = failure and not elsewhere
        return Check(name, "not-ok", *failure[:2]) if failure and known else Check(name, "unknown", _NOT_LOOKED_AT)
    words = "".join((described(held), *(f" ({each})" for each in seen.keys)))
    odd = next(_odd(seen, held), None)
    if odd:
        return Check(name, "not-ok", f"{words}: {odd.message}", odd.hint)
    if failure and elsewhere:
        return Check(name, "unknown", f"{words}: AWS has not said whether they are good")
    if failure:
        return Check(name, "not-ok", f"{words}: {failure.message}", failure.hint)
    return Check(name, "ok", f"{words}{_of_whom(seen.caller)}")


def described(held: Held) -> str:
    """`long-lived key ****MPLE of the environment`: their kind and where they came from."""
    kind = "temporary" if held.token or held.prefix == "ASIA" else "long-lived"
    origin = _ORIGINS.get(held.method, held.method).format(held.profile or "default")
    return f"{kind} key ****{held.suffix} of {origin}{f', which assumes {held.role}' if held.role else ''}"


def _of_whom(caller: Caller | None) -> str:
    """Whose they are, by the caller's ARN."""
    kind, _, name = (caller.arn if caller else "").rpartition(":")[2].partition("/")
    kinds = {"user": f", of user {name}", "assumed-role": f", a session of role {name.partition('/')[0]}"}
    return kinds.get(kind, "")


def _odd(seen: Seen, held: Held) -> Iterator[Failure]:
    """What is wrong with credentials of such a kind, whatever their permissions are."""
    arn = seen.caller.arn if seen.caller else ""
    rejected = bool(seen.failure and seen.failure.code == _REFUSED_TOKEN)
    if rejected and held.prefix == "ASIA" and not held.token:
        yield Failure("a temporary key without its session token", "give AWS_SESSION_TOKEN too, or sign in again")
    if rejected and held.prefix == "AKIA" and held.token:
        hint = "leave AWS_SESSION_TOKEN (aws_session_token in a file) out: a long-lived key has none"
        yield Failure("with it goes a session token of other credentials", hint)
    if seen.caller and seen.caller.root:
        hint = "make a user or a role that may only read, with the policy below, and use its credentials"
        yield Failure("they are the root user's own, and nobody should need those", hint)
    if ":federated-user/" in arn:
        hint = "use a role, or the keys that they were made with"
        yield Failure("GetFederationToken gave them, and such credentials cannot call IAM", hint)
    if held.token and not held.role and ":user/" in arn and _all_rejected(seen.reads):
        hint = "make them with --serial-number and --token-code of `aws sts get-session-token`, or assume a role"
        yield Failure("a session token of GetSessionToken without MFA, with which IAM cannot be called", hint)


def _all_rejected(reads: Iterable[Read]) -> bool:
    """Whether STS takes them, as it did, and IAM refuses to know them."""
    reasons = [each.told.reason for each in _of_iam(reads)]
    return bool(reasons) and all(each.startswith(_REFUSED_TOKEN) for each in reasons)


def _of_iam(reads: Iterable[Read]) -> list[Read]:
    """What was asked of IAM itself."""
    return [each for each in reads if each.permission.startswith("iam:") and each.told.answer != "untried"]


def _account(seen: Seen) -> Check:
    if seen.account is None or seen.caller is None:
        return Check("account", "unknown", _NOT_LOOKED_AT)
    if seen.refusal:
        return Check("account", "not-ok", seen.refusal.message, seen.refusal.hint)
    return Check("account", "ok", f"{seen.account.id}, partition {seen.account.partition}, as {seen.caller.arn}")


def _endpoint(seen: Seen) -> Check:
    said = "".join(f"; {each}" for each in seen.way)
    failure = seen.failure
    if failure and failure.unreached:
        return Check("endpoint", "not-ok", f"{failure.message}{said}", failure.hint)
    if not seen.hosts:
        return Check("endpoint", "unknown", f"{_NOT_LOOKED_AT}{said}")
    lost = [each.told.reason for each in _of_iam(seen.reads) if _is_unreached(each.told.reason)]
    if lost and len(lost) == len(_of_iam(seen.reads)):
        hint = "does a VPC endpoint, a proxy or a firewall let STS through alone? IAM has one address for a partition"
        return Check("endpoint", "not-ok", f"STS answers and {seen.hosts[0]} does not: {lost[0]}{said}", hint)
    whose = "which is not AWS's own" if seen.local else "AWS's own"
    hosts = " and ".join(dict.fromkeys(seen.hosts))
    return Check("endpoint", "ok", f"{hosts}, {whose}{said}")


def _is_unreached(reason: str) -> bool:
    return reason.startswith(("EndpointConnection", "ConnectTimeout", "ReadTimeout", "ConnectionClosed", "Deadline"))


def _is_wrong(skew: int | None) -> bool:
    return skew is not None and abs(skew) > SKEW_TAKEN


def _clock(skew: int | None) -> Check:
    limit = f"IAM and STS take a signature for {_SIGNED} seconds, a few services for 900"
    if skew is None:
        return Check("clock", "unknown", "no reply told the time", "compare `date -u` with another clock")
    if abs(skew) <= 1:  # a reply tells no parts of a second
        return Check("clock", "ok", f"as AWS's; {limit}")
    side = "ahead of" if skew > 0 else "behind"
    said = f"{counted(abs(skew), 'second')} {side} AWS's; {limit}"
    if _is_wrong(skew):
        return Check("clock", "not-ok", said, "set it (`date -u` shows it), and keep it by NTP")
    return Check("clock", "ok", said)


def _reads(seen: Seen) -> Check:
    tried = [each for each in seen.reads if not each.optional and each.told.answer != "untried"]
    if not tried:
        return Check("reads", "unknown", _NOT_LOOKED_AT)
    answers = Counter(each.told.answer for each in tried)
    denied, unknown = answers["denied"], answers["unknown"]
    counts = ((denied, "denied"), (unknown, "not known"))
    said = f"{answers['permitted']} of {len(tried)} permitted"
    said = ", ".join([said, *(f"{number} {word}" for number, word in counts if number)])
    steps = (_grant(tried) if denied else "", "see to the reasons below" if unknown else "")
    return Check(
        "reads",
        "unknown" if unknown else "not-ok" if denied else "ok",
        said,
        ", and ".join(filter(None, steps)),
    )


def _grant(tried: Iterable[Read]) -> str:
    """What lets the reads through: a policy helps against nothing but its own want."""
    layers = {each.told.reason.partition(": ")[2] for each in tried if each.told.answer == "denied"}
    others = sorted(each for each in layers if each and each != "no identity-based policy allows it")
    grant = "attach the policy below to the caller"
    return f"{grant}; that alone does not help where {', or '.join(others)}" if others else grant
