"""One page for someone who would rather look than read: it loads nothing, and is whole without its script."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count, islice
from operator import attrgetter
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from koding_audit import __version__
from koding_audit.io.json_text import format_time, write_json
from koding_audit.io.text import MAX_ERRORS_SHOWN, clip_text, escape, format_age, pluralize
from koding_audit.model.arn import subject_label
from koding_audit.model.finding import SEVERITIES, Advice, Finding
from koding_audit.model.plan import Entry
from koding_audit.model.report import Audit, Report, RootState, RunStatus
from koding_audit.model.traits import RootFact, find_rule_traits
from koding_audit.report import svg_trend
from koding_audit.report.codec import finding_value
from koding_audit.report.graph import build_graph
from koding_audit.report.html_elements import element
from koding_audit.report.results import GapGroup, Result, audit_results, findings_to_show, group_gaps, run_error_results
from koding_audit.report.status import Tally, is_unresolved, tally_audits, unwritten_entries
from koding_audit.report.summary import FEW_ACCOUNTS, RULES_SHOWN, AccountRow, RuleTotals, summarize_report
from koding_audit.report.svg_graph import draw_graph, draw_legend, graph_as_list, omitted_nodes_note
from koding_audit.report.wording import (
    account_statuses_text,
    action_text,
    fix_command,
    gone_sentence,
    rerun_command,
    status_sentence,
    totals_text,
)

MOST = 5_000
"""Findings of an account that the page shows, the worst: a browser shows as many at once."""

LISTED = 10_000
"""Accounts in the list of a page that sums up more than a few: two megabytes of it."""

FULL, FINDINGS = 10, 50
"""Accounts that such a page shows in full, and findings of each."""

_LONGEST = 100  # characters of a rule's name, which a saved report may make up
_CATEGORIES: Sequence[str] = (*SEVERITIES, "known", "fixed", "waived")
_SIGNS: Mapping[RunStatus, str] = {
    "clean": "M5 12.5 10 17.5 19 7",
    "findings": "M12 5v9M12 17.5v1.5",
    "incomplete": "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1.2.6-1.5 1.2-1.5 2.3M12 17.5v1.5",
}
_TITLES: Mapping[RunStatus, str] = {"clean": "Clean", "findings": "Findings", "incomplete": "Incomplete"}
_GRAPH_LABEL = "Picture; it scrolls sideways on a narrow screen"
_NAMES_SHOWN = 10
_MANY = 200  # subjects; of more, a browser lays out those alone that are looked at


def render(report: Report) -> Iterator[str]:
    """HTML in ASCII. Its one style and its one script are allowed by their hashes, and nothing else is."""
    style, script = _read_asset("html.css"), _read_asset("html.js")
    page = _HtmlReport(report)
    head = _head_element(style, script, page.page_title())
    yield f'<!DOCTYPE html>\n<html lang="en">\n{_element_html(head, style)}<body>\n'
    yield _element_html(element("a", "Skip to the findings", class_="skip", href="#accounts"))
    yield _element_html(page.page_header())
    yield '<main id="accounts" tabindex="-1">\n'
    yield from page.main_parts()
    yield "</main>\n"
    made_by = f"Made by koding-audit {report.made_by or __version__}."
    said = f"{made_by} This page holds no script but its own, and loads nothing."
    yield _element_html(element("footer", element("p", said)))
    yield _element_html(_filter_data(page.filter_data))
    yield f"{_element_html(element('script'), script)}</body>\n</html>\n"


def _element_html(element: Element, ours: str = "") -> str:
    """The element as text; ours: what goes into it, or into the last that is inside, as it is."""
    ET.indent(element, space="")  # for those who compare two pages
    if ours:
        list(element.iter())[-1].text = ours
    return _html_line(element)


def _html_line(element: Element) -> str:
    """The element as it is, and the end of its line."""
    element.tail = "\n"
    text: bytes = ET.tostring(element, encoding="us-ascii", method="html")
    return text.decode("ascii")


def _read_asset(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), name)  # noqa: PTH118, PTH120 - as in registry.py
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - as above
        return file.read()


def _head_element(style: str, script: str, title: str) -> Element:
    policy = (
        f"default-src 'none'; style-src {_csp_hash(style)}; script-src {_csp_hash(script)}; base-uri "
        f"'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style"),
    )


def _csp_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _filter_data(told: Sequence[Mapping[str, str]]) -> Element:
    """What the script filters by, as JSON in which nothing can end the element; a browser never runs it."""
    text = write_json(told).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    data = Element("script", {"type": "application/json", "id": "told"})
    data.text = text
    return data


class _HtmlReport:
    """told: of each finding in the order of the page, what the script filters by, once it was shown.

    What stands above the accounts is gathered before them: the sums, who they are, what can be filtered.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.summary = summarize_report(report, LISTED if len(report.audits) > FEW_ACCOUNTS else FEW_ACCOUNTS)
        self.is_summarized = len(report.audits) > FEW_ACCOUNTS
        self.max_findings = FINDINGS if self.is_summarized else MOST
        # Those that are shown in full; of a few in the order of the report.
        self.full_rows = (
            self.summary.unclean_rows[:FULL]
            if self.is_summarized
            else sorted(self.summary.rows, key=attrgetter("audit_index"))
        )
        self.filter_counts: Counter[tuple[str, str]] = Counter()
        for row in self.full_rows:
            told = findings_to_show(report.audits[row.audit_index])[: self.max_findings]
            self.filter_counts.update((_finding_category(each), each.rule) for each in told)
        self.status = self.summary.tally.status(len(report.errors))
        self.filter_data: list[Mapping[str, str]] = []
        self._filter_values = {kind: {"sort": kind[0], "rule": kind[1]} for kind in self.filter_counts}
        self._numbers = count(1)

    def page_title(self) -> str:
        accounts = ", ".join(each.account for each in self.full_rows[:3])
        more = f" and {len(self.full_rows) - 3} more" if len(self.full_rows) > 3 else ""
        if self.is_summarized:
            accounts, more = pluralize(len(self.report.audits), "account"), ""
        return f"{_TITLES[self.status]}: {accounts or 'no account'}{more} - koding-audit"

    def main_parts(self) -> Iterator[str]:
        several = len(self.report.audits) > 1
        problems = _error_section(self.report)
        if self.is_summarized:
            yield from self.summary_sections()
        if problems is not None:
            yield _element_html(problems)
        # Of one account the filter stands with its findings.
        if self.filter_counts and several:
            yield _element_html(self.finding_filter_form())
        for index, row in enumerate(self.full_rows, 1):
            yield _element_html(self.account_article(index, self.report.audits[row.audit_index]))

    def summary_sections(self) -> Iterator[str]:
        """What each rule found, and the accounts in a line each."""
        if self.summary.rules:
            yield _element_html(self.rules_section())
        beginning, tag, end = _element_html(self.accounts_section()).partition("</ol>")
        yield f"{beginning}\n"
        full = {row.audit_index: f"#account-{index}" for index, row in enumerate(self.full_rows, 1)}
        for row in self.summary.rows:
            yield _html_line(
                _account_item(row, full.get(row.audit_index))
            )  # thousands: what is between tags costs a browser its time too
        yield f"{tag}{end}"

    def rules_section(self) -> Element:
        found, rest = self.summary.rules[:RULES_SHOWN], len(self.summary.rules) - RULES_SHOWN
        return _section(
            "rules",
            "What was found",
            element("ul", *map(self.rule_item, found), class_="found"),
            element("p", f"{pluralize(rest, 'rule')} more: the JSON report has them all.") if rest > 0 else None,
            level="h2",
        )

    def rule_item(self, found: RuleTotals) -> Element:
        why = self.report.advice.get(found.rule, Advice("")).why
        accounts = pluralize(found.accounts, "account")
        return element(
            "li",
            element(
                "p",
                element("span", found.severity, class_=f"badge {found.severity}"),
                " ",
                element("strong", clip_text(found.rule, _LONGEST)),
                f" {found.findings:,} in {accounts}",
            ),
            element("p", why, class_="why") if why else None,
            element("p", f"For example {found.example}", class_="todo"),
        )

    def accounts_section(self) -> Element:
        """The list of accounts, whose rows are written one by one: its is the first `</ol>`."""
        left = self.summary.count_others(self.summary.rows)
        kind = "accounts many" if len(self.summary.rows) > _MANY else "accounts"
        worst = len(self.full_rows)
        return _section(
            "list",
            "Accounts",
            self.account_search_form(),
            element(
                "div",
                element("ol", class_=kind),
                class_="list",
                tabindex="0",
                role="group",
                aria_label="The accounts, the worst first; the list scrolls",
            ),
            element("p", "No account is like that.", class_="none", id="nobody", hidden=""),
            element("p", f"{left.total():,} more: {account_statuses_text(left)}. The JSON report has them all.")
            if left
            else None,
            element("p", f"The worst are below in full: {worst} of them.", class_="none") if worst else None,
            level="h2",
        )

    def account_search_form(self) -> Element:
        """The form that looks for accounts; hidden until the script can do it."""
        there = self.summary.tally.statuses
        boxes = (_filter_checkbox("status", each, f"{there[each]:,}") for each in _TITLES if there[each])
        return element(
            "form",
            element("label", "Search", element("input", type="search", id="wanted", autocomplete="off")),
            element("button", "Reset", type="reset"),
            element("fieldset", element("legend", "Show"), *boxes),
            element("p", id="there", role="status"),
            id="find",
            hidden="",
            role="search",
            aria_label="Accounts",
        )

    def page_header(self) -> Element:
        """The verdict, the numbers, and what to do next."""
        tally, status = self.summary.tally, self.status
        accounts = f"{pluralize(tally.audits, 'account')}: {account_statuses_text(tally.statuses)}"
        said = status_sentence(tally, len(self.report.errors))
        offered = fix_command(tally)
        return element(
            "header",
            element("p", "koding-audit", class_="brand"),
            element(
                "div",
                _status_icon(_SIGNS[status]),
                element(
                    "div",
                    element("h1", _TITLES[status]),
                    element("p", said.partition(": ")[2], class_="said"),
                    element("p", accounts, class_="totals") if self.is_summarized else None,
                    element("p", totals_text(tally), class_="totals") if tally.audits else None,
                ),
                class_=f"verdict {status}",
            ),
            _count_list(tally),
            _command_box("To fix what can be fixed without taking anything away:", offered) if offered else None,
            _account_links(self.full_rows, all_of_them=not self.is_summarized) if tally.audits > 1 else None,
        )

    def finding_filter_form(self) -> Element:
        """Hidden until the script can do it; the findings are all there without."""
        rules = sorted({rule for _, rule in self.filter_counts})
        options = [element("option", "All rules", value=""), *(element("option", each, value=each) for each in rules)]
        return element(
            "form",
            element("label", "Search", element("input", type="search", id="search", autocomplete="off")),
            element("label", "Rule", element("select", *options, id="rule")),
            element("fieldset", element("legend", "Show"), *self.category_checkboxes()),
            element("button", "Reset", type="reset"),
            element("p", id="shown", role="status"),
            id="filter",
            hidden="",
            role="search",
            aria_label="Findings",
        )

    def category_checkboxes(self) -> Iterator[Element]:
        sorts: Counter[str] = Counter()
        for (sort, _), number in self.filter_counts.items():
            sorts[sort] += number
        for sort in filter(sorts.get, _CATEGORIES):
            yield _filter_checkbox("sort", sort, f"{sorts[sort]:,}")

    def account_article(self, index: int, audit: Audit) -> Element:
        account, report = audit.account, self.report
        name = f"account-{index}"
        several = len(report.audits) > 1
        tally = tally_audits([audit], report.fail_on)
        return element(
            "article",
            element(
                "header",
                element("h2", f"Account {account.id}", id=name),
                element("p", account.alias, class_="alias") if account.alias is not None else None,
                element("p", status_sentence(tally), class_=f"pill {tally.status()}") if several else None,
            ),
            _fact_list(_audit_facts(audit), "about"),
            _graph_section(audit, name),
            _trend_section(audit, name),
            self.findings_section(audit, name),
            _gone_section(audit, name, self.max_findings),
            _root_section(audit, name),
            _write_section(audit, name, self.max_findings),
            _gap_section(audit, name),
            _rerun_section(audit, report, name),
            aria_labelledby=name,
        )

    def findings_section(self, audit: Audit, name: str) -> Element:
        """By whom they are about, the worst first; what does not fit is counted."""
        results = {id(each.finding): each for each in audit_results(audit, self.report) if each.finding}
        told = [results[id(each)] for each in findings_to_show(audit)]
        subjects: dict[str, list[Result]] = {}
        for each in told[: self.max_findings]:
            subjects.setdefault(each.subject, []).append(each)
        rest = len(told) - self.max_findings
        sections = [self.subject_section(subject, those) for subject, those in subjects.items()]
        return _section(
            f"{name}-findings",
            "Findings",
            self.finding_filter_form() if told and len(self.report.audits) == 1 else None,
            element("div", *sections, class_="subjects many" if len(sections) > _MANY else "subjects"),
            element("p", "Nothing to report.", class_="none") if not told else None,
            element("p", "No finding is like that.", class_="none unmatched", hidden="") if told else None,
            element("p", f"{pluralize(rest, 'finding')} more: the JSON report has them all.") if rest > 0 else None,
        )

    def subject_section(self, arn: str, those: list[Result]) -> Element:
        heading = f"about-{next(self._numbers)}"
        return element(
            "section",
            element("h4", subject_label(arn), id=heading),
            element("p", arn, class_="arn"),
            element("ul", *map(self.finding_item, those)),
            class_="subject",
            aria_labelledby=heading,
        )

    def finding_item(self, each: Result) -> Element:
        word = each.status if each.status in {"fixed", "waived"} else each.severity
        sort = _finding_category(each)
        self.filter_data.append(self._filter_values[sort, each.rule])
        why = self.report.advice.get(each.rule, Advice("")).why
        place = f"{each.location.path}:{each.location.line}:{each.location.column}" if each.location else ""
        states = {"failed": "its fix failed", "pending": "its fix was accepted and is not visible yet"}
        state = states.get(each.status, "")
        label = "Accepted: " if each.status == "waived" else "To do: "
        return element(
            "li",
            element(
                "p",
                element("span", word, class_=f"badge {word}"),
                " ",
                element("span", state, class_="badge pending") if state else None,
                element("span", "known", class_="badge waived", title="It is in the baseline") if each.known else None,
                " ",
                element("strong", each.message.strip() or "-"),
            ),
            element("p", why, class_="why") if why else None,
            element("p", element("b", label), each.todo, class_="todo") if each.todo else None,
            element("p", element("code", each.rule), element("code", place) if place else None, class_="rule"),
            _finding_details(each),
            class_=f"finding {sort}",
        )


