"""Why a scan fails, from what was observed: credentials, account, endpoint, clock and reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from koding_audit.aws.permission_probes import ProbeResult
from koding_audit.aws.settings import CallerCredentials
from koding_audit.io.text import pluralize
from koding_audit.model.account import Account, Caller
from koding_audit.model.clock import MAX_SKEW

HealthVerdict = Literal["ok", "not-ok", "unknown"]

_SIGNATURE_SECONDS = (
    300  # seconds that AWS accepts a signature for (reference: Elements of an AWS API request signature)
)
_REFUSED_TOKEN = "InvalidClientTokenId"  # noqa: S105 - no token
_SKIPPED = "not checked: another check failed"

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
    """Why the account could not be read.

    message: what is wrong
    hint: what to do
    code: AWS's error code, or the kind of failure
    unreached: whether the request or its reply was lost
    """

    message: str
    hint: str
    code: str = ""
    unreached: bool = False


@dataclass(frozen=True, slots=True)
class Observations:
    """What was observed, as far as the checks came.

    credentials: None if none were found
    account, caller: None if AWS did not report them
    hosts: the hosts of IAM and STS
    custom_endpoint: whether the hosts are not AWS's own
    credential_notes: notes about environment variables that affect the credentials
    endpoint_notes: notes about environment variables that affect the endpoint
    skew: seconds that this machine's clock is ahead; None if no reply had the time
    failure: why the account is not known
    refusal: why the account is the wrong one
    reads: the results of the probes; empty if none were made
    """

    credentials: CallerCredentials | None = None
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
    """The result of one check. hint: the next step, "" if the check is ok."""

    name: str
    verdict: HealthVerdict
    message: str
    hint: str = ""


def health_checks(observed: Observations) -> tuple[HealthCheck, ...]:
    """Each check, in the order in which a scan would fail."""
    return (
        _check_credentials(observed),
        _check_account(observed),
        _check_endpoint(observed),
        _check_clock(observed.skew),
        _check_reads(observed),
    )


def health_verdict(found: Iterable[HealthCheck]) -> HealthVerdict:
    """The verdict of all checks: unknown takes precedence over not-ok, as in a scan."""
    verdicts = {each.verdict for each in found}
    return "unknown" if "unknown" in verdicts else "not-ok" if "not-ok" in verdicts else "ok"


def missing_permissions(reads: Iterable[ProbeResult]) -> tuple[str, ...]:
    """The denied permissions that an audit needs."""
    return tuple(each.permission for each in reads if each.verdict.answer == "denied" and not each.optional)


def _check_credentials(observed: Observations) -> HealthCheck:
    name, credentials, failure = "credentials", observed.credentials, observed.failure
    elsewhere = bool(failure and failure.unreached) or _is_skew_too_large(observed.skew)
    if credentials is None:
        known = failure and not elsewhere
        return (
            HealthCheck(name, "not-ok", *failure[:2]) if failure and known else HealthCheck(name, "unknown", _SKIPPED)
        )
    words = "".join((describe_credentials(credentials), *(f" ({each})" for each in observed.credential_notes)))
    fault = next(_credential_faults(observed, credentials), None)
    if fault:
        return HealthCheck(name, "not-ok", f"{words}: {fault.message}", fault.hint)
    if failure and elsewhere:
        return HealthCheck(name, "unknown", f"{words}: not known whether AWS accepts them")
    if failure:
        return HealthCheck(name, "not-ok", f"{words}: {failure.message}", failure.hint)
    return HealthCheck(name, "ok", f"{words}{_owner_text(observed.caller)}")


def describe_credentials(credentials: CallerCredentials) -> str:
    """`long-lived key ****MPLE of the environment`: the kind and the origin of credentials."""
    kind = "temporary" if credentials.has_token or credentials.prefix == "ASIA" else "long-lived"
    origin = _ORIGINS.get(credentials.method, credentials.method).format(credentials.profile or "default")
    role = f", which assumes {credentials.role}" if credentials.role else ""
    return f"{kind} key ****{credentials.suffix} of {origin}{role}"


def _owner_text(caller: Caller | None) -> str:
    """The owner of the credentials, by the caller's ARN."""
    kind, _, name = (caller.arn if caller else "").rpartition(":")[2].partition("/")
    kinds = {"user": f", of user {name}", "assumed-role": f", a session of role {name.partition('/')[0]}"}
    return kinds.get(kind, "")


def _credential_faults(observed: Observations, credentials: CallerCredentials) -> Iterator[Failure]:
    """What is wrong with credentials of this kind, independent of their permissions."""
    arn = observed.caller.arn if observed.caller else ""
    rejected = bool(observed.failure and observed.failure.code == _REFUSED_TOKEN)
    if rejected and credentials.prefix == "ASIA" and not credentials.has_token:
        yield Failure(
            "the session token of this temporary key is missing", "set AWS_SESSION_TOKEN too, or sign in again"
        )
    if rejected and credentials.prefix == "AKIA" and credentials.has_token:
        hint = "remove AWS_SESSION_TOKEN (aws_session_token in a file): a long-lived key has none"
        yield Failure("the session token is of other credentials", hint)
    if observed.caller and observed.caller.root:
        hint = "create a user or a role with the policy below, which only reads, and use its credentials"
        yield Failure("these are the root user's credentials, and an audit does not need them", hint)
    if ":federated-user/" in arn:
        hint = "use a role, or the keys that requested them"
        yield Failure("these are from GetFederationToken, and such credentials cannot call IAM", hint)
    if credentials.has_token and not credentials.role and ":user/" in arn and _is_rejected_by_iam(observed.reads):
        hint = "run `aws sts get-session-token` with --serial-number and --token-code, or assume a role"
        yield Failure("the session is from GetSessionToken without MFA, and cannot call IAM", hint)


