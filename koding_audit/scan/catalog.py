"""The rules that are evaluated, and what a person does about their findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from koding_audit import plugins
from koding_audit.model.errors import InputError
from koding_audit.model.fact_calls import FACTS_NOT_IN_DETAILS, calls_for_rule
from koding_audit.model.finding import NOT_CHECKED, Advice, Finding, Help
from koding_audit.model.frozen import dataclass
from koding_audit.model.query import Fact
from koding_audit.model.report import Report
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

UNREAD_TRAITS = RuleTraits(state="unread", is_waivable=False)
UNREAD_ADVICE = Advice(
    "A fact could not be read. It is not known whether it is as declared.",
    "grant the caller the permission, then scan again",
    help=Help(
        severity="error; the run is incomplete, and its exit status is 2",
        looks_at="every read that was denied, failed or did not finish. The finding names the fact, the call, "
        "AWS's error code and the permission to grant; `gaps` in the JSON report also names the rules that "
        "could not be evaluated.",
        by_hand="grant the permission that it names, or run again if AWS was slow. `koding-audit permissions audit "
        "FILE` prints all permissions, to save as `AUDIT.json`. To leave out a rule, add "
        "`--skip RULE`; facts that only such rules need are then not read.",
        commands=(
            "aws iam put-user-policy --user-name USER --policy-name koding-audit-reads --policy-document file://AUDIT.json",
            "aws iam put-role-policy --role-name ROLE --policy-name koding-audit-reads --policy-document file://AUDIT.json",
        ),
        with_fix="no.",
        finds="credential-report could not be read: iam:GenerateCredentialReport: AccessDenied; the caller needs"
        " iam:GenerateCredentialReport",
    ),
)


@dataclass(frozen=True, slots=True)
class AuditRule:
    """A rule module as the scanner sees it."""

    id: str
    facts: frozenset[Fact]
    check: Callable[[Comparison], Iterator[Finding]]
    traits: RuleTraits


def load_rules(only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[AuditRule, ...]:
    """The rules to run, loaded: all of them, or those of `only`, without those of `skip`. Raises InputError."""
    known = plugins.plugin_names("scan.rules")
    for name in (*only, *skip):
        if name not in known:
            import difflib  # noqa: PLC0415 - only for a wrong name

            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the rules are: {', '.join(known)}"
            raise InputError(f"there is no rule {name!r}", hint)
    chosen = select_rule_names(only, skip)
    if not chosen:
        raise InputError("no rule is selected", "--skip excludes every rule of --only: change one of them")
    modules = ((name, plugins.load_plugin("scan.rules", name)) for name in chosen)
    return tuple(AuditRule(name, module.FACTS, module.check, module.TRAITS) for name, module in modules)


def select_rule_names(only: Iterable[str], skip: Iterable[str]) -> list[str]:
    """The names of the rules that these options select; an unknown name selects none."""
    return [name for name in plugins.plugin_names("scan.rules") if (not only or name in only) and name not in skip]


def rules_not_in_details() -> tuple[str, ...]:
    """The rules that need facts that the output of `aws iam get-account-authorization-details` cannot have."""
    return tuple(rule.id for rule in load_rules() if rule.facts & FACTS_NOT_IN_DETAILS)


def advice_for_report(report: Report) -> dict[str, Advice]:
    """The advice of the rules that a report's findings belong to, by rule."""
    found = {finding.rule for audit in report.audits for finding in audit.findings}
    known = found.intersection(plugins.plugin_names("scan.rules"))  # a saved report may be of another version
    return {name: advice_for_rule(name) for name in (*sorted(known), NOT_CHECKED)}


def declared_traits() -> dict[str, RuleTraits]:
    """The traits of each rule, and of `not-checked`, by rule id. Loads every rule."""
    rules = {name: plugins.load_plugin("scan.rules", name).TRAITS for name in plugins.plugin_names("scan.rules")}
    return {**rules, NOT_CHECKED: UNREAD_TRAITS}


def advice_for_rule(name: str) -> Advice:
    """The advice of an existing rule, or of `not-checked`, which the scanner reports."""
    if name == NOT_CHECKED:
        return UNREAD_ADVICE
    rule = plugins.load_plugin("scan.rules", name)
    return Advice((rule.__doc__ or "").strip(), rule.STEP, calls_for_rule(rule.FACTS), rule.HELP)