def _finding_category(finding: Finding | Result) -> str:
    """Which of _SORTS it is shown as."""
    word = finding.status if finding.status in {"fixed", "waived"} else finding.severity
    return "known" if finding.known else word


def _status_icon(path: str) -> Element:
    return element(
        "svg",
        element("circle", cx="12", cy="12", r="11"),
        element("path", d=path),
        viewBox="0 0 24 24",
        width="56",
        height="56",
        aria_hidden="true",
    )


def _count_list(tally: Tally) -> Element:
    """How many of each sort; those of which there are none are quiet."""
    words = {"error": "errors", "warning": "warnings", "note": "notes", "not_checked": "not checked"}
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", words.get(name, name)),
                element("dd", f"{number:,}"),
                class_=f"{name}{'' if number else ' zero'}",
            )
            for name, number in tally.category_counts.items()
        ),
        class_="numbers",
    )


def _command_box(label: str, text: str) -> Element:
    return element("div", element("p", label), element("pre", element("code", text), tabindex="0"), class_="command")


def _filter_checkbox(name: str, value: str, number: str) -> Element:
    """A checkbox of a form that filters, with how many it is about."""
    box = element("input", type="checkbox", name=name, value=value, checked="")
    return element("label", box, f" {value} ", element("span", number, class_="count"))


