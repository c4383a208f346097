"""`can --simulate`: what AWS's own simulator decides, and whether it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from koding_audit.aws import iam
from koding_audit.aws.sources import AccountSource
from koding_audit.model.errors import AccessError, CallError, InputError
from koding_audit.policy.evaluation import AccessVerdict, Decision

Agreement = Literal["agrees", "disagrees", "open", "organization"]

_SIMULATOR_VERDICTS: Mapping[str, AccessVerdict] = {
    "allowed": "allowed",
    "explicitDeny": "explicit-deny",
    "implicitDeny": "implicit-deny",
}
_VERDICT_WORDS: Mapping[AccessVerdict, str] = {
    "allowed": "allowed",
    "explicit-deny": "denied",
    "implicit-deny": "not allowed",
    "unknown": "not known",
}
_DENIALS: frozenset[AccessVerdict] = frozenset({"explicit-deny", "implicit-deny"})


@dataclass(frozen=True)
class SimulatorComparison:
    """The simulator's answer about one action.

    verdict: the simulator's
    agreement: `open` if this tool's verdict is unknown; `organization` if an organization policy that was not read
        does not allow it
    missing_context: the condition keys for which the simulator had no value
    """

    verdict: AccessVerdict
    agreement: Agreement
    missing_context: tuple[str, ...]

    @property
    def sentence(self) -> str:
        answer = f"AWS's simulator says {_VERDICT_WORDS[self.verdict]}"
        missing = f"; it had no value for {', '.join(self.missing_context)}" if self.missing_context else ""
        if self.agreement == "organization":
            return f"{answer}: an organization policy that was not read here does not allow it{missing}"
        start = {"agrees": "agrees: ", "disagrees": "DISAGREES: "}.get(self.agreement, "")
        return f"{start}{answer}{missing}"

    @property
    def json_value(self) -> dict[str, object]:
        """As JSON values."""
        return {"verdict": self.verdict, "agreement": self.agreement, "missing_context": list(self.missing_context)}


def ask_simulator(
    source: AccountSource,
    arn: str,
    resource: str,
    context: tuple[tuple[str, tuple[str, ...]], ...],
    actions: tuple[str, ...],
) -> dict[str, iam.SimulationResult]:
    """The simulator's answers, by action.

    Raises InputError if the source is not AWS, AccessError if the call fails.
    """
    if source.connection is None or not source.connection.reaches_aws:
        raise InputError("--simulate needs AWS, and this source is not AWS", "use --source live")
    try:
        return iam.simulate_principal(source.connection, arn, actions, resource, context)
    except CallError as error:
        hint = "grant the caller iam:SimulatePrincipalPolicy, as IAMReadOnlyAccess does"
        raise AccessError(f"AWS's simulator gave no answer: {error.message}", hint) from error


def compare_with_simulator(
    decisions: Mapping[str, Decision], theirs: Mapping[str, iam.SimulationResult]
) -> dict[str, SimulatorComparison]:
    """The comparison of both decisions, for each action that the simulator answered."""
    return {
        action: SimulatorComparison(
            _SIMULATOR_VERDICTS[theirs[action].decision], _agreement(decision, theirs[action]), theirs[action].missing
        )
        for action, decision in decisions.items()
        if action in theirs
    }


def _agreement(ours: Decision, theirs: iam.SimulationResult) -> Agreement:
    verdict = _SIMULATOR_VERDICTS[theirs.decision]
    if ours.verdict == verdict or {ours.verdict, verdict} == _DENIALS:
        return "agrees"
    if verdict in _DENIALS and theirs.allowed_by_organizations is False and "scp" in ours.not_seen:
        return "organization"
    return "open" if ours.verdict == "unknown" else "disagrees"
