"""Sections of the HTML report: errors of the run, and what an account has beside its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from shlex import join
from xml.etree.ElementTree import Element

from koding_audit.io.json_text import format_time, write_json
from koding_audit.io.text import MAX_ERRORS_SHOWN, escape, format_age, pluralize
from koding_audit.model.plan import Entry
from koding_audit.model.report import Audit, Report, RootState
from koding_audit.model.traits import RootFact, find_rule_traits
from koding_audit.report import svg_trend
from koding_audit.report.codec import finding_value
from koding_audit.report.graph import build_graph
from koding_audit.report.html_elements import element
from koding_audit.report.results import GapGroup, Result, group_gaps, run_error_results
from koding_audit.report.status import is_unresolved, unwritten_entries
from koding_audit.report.svg_graph import draw_graph, draw_legend, graph_as_list, omitted_nodes_note
from koding_audit.report.wording import (
    action_text,
    allowed_later_sentence,
    gone_sentence,
    note_text,
    rerun_command,
    source_text,
)

_GRAPH_LABEL = "Graph; it scrolls sideways on a narrow screen"


_NAMES_SHOWN = 10


def error_section(report: Report) -> Element | None:
    """Returns the errors of the run itself, None if there are none."""
    errors = list(islice(run_error_results(report), MAX_ERRORS_SHOWN))
    if not errors:
        return None
    rest = len(report.errors) - len(errors)
    items = [
        element(
            "li",
            element("p", element("span", "error", class_="badge error"), " ", element("strong", each.message)),
            element("p", each.todo, class_="todo") if each.todo else None,
            element(
                "p", element("code", f"{each.location.path}:{each.location.line}:{each.location.column}"), class_="rule"
            )
            if each.location
            else None,
        )
        for each in errors
    ]
    return section_element(
        "run",
        "Errors",
        element("ul", *items, class_="problems"),
        element("p", f"{pluralize(rest, 'error')} more: the JSON report has them all.") if rest > 0 else None,
        level="h2",
    )


def audit_facts(audit: Audit) -> Iterator[tuple[str, str]]:
    """Yields labels and values that say when, as whom and from where an account was read."""
    yield "Read at", format_time(audit.taken_at)
    if audit.caller:
        yield "Caller", audit.caller.arn + (", the root user" if audit.caller.root else "")
    yield "Source", source_text(audit)
    if audit.desired:
        yield "Desired state", ", ".join(file.path for file in audit.desired)
    if audit.baseline:
        age = format_age(audit.baseline.taken_at, audit.taken_at)
        yield "Baseline", f"{audit.baseline.file.path}, of an audit {age} before this one"
    if audit.allowed_later:
        yield "Denied", allowed_later_sentence(audit.allowed_later)
    yield from (("Note", note_text(each)) for each in audit.notes)


def graph_section(audit: Audit, name: str) -> Element | None:
    """Returns the graph with its legend, notes on what it omits, and the same as a list; None for an empty graph."""
    graph = build_graph(audit)
    if not any(graph.columns):
        return None
    notes = [omitted_nodes_note(graph)]
    if not graph.has_outline:
        notes.append("Only subjects of findings: this report has no outline of the desired state.")
    return section_element(
        f"{name}-picture",
        "Who has what",
        element(
            "figure",
            element(
                "div",
                draw_graph(graph, f"{name}-svg"),
                class_="canvas",
                tabindex="0",
                role="group",
                aria_label=_GRAPH_LABEL,
            ),
            element("figcaption", draw_legend(graph), *(element("p", each) for each in notes if each)),
        ),
        element("details", element("summary", "The same as a list"), graph_as_list(graph)),
    )


def trend_section(audit: Audit, name: str) -> Element | None:
    """Returns the numbers of findings in earlier audits, None if there is no history."""
    trend = audit.trend
    if not trend:
        return None
    if len(trend) == 1:
        return section_element(
            f"{name}-trend", "Trend", element("p", "This is the first audit in the history.", class_="none")
        )
    omitted = svg_trend.omitted_audits_note(trend)
    return section_element(
        f"{name}-trend",
        "Trend",
        element(
            "figure",
            svg_trend.draw_trend(trend, f"{name}-plot"),
            element("figcaption", omitted) if omitted else None,
        ),
        element("details", element("summary", "The same as a table"), svg_trend.trend_table(trend)),
    )


def gone_section(audit: Audit, name: str, most: int) -> Element | None:
    """Returns the findings of the baseline that are resolved, None if there are none. most: how many to show."""
    if audit.baseline is None or not audit.baseline.gone:
        return None
    gone = audit.baseline.gone
    items = [element("li", element("code", each)) for each in gone[:most]]
    rest = len(gone) - len(items)
    return section_element(
        f"{name}-gone",
        "Resolved since the baseline",
        element("p", f"{gone_sentence(len(gone))}."),
        element("ul", *items, class_="gaps"),
        element("p", f"{pluralize(rest, 'finding')} more: the JSON report has them all.") if rest > 0 else None,
    )


def root_section(audit: Audit, name: str) -> Element:
    """Returns the facts about the root user; a fact with a finding is marked."""
    found = {find_rule_traits(each.rule).root_fact for each in audit.findings if is_unresolved(each)} - {None}
    return section_element(
        f"{name}-root",
        "Root user",
        element(
            "dl",
            *(
                element("div", element("dt", what), element("dd", _badge_element(words, fact in found, good)))
                for what, words, fact, good in _root_facts(audit.root, audit)
            ),
            class_="facts root",
        ),
    )


def _root_facts(root: RootState, audit: Audit) -> Iterator[tuple[str, str, RootFact | None, bool]]:
    """Yields a label, a value, the fact that a finding would be about, and whether the value is the best possible."""
    keys, mfa, use = root.access_keys, root.mfa, root.use
    yield (
        "Access keys",
        "not read" if keys is None else "present" if keys else "none",
        "access-keys",
        keys is False,
    )
    yield "MFA", "not read" if mfa is None else "on" if mfa else "off", "mfa", mfa is True
    yield "Password last used", _last_used_text(use.password_last_used if use else None, audit), "password-use", False
    times = [time for time in use.keys_last_used if time] if use else []
    yield "Access keys last used", _last_used_text(max(times, default=None), audit), "key-use", False
    if use:
        yield (
            "Credential report",
            f"made by AWS {format_age(use.generated, audit.taken_at)} before this audit",
            None,
            False,
        )


def _last_used_text(last: datetime | None, audit: Audit) -> str:
    if audit.root.use is None:
        return "not read"
    return f"{format_age(last, audit.taken_at)} before this audit, on {format_time(last)}" if last else "never"


def _badge_element(words: str, bad: bool, good: bool) -> Element:
    kind = "error" if bad else "fixed" if good else "plain"
    return element("span", words, class_=f"badge {kind}")


def write_section(audit: Audit, name: str, most: int) -> Element | None:
    """Returns the journal with the outcome of each write, None without a journal. most: how many writes to show."""
    journal = audit.journal
    if journal is None:
        return None
    outcomes = Counter(each.outcome for each in journal.entries)
    numbers = ", ".join(f"{outcomes[word]} {word}" for word in sorted(outcomes)) or "nothing to write"
    unsettled = {id(each) for each in unwritten_entries(audit)}
    rows = [_write_item(each, id(each) not in unsettled) for each in journal.entries[:most]]
    rest = len(journal.entries) - len(rows)
    return section_element(
        f"{name}-fix",
        "What --fix did",
        element("p", f"{numbers}. Journal: ", element("code", journal.path)),
        element("ol", *rows, class_="writes") if rows else None,
        element("p", f"{pluralize(rest, 'step')} more: the JSON report has them all.") if rest > 0 else None,
        command_box("Undo what it added:", join(["koding-audit", "undo", escape(journal.path)]))
        if outcomes["done"]
        else None,
    )


def _write_item(entry: Entry, settled: bool) -> Element:
    word = "fixed" if settled else "error"
    return element(
        "li",
        element("span", entry.outcome, class_=f"badge {word}"),
        " ",
        element("code", action_text(entry.action)),
        element("p", entry.detail, class_="why") if entry.detail else None,
    )


def gap_section(audit: Audit, name: str) -> Element | None:
    """Returns the gaps, and the policy layers that were not evaluated; None if there are neither."""
    if not audit.gaps and not audit.not_seen:
        return None
    layers = ", ".join(sorted(audit.not_seen))
    return section_element(
        f"{name}-gaps",
        "Could not be read",
        element("ul", *map(_gap_item, group_gaps(audit)), class_="gaps") if audit.gaps else None,
        element("p", "Policy layers that decisions do not include: ", element("b", layers)) if layers else None,
    )


def _gap_item(gap: GapGroup) -> Element:
    more = len(gap.subjects) - _NAMES_SHOWN
    names = ", ".join(gap.subjects[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    facts = [("Call", f"{gap.call}: {gap.reason}")]
    facts += [("Of", names)] if gap.subjects else []
    facts += [("Blocked rules", ", ".join(gap.rules))] if gap.rules else []
    facts += [("Grant", gap.permission)] if gap.permission else []
    return element("li", element("p", element("strong", gap.fact)), fact_list(facts, "gap"))


def rerun_section(audit: Audit, report: Report, name: str) -> Element:
    """Returns the command that repeats the audit, and the hashes of the desired-state files."""
    files = [(file.path, f"SHA-256 {file.sha256}") for file in audit.desired]
    return section_element(
        f"{name}-again",
        "How to reproduce",
        command_box("Run the same audit again, in the same folder:", rerun_command(audit, report.fail_on)),
        element("p", "A report does not record --only, --skip, --with and --stack: add those that the run had."),
        fact_list(files, "files") if files else None,
    )


def finding_details(each: Result) -> Element:
    """Returns the technical details of a finding: its id, its policy set, the call that fixes it, its evidence."""
    finding = each.finding
    facts = [("id", each.id)]
    if finding:
        facts += [("policy set", finding.policy_set)] if finding.policy_set is not None else []
        facts += [("fix", action_text(finding.fix))] if finding.fix else []
        facts += [(name, write_json(value)) for name, value in finding_value(finding)["evidence"].items()]
    return element("details", element("summary", "Details"), fact_list(facts, "details"))


def command_box(label: str, text: str) -> Element:
    """Returns a label with a command below it."""
    return element("div", element("p", label), element("pre", element("code", text), tabindex="0"), class_="command")


def fact_list(facts: Iterable[tuple[str, str]], kind: str) -> Element:
    """Returns a list of labels and values. kind: its class."""
    return element(
        "dl",
        *(element("div", element("dt", name), element("dd", text)) for name, text in facts),
        class_=f"facts {kind}",
    )


def section_element(name: str, title: str, *inside: Element | None, level: str = "h3") -> Element:
    """Returns a section with a heading. name: the heading's id."""
    return element("section", element(level, title, id=name), *inside, aria_labelledby=name)