def _account_item(row: AccountRow, link: str | None) -> Element:
    """An account in the list; link: where it is shown in full."""
    name = element("a", row.account, href=link) if link else element("span", row.account)
    return element(
        "li",
        element("p", name, element("span", row.alias, class_="alias") if row.alias else None),
        element("p", element("span", row.status, class_=f"pill {row.status}")),
        element("p", row.counts_and_reasons),
        class_=row.status,
    )


def _account_links(shown: Iterable[AccountRow], *, all_of_them: bool) -> Element:
    """Links to the accounts that are shown in full; with one to the list where these are not all of them."""
    items = [] if all_of_them else [element("li", element("a", "All accounts", href="#list"))]
    for index, row in enumerate(shown, 1):
        link = element("a", f"Account {row.account}", href=f"#account-{index}")
        items.append(element("li", link, " ", element("span", row.status, class_=f"pill {row.status}")))
    return element("nav", element("ul", *items), aria_label="Accounts")


def _error_section(report: Report) -> Element | None:
    """The errors of the run itself."""
    told = list(islice(run_error_results(report), MAX_ERRORS_SHOWN))
    if not told:
        return None
    rest = len(report.errors) - len(told)
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
        for each in told
    ]
    return _section(
        "run",
        "What went wrong",
        element("ul", *items, class_="problems"),
        element("p", f"{pluralize(rest, 'error')} more: the JSON report has them all.") if rest > 0 else None,
        level="h2",
    )