def _is_rejected_by_iam(reads: Iterable[ProbeResult]) -> bool:
    """Whether IAM rejects the credentials; STS accepted them."""
    reasons = [each.verdict.reason for each in _iam_results(reads)]
    return bool(reasons) and all(each.startswith(_REFUSED_TOKEN) for each in reasons)


def _iam_results(reads: Iterable[ProbeResult]) -> list[ProbeResult]:
    """The probes that called IAM."""
    return [each for each in reads if each.permission.startswith("iam:") and each.verdict.answer != "untried"]


def _check_account(observed: Observations) -> HealthCheck:
    if observed.account is None or observed.caller is None:
        return HealthCheck("account", "unknown", _SKIPPED)
    if observed.refusal:
        return HealthCheck("account", "not-ok", observed.refusal.message, observed.refusal.hint)
    return HealthCheck(
        "account", "ok", f"{observed.account.id}, partition {observed.account.partition}, as {observed.caller.arn}"
    )


def _check_endpoint(observed: Observations) -> HealthCheck:
    notes = "".join(f"; {each}" for each in observed.endpoint_notes)
    failure = observed.failure
    if failure and failure.unreached:
        return HealthCheck("endpoint", "not-ok", f"{failure.message}{notes}", failure.hint)
    if not observed.hosts:
        return HealthCheck("endpoint", "unknown", f"{_SKIPPED}{notes}")
    lost = [each.verdict.reason for each in _iam_results(observed.reads) if _is_unreachable(each.verdict.reason)]
    if lost and len(lost) == len(_iam_results(observed.reads)):
        hint = "check whether a VPC endpoint, proxy or firewall allows only STS; IAM has one host per partition"
        return HealthCheck(
            "endpoint", "not-ok", f"STS answers and {observed.hosts[0]} does not: {lost[0]}{notes}", hint
        )
    whose = "which is not AWS's own" if observed.custom_endpoint else "AWS's own"
    hosts = " and ".join(dict.fromkeys(observed.hosts))
    return HealthCheck("endpoint", "ok", f"{hosts}, {whose}{notes}")


def _is_unreachable(reason: str) -> bool:
    return reason.startswith(("EndpointConnection", "ConnectTimeout", "ReadTimeout", "ConnectionClosed", "Deadline"))


def _is_skew_too_large(skew: int | None) -> bool:
    return skew is not None and abs(skew) > MAX_SKEW


def _check_clock(skew: int | None) -> HealthCheck:
    limit = f"IAM and STS accept a signature for {_SIGNATURE_SECONDS} seconds, a few services for 900"
    if skew is None:
        return HealthCheck("clock", "unknown", "no reply had the time", "compare `date -u` with another clock")
    if abs(skew) <= 1:  # the time in a reply has whole seconds
        return HealthCheck("clock", "ok", f"the same as AWS's; {limit}")
    side = "ahead of" if skew > 0 else "behind"
    summary = f"{pluralize(abs(skew), 'second')} {side} AWS's; {limit}"
    if _is_skew_too_large(skew):
        return HealthCheck("clock", "not-ok", summary, "set the clock (`date -u` shows it), and synchronize it by NTP")
    return HealthCheck("clock", "ok", summary)


def _check_reads(observed: Observations) -> HealthCheck:
    tried = [each for each in observed.reads if not each.optional and each.verdict.answer != "untried"]
    if not tried:
        return HealthCheck("reads", "unknown", _SKIPPED)
    answers = Counter(each.verdict.answer for each in tried)
    denied, unknown = answers["denied"], answers["unknown"]
    counts = ((denied, "denied"), (unknown, "not known"))
    summary = f"{answers['permitted']} of {len(tried)} permitted"
    summary = ", ".join([summary, *(f"{number} {word}" for number, word in counts if number)])
    steps = (_grant_hint(tried) if denied else "", "check the reasons below" if unknown else "")
    return HealthCheck(
        "reads",
        "unknown" if unknown else "not-ok" if denied else "ok",
        summary,
        ", and ".join(filter(None, steps)),
    )


def _grant_hint(tried: Iterable[ProbeResult]) -> str:
    """The hint for denied reads: a policy helps only where no policy allows them."""
    layers = {each.verdict.reason.partition(": ")[2] for each in tried if each.verdict.answer == "denied"}
    others = sorted(each for each in layers if each and each != "no identity-based policy allows it")
    grant = "attach the policy below to the caller"
    return f"{grant}; that alone does not help where {', or '.join(others)}" if others else grant
