"""`can --simulate`: AWS's own simulator asked the same, and whether it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from koding_audit import iam
from koding_audit.collect import Opened
from koding_audit.errors import AccessError, CallError, InputError
from koding_audit.evaluate import Decision, Verdict

Agreement = Literal["agrees", "disagrees", "open", "organization"]

_THEIRS: Mapping[str, Verdict] = {
    "allowed": "allowed",
    "explicitDeny": "explicit-deny",
    "implicitDeny": "implicit-deny",
}
_WORDS: Mapping[Verdict, str] = {
    "allowed": "allowed",
    "explicit-deny": "denied",
    "implicit-deny": "not allowed",
    "unknown": "not known",
}
_DENIALS: frozenset[Verdict] = frozenset({"explicit-deny", "implicit-deny"})


@dataclass(frozen=True)
class Compared:
    """What the simulator says of one action.

    agreement `open`: ours is not known; `organization`: an organization policy that we did not see does not allow it.
    """

    verdict: Verdict
    agreement: Agreement
    missing: tuple[str, ...]

    @property
    def words(self) -> str:
        said = f"AWS's simulator says {_WORDS[self.verdict]}"
        unsaid = f"; it was not told {', '.join(self.missing)}" if self.missing else ""
        if self.agreement == "organization":
            return f"{said}: an organization policy, which was not seen here, does not allow it{unsaid}"
        start = {"agrees": "agrees: ", "disagrees": "DISAGREES: "}.get(self.agreement, "")
        return f"{start}{said}{unsaid}"

    @property
    def value(self) -> dict[str, object]:
        """As JSON values."""
        return {"verdict": self.verdict, "agreement": self.agreement, "missing_context": list(self.missing)}


def simulated(
    source: Opened, arn: str, resource: str, context: tuple[tuple[str, tuple[str, ...]], ...], actions: tuple[str, ...]
) -> dict[str, iam.Simulated]:
    """The simulator's answers, by action. Raises InputError where there is no AWS, AccessError where it says no."""
    if source.connection is None or source.connection.source != "live":
        raise InputError("--simulate asks AWS, which this source is not", "use --source live")
    try:
        return iam.simulate(source.connection, arn, actions, resource, context)
    except CallError as error:
        hint = "the caller needs iam:SimulatePrincipalPolicy, which IAMReadOnlyAccess grants"
        raise AccessError(f"AWS's simulator gave no answer: {error.message}", hint) from error


def compared(decisions: Mapping[str, Decision], theirs: Mapping[str, iam.Simulated]) -> dict[str, Compared]:
    """Both answers side by side, for each action that the simulator answered."""
    return {
        action: Compared(_THEIRS[theirs[action].decision], _agreement(decision, theirs[action]), theirs[action].missing)
        for action, decision in decisions.items()
        if action in theirs
    }


def _agreement(ours: Decision, theirs: iam.Simulated) -> Agreement:
    verdict = _THEIRS[theirs.decision]
    if ours.verdict == verdict or {ours.verdict, verdict} == _DENIALS:
        return "agrees"
    if verdict in _DENIALS and theirs.organizations is False and "scp" in ours.not_seen:
        return "organization"
    return "open" if ours.verdict == "unknown" else "disagrees"