def _audit_facts(audit: Audit) -> Iterator[tuple[str, str]]:
    yield "Read", format_time(audit.taken_at)
    if audit.caller:
        yield "As", audit.caller.arn + (", the root user" if audit.caller.root else "")
    endpoint = f", at {audit.endpoint} (not AWS's own endpoint)" if audit.endpoint else ""
    yield "From", f"{audit.source}{endpoint}"
    if audit.desired:
        yield "Asked for by", ", ".join(file.path for file in audit.desired)
    if audit.baseline:
        when = format_age(audit.baseline.taken_at, audit.taken_at)
        yield "Compared with", f"{audit.baseline.file.path}, of an audit {when} before this one"


def _graph_section(audit: Audit, name: str) -> Element | None:
    """The picture, what its signs mean, what is not in it, and the same in words."""
    found = build_graph(audit)
    if not any(found.columns):
        return None
    notes = [omitted_nodes_note(found)]
    if not found.has_outline:
        notes.append("Only what findings are about: this report does not say what else the files ask for.")
    return _section(
        f"{name}-picture",
        "Who has what",
        element(
            "figure",
            element(
                "div",
                draw_graph(found, f"{name}-svg"),
                class_="canvas",
                tabindex="0",
                role="group",
                aria_label=_GRAPH_LABEL,
            ),
            element("figcaption", draw_legend(found), *(element("p", each) for each in notes if each)),
        ),
        element("details", element("summary", "The same in words"), graph_as_list(found)),
    )


