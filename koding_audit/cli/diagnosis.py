"""What keeps a scan from its work, judged from what was seen: credentials, account, endpoint, clock and reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from koding_audit.aws.call import MAX_SKEW
from koding_audit.aws.permission_probes import ProbeResult
from koding_audit.aws.settings import CallerCredentials
from koding_audit.io.text import pluralize
from koding_audit.model.account import Account, Caller

HealthVerdict = Literal["ok", "not-ok", "unknown"]

_SIGNATURE_SECONDS = 300  # seconds that AWS takes a signature for (reference: Elements of an AWS API request signature)
_REFUSED_TOKEN = "InvalidClientTokenId"  # noqa: S105 - no token
_SKIPPED = "not looked at: something else comes before it"

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
class Observations:
    """What was found out, as far as it went.

    held: the credentials, None where none came; hosts: the addresses of IAM and STS; local: they are not AWS's own;
    keys, way: what of the environment has a say in credentials and in the endpoint; skew: seconds that this machine's
    clock is ahead; failure: why no account was told; refusal: why the account is the wrong one; reads: none where it
    was not read.
    """

    held: CallerCredentials | None = None
    account: Account | None = None
    caller: Caller | None = None
    hosts: tuple[str, ...] = ()
    custom_endpoint: bool = False
    credential_notes: tuple[str, ...] = ()
    endpoint_notes: tuple[str, ...] = ()
    skew: int | None = None
    failure: Failure | None = None
    refusal: Failure | None = None
    reads: tuple[ProbeResult, ...] = ()


class HealthCheck(NamedTuple):
    """One thing that was looked at. hint: the next step, "" where all is well."""

    name: str
    verdict: HealthVerdict
    message: str
    hint: str = ""


def health_checks(seen: Observations) -> tuple[HealthCheck, ...]:
    """Each thing, in the order in which a scan would fail for it."""
    return (
        _check_credentials(seen),
        _check_account(seen),
        _check_endpoint(seen),
        _check_clock(seen.skew),
        _check_reads(seen),
    )


def health_verdict(found: Iterable[HealthCheck]) -> HealthVerdict:
    """What they come to: what could not be known wins, as it does in a scan."""
    verdicts = {each.verdict for each in found}
    return "unknown" if "unknown" in verdicts else "not-ok" if "not-ok" in verdicts else "ok"


def missing_permissions(reads: Iterable[ProbeResult]) -> tuple[str, ...]:
    """The permissions that are denied and that an audit hangs on."""
    return tuple(each.permission for each in reads if each.verdict.answer == "denied" and not each.optional)


def _check_credentials(seen: Observations) -> HealthCheck:
    name, held, failure = "credentials", seen.held, seen.failure
    elsewhere = bool(failure and failure.unreached) or _is_skew_too_large(seen.skew)
    if held is None:
        known = failure and not elsewhere
        return (
            HealthCheck(name, "not-ok", *failure[:2]) if failure and known else HealthCheck(name, "unknown", _SKIPPED)
        )
    words = "".join((describe_credentials(held), *(f" ({each})" for each in seen.credential_notes)))
    odd = next(_credential_faults(seen, held), None)
    if odd:
        return HealthCheck(name, "not-ok", f"{words}: {odd.message}", odd.hint)
    if failure and elsewhere:
        return HealthCheck(name, "unknown", f"{words}: AWS has not said whether they are good")
    if failure:
        return HealthCheck(name, "not-ok", f"{words}: {failure.message}", failure.hint)
    return HealthCheck(name, "ok", f"{words}{_owner_text(seen.caller)}")


def describe_credentials(held: CallerCredentials) -> str:
    """`long-lived key ****MPLE of the environment`: their kind and where they came from."""
    kind = "temporary" if held.has_token or held.prefix == "ASIA" else "long-lived"
    origin = _ORIGINS.get(held.method, held.method).format(held.profile or "default")
    return f"{kind} key ****{held.suffix} of {origin}{f', which assumes {held.role}' if held.role else ''}"


def _owner_text(caller: Caller | None) -> str:
    """Whose they are, by the caller's ARN."""
    kind, _, name = (caller.arn if caller else "").rpartition(":")[2].partition("/")
    kinds = {"user": f", of user {name}", "assumed-role": f", a session of role {name.partition('/')[0]}"}
    return kinds.get(kind, "")


def _credential_faults(seen: Observations, held: CallerCredentials) -> Iterator[Failure]:
    """What is wrong with credentials of such a kind, whatever their permissions are."""
    arn = seen.caller.arn if seen.caller else ""
    rejected = bool(seen.failure and seen.failure.code == _REFUSED_TOKEN)
    if rejected and held.prefix == "ASIA" and not held.has_token:
        yield Failure("a temporary key without its session token", "give AWS_SESSION_TOKEN too, or sign in again")
    if rejected and held.prefix == "AKIA" and held.has_token:
        hint = "leave AWS_SESSION_TOKEN (aws_session_token in a file) out: a long-lived key has none"
        yield Failure("with it goes a session token of other credentials", hint)
    if seen.caller and seen.caller.root:
        hint = "make a user or a role that may only read, with the policy below, and use its credentials"
        yield Failure("they are the root user's own, and nobody should need those", hint)
    if ":federated-user/" in arn:
        hint = "use a role, or the keys that they were made with"
        yield Failure("GetFederationToken gave them, and such credentials cannot call IAM", hint)
    if held.has_token and not held.role and ":user/" in arn and _is_rejected_by_iam(seen.reads):
        hint = "make them with --serial-number and --token-code of `aws sts get-session-token`, or assume a role"
        yield Failure("a session token of GetSessionToken without MFA, with which IAM cannot be called", hint)