def _trend_section(audit: Audit, name: str) -> Element | None:
    """How many findings there were in the audits before; nothing where no history was kept."""
    trend = audit.trend
    if not trend:
        return None
    if len(trend) == 1:
        return _section(f"{name}-trend", "Trend", element("p", "The first audit in its history.", class_="none"))
    unsure = svg_trend.omitted_audits_note(trend)
    return _section(
        f"{name}-trend",
        "Trend",
        element(
            "figure",
            svg_trend.draw_trend(trend, f"{name}-plot"),
            element("figcaption", unsure) if unsure else None,
        ),
        element("details", element("summary", "The same in numbers"), svg_trend.trend_table(trend)),
    )


def _gone_section(audit: Audit, name: str, most: int) -> Element | None:
    """What the baseline has, and the account no longer."""
    if audit.baseline is None or not audit.baseline.gone:
        return None
    gone = audit.baseline.gone
    items = [element("li", element("code", each)) for each in gone[:most]]
    rest = len(gone) - len(items)
    return _section(
        f"{name}-gone",
        "In the baseline, and not found any more",
        element("p", f"{gone_sentence(len(gone))}."),
        element("ul", *items, class_="gaps"),
        element("p", f"{pluralize(rest, 'finding')} more: the JSON report has them all.") if rest > 0 else None,
    )


def _root_section(audit: Audit, name: str) -> Element:
    """What was read of the root user; what a finding is about is marked."""
    found = {find_rule_traits(each.rule).root_fact for each in audit.findings if is_unresolved(each)} - {None}
    return _section(
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
    """What, in which words, the fact that a finding would be about, and whether it is as good as it can be."""
    keys, mfa, use = root.access_keys, root.mfa, root.use
    yield (
        "Access keys",
        "not read" if keys is None else "there are some" if keys else "none",
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


def _write_section(audit: Audit, name: str, most: int) -> Element | None:
    """The journal: each write, and what became of it."""
    journal = audit.journal
    if journal is None:
        return None
    outcomes = Counter(each.outcome for each in journal.entries)
    numbers = ", ".join(f"{outcomes[word]} {word}" for word in sorted(outcomes)) or "nothing to write"
    unsettled = {id(each) for each in unwritten_entries(audit)}
    rows = [_write_item(each, id(each) not in unsettled) for each in journal.entries[:most]]
    rest = len(journal.entries) - len(rows)
    return _section(
        f"{name}-fix",
        "What --fix did",
        element("p", f"{numbers}. Journal: ", element("code", journal.path)),
        element("ol", *rows, class_="writes") if rows else None,
        element("p", f"{pluralize(rest, 'step')} more: the JSON report has them all.") if rest > 0 else None,
        _command_box("To take back what it added:", shlex.join(["koding-audit", "undo", escape(journal.path)]))
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


def _gap_section(audit: Audit, name: str) -> Element | None:
    """What could not be read, and the layers that nobody looked at."""
    if not audit.gaps and not audit.not_seen:
        return None
    layers = ", ".join(sorted(audit.not_seen))
    return _section(
        f"{name}-gaps",
        "What could not be seen",
        element("ul", *map(_gap_item, group_gaps(audit)), class_="gaps") if audit.gaps else None,
        element("p", "Not looked at, and left out of what is decided: ", element("b", layers)) if layers else None,
    )


def _gap_item(gap: GapGroup) -> Element:
    more = len(gap.subjects) - _NAMES_SHOWN
    names = ", ".join(gap.subjects[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    said = [("Call", f"{gap.call}: {gap.reason}")]
    said += [("Of", names)] if gap.subjects else []
    said += [("Rules without an answer", ", ".join(gap.rules))] if gap.rules else []
    said += [("Grant", gap.permission)] if gap.permission else []
    return element("li", element("p", element("strong", gap.fact)), _fact_list(said, "gap"))


def _rerun_section(audit: Audit, report: Report, name: str) -> Element:
    files = [(file.path, f"SHA-256 {file.sha256}") for file in audit.desired]
    return _section(
        f"{name}-again",
        "How to reproduce",
        _command_box("The same audit once more, in the folder where it was run:", rerun_command(audit, report.fail_on)),
        element("p", "A report does not hold which --only, --skip, --with and --stack the run had: add them."),
        _fact_list(files, "files") if files else None,
    )


def _finding_details(each: Result) -> Element:
    """What a program would read: the id, the call that mends it, the facts behind it."""
    finding = each.finding
    said = [("id", each.id)]
    if finding:
        said += [("policy set", finding.policy_set)] if finding.policy_set is not None else []
        said += [("fix", action_text(finding.fix))] if finding.fix else []
        said += [(name, write_json(value)) for name, value in finding_value(finding)["evidence"].items()]
    return element("details", element("summary", "Details"), _fact_list(said, "details"))


def _fact_list(said: Iterable[tuple[str, str]], kind: str) -> Element:
    return element(
        "dl",
        *(element("div", element("dt", name), element("dd", text)) for name, text in said),
        class_=f"facts {kind}",
    )


def _section(name: str, title: str, *inside: Element | None, level: str = "h3") -> Element:
    return element("section", element(level, title, id=name), *inside, aria_labelledby=name)