def _is_rejected_by_iam(reads: Iterable[ProbeResult]) -> bool:
    """Whether STS takes them, as it did, and IAM refuses to know them."""
    reasons = [each.verdict.reason for each in _iam_results(reads)]
    return bool(reasons) and all(each.startswith(_REFUSED_TOKEN) for each in reasons)


def _iam_results(reads: Iterable[ProbeResult]) -> list[ProbeResult]:
    """What was asked of IAM itself."""
    return [each for each in reads if each.permission.startswith("iam:") and each.verdict.answer != "untried"]


def _check_account(seen: Observations) -> HealthCheck:
    if seen.account is None or seen.caller is None:
        return HealthCheck("account", "unknown", _SKIPPED)
    if seen.refusal:
        return HealthCheck("account", "not-ok", seen.refusal.message, seen.refusal.hint)
    return HealthCheck("account", "ok", f"{seen.account.id}, partition {seen.account.partition}, as {seen.caller.arn}")


def _check_endpoint(seen: Observations) -> HealthCheck:
    said = "".join(f"; {each}" for each in seen.endpoint_notes)
    failure = seen.failure
    if failure and failure.unreached:
        return HealthCheck("endpoint", "not-ok", f"{failure.message}{said}", failure.hint)
    if not seen.hosts:
        return HealthCheck("endpoint", "unknown", f"{_SKIPPED}{said}")
    lost = [each.verdict.reason for each in _iam_results(seen.reads) if _is_unreachable(each.verdict.reason)]
    if lost and len(lost) == len(_iam_results(seen.reads)):
        hint = "does a VPC endpoint, a proxy or a firewall let STS through alone? IAM has one address for a partition"
        return HealthCheck("endpoint", "not-ok", f"STS answers and {seen.hosts[0]} does not: {lost[0]}{said}", hint)
    whose = "which is not AWS's own" if seen.custom_endpoint else "AWS's own"
    hosts = " and ".join(dict.fromkeys(seen.hosts))
    return HealthCheck("endpoint", "ok", f"{hosts}, {whose}{said}")


def _is_unreachable(reason: str) -> bool:
    return reason.startswith(("EndpointConnection", "ConnectTimeout", "ReadTimeout", "ConnectionClosed", "Deadline"))


def _is_skew_too_large(skew: int | None) -> bool:
    return skew is not None and abs(skew) > MAX_SKEW


def _check_clock(skew: int | None) -> HealthCheck:
    limit = f"IAM and STS take a signature for {_SIGNATURE_SECONDS} seconds, a few services for 900"
    if skew is None:
        return HealthCheck("clock", "unknown", "no reply told the time", "compare `date -u` with another clock")
    if abs(skew) <= 1:  # a reply tells no parts of a second
        return HealthCheck("clock", "ok", f"as AWS's; {limit}")
    side = "ahead of" if skew > 0 else "behind"
    said = f"{pluralize(abs(skew), 'second')} {side} AWS's; {limit}"
    if _is_skew_too_large(skew):
        return HealthCheck("clock", "not-ok", said, "set it (`date -u` shows it), and keep it by NTP")
    return HealthCheck("clock", "ok", said)


def _check_reads(seen: Observations) -> HealthCheck:
    tried = [each for each in seen.reads if not each.optional and each.verdict.answer != "untried"]
    if not tried:
        return HealthCheck("reads", "unknown", _SKIPPED)
    answers = Counter(each.verdict.answer for each in tried)
    denied, unknown = answers["denied"], answers["unknown"]
    counts = ((denied, "denied"), (unknown, "not known"))
    said = f"{answers['permitted']} of {len(tried)} permitted"
    said = ", ".join([said, *(f"{number} {word}" for number, word in counts if number)])
    steps = (_grant_hint(tried) if denied else "", "see to the reasons below" if unknown else "")
    return HealthCheck(
        "reads",
        "unknown" if unknown else "not-ok" if denied else "ok",
        said,
        ", and ".join(filter(None, steps)),
    )


def _grant_hint(tried: Iterable[ProbeResult]) -> str:
    """What lets the reads through: a policy helps against nothing but its own want."""
    layers = {each.verdict.reason.partition(": ")[2] for each in tried if each.verdict.answer == "denied"}
    others = sorted(each for each in layers if each and each != "no identity-based policy allows it")
    grant = "attach the policy below to the caller"
    return f"{grant}; that alone does not help where {', or '.join(others)}" if others else grant
