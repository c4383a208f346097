"""The report as one HTML page, which loads nothing and is complete without its script."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from operator import attrgetter
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from koding_audit import __version__
from koding_audit.io.text import clip_text, pluralize
from koding_audit.model.arn import subject_label
from koding_audit.model.finding import Advice
from koding_audit.model.report import Audit, Report, RunStatus
from koding_audit.report.html_elements import element
from koding_audit.report.html_filter import FindingFilter, account_search_form, finding_category
from koding_audit.report.html_sections import (
    audit_facts,
    command_box,
    error_section,
    fact_list,
    finding_details,
    gap_section,
    gone_section,
    graph_section,
    rerun_section,
    root_section,
    section_element,
    trend_section,
    write_section,
)
from koding_audit.report.results import Result, audit_results, findings_to_show
from koding_audit.report.status import Tally, tally_audits
from koding_audit.report.summary import FEW_ACCOUNTS, RULES_SHOWN, AccountRow, RuleTotals, summarize_report
from koding_audit.report.wording import (
    account_statuses_text,
    fix_command,
    noted_sentence,
    skipped_sentence,
    status_sentence,
    totals_text,
)

MOST = 5_000
"""Findings of an account that the page shows, the worst ones; a browser can show as many at once."""

LISTED = 10_000
"""Accounts in the list of a page that summarizes them: about two megabytes."""

FULL, FINDINGS = 10, 50
"""Accounts that a summarizing page shows in full, and findings of each."""

_LONGEST = 100  # characters of a rule's name; a saved report can have any
_SIGNS: Mapping[RunStatus, str] = {
    "clean": "M5 12.5 10 17.5 19 7",
    "findings": "M12 5v9M12 17.5v1.5",
    "incomplete": "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1.2.6-1.5 1.2-1.5 2.3M12 17.5v1.5",
}
_TITLES: Mapping[RunStatus, str] = {"clean": "Clean", "findings": "Findings", "incomplete": "Incomplete"}
_MANY = 200  # subjects; with more, a browser lays out only those in view


def render(report: Report) -> Iterator[str]:
    """Yields the HTML in ASCII; its policy allows one style and one script by their hashes, and nothing else."""
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
    note = f"{made_by} This page has only its own script, and loads nothing."
    yield _element_html(element("footer", element("p", note)))
    yield _element_html(page.filter.data_element())
    yield f"{_element_html(element('script'), script)}</body>\n</html>\n"


def _element_html(element: Element, raw_text: str = "") -> str:
    """Returns an element as HTML. raw_text: the text of its last descendant, not escaped."""
    ET.indent(element, space="")  # makes it possible to compare two pages line by line
    if raw_text:
        list(element.iter())[-1].text = raw_text
    return _html_line(element)


def _html_line(element: Element) -> str:
    """Returns an element as one line of HTML."""
    element.tail = "\n"
    text: bytes = ET.tostring(element, encoding="us-ascii", method="html")
    return text.decode("ascii")


def _read_asset(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), name)  # noqa: PTH118, PTH120 - as in plugins.py
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


class _HtmlReport:
    """The parts of a page.

    Everything above the accounts is computed first: the totals, the accounts, and the filter of their findings.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.summary = summarize_report(report, LISTED if len(report.audits) > FEW_ACCOUNTS else FEW_ACCOUNTS)
        self.is_summarized = len(report.audits) > FEW_ACCOUNTS
        self.max_findings = FINDINGS if self.is_summarized else MOST
        # The accounts that are shown in full; a few are in the order of the report.
        self.full_rows = (
            self.summary.unclean_rows[:FULL]
            if self.is_summarized
            else sorted(self.summary.rows, key=attrgetter("audit_index"))
        )
        self.filter = FindingFilter(
            finding
            for row in self.full_rows
            for finding in findings_to_show(report.audits[row.audit_index])[: self.max_findings]
        )
        self.status = self.summary.tally.status(len(report.errors))
        self._numbers = count(1)

    def page_title(self) -> str:
        """Returns the title: the status and the first accounts."""
        accounts = ", ".join(each.account for each in self.full_rows[:3])
        more = f" and {len(self.full_rows) - 3} more" if len(self.full_rows) > 3 else ""
        if self.is_summarized:
            accounts, more = pluralize(len(self.report.audits), "account"), ""
        return f"{_TITLES[self.status]}: {accounts or 'no account'}{more} - koding-audit"

    def main_parts(self) -> Iterator[str]:
        """Yields the HTML of the main part, one section or account at a time."""
        several = len(self.report.audits) > 1
        problems = error_section(self.report)
        if self.is_summarized:
            yield from self.summary_sections()
        if problems is not None:
            yield _element_html(problems)
        # With one account, the filter is in its section of findings.
        if self.filter.counts and several:
            yield _element_html(self.filter.form_element())
        for index, row in enumerate(self.full_rows, 1):
            yield _element_html(self.account_article(index, self.report.audits[row.audit_index]))

    def summary_sections(self) -> Iterator[str]:
        """Yields the findings of each rule, and the list of accounts."""
        if self.summary.rules:
            yield _element_html(self.rules_section())
        beginning, tag, end = _element_html(self.accounts_section()).partition("</ol>")
        yield f"{beginning}\n"
        full = {row.audit_index: f"#account-{index}" for index, row in enumerate(self.full_rows, 1)}
        for row in self.summary.rows:
            # Without white space between tags, because there can be thousands and a browser parses it too.
            yield _html_line(_account_item(row, full.get(row.audit_index)))
        yield f"{tag}{end}"

    def rules_section(self) -> Element:
        """Returns the findings of each rule."""
        found, rest = self.summary.rules[:RULES_SHOWN], len(self.summary.rules) - RULES_SHOWN
        return section_element(
            "rules",
            "Findings by rule",
            element("ul", *map(self.rule_item, found), class_="found"),
            element("p", f"{pluralize(rest, 'rule')} more: the JSON report has them all.") if rest > 0 else None,
            level="h2",
        )

    def rule_item(self, found: RuleTotals) -> Element:
        """Returns a rule with the number of its findings and an example."""
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
            element("p", f"For example: {found.example}", class_="todo"),
        )

    def accounts_section(self) -> Element:
        """Returns the section with an empty list of accounts; the rows are written before its first `</ol>`."""
        left = self.summary.count_others(self.summary.rows)
        kind = "accounts many" if len(self.summary.rows) > _MANY else "accounts"
        worst = len(self.full_rows)
        return section_element(
            "list",
            "Accounts",
            account_search_form({each: self.summary.tally.statuses[each] for each in _TITLES}),
            element(
                "div",
                element("ol", class_=kind),
                class_="list",
                tabindex="0",
                role="group",
                aria_label="Accounts, worst first; the list scrolls",
            ),
            element("p", "No account matches.", class_="none", id="no-account", hidden=""),
            element("p", f"{left.total():,} more: {account_statuses_text(left)}. The JSON report has them all.")
            if left
            else None,
            element("p", f"Shown in full below: the worst {worst}.", class_="none") if worst else None,
            level="h2",
        )

    def page_header(self) -> Element:
        """Returns the header: the result, the numbers, and the next command."""
        tally, status = self.summary.tally, self.status
        sentence = status_sentence(tally, len(self.report.errors))
        command = fix_command(tally)
        return element(
            "header",
            element("p", "koding-audit", class_="brand"),
            element(
                "div",
                _status_icon(_SIGNS[status]),
                element(
                    "div",
                    element("h1", _TITLES[status]),
                    element("p", sentence.partition(": ")[2], class_="said"),
                    *(element("p", each, class_="totals") for each in self.total_sentences(tally) if each),
                ),
                class_=f"verdict {status}",
            ),
            _count_list(tally),
            command_box("Make every fix that removes nothing:", command) if command else None,
            _account_links(self.full_rows, all_of_them=not self.is_summarized) if tally.audits > 1 else None,
        )

    def total_sentences(self, tally: Tally) -> Iterator[str]:
        """Yields the sentences about all accounts below the result; "" for one that does not apply."""
        if self.is_summarized:
            yield f"{pluralize(tally.audits, 'account')}: {account_statuses_text(tally.statuses)}"
        yield totals_text(tally) if tally.audits else ""
        yield skipped_sentence(self.report.skipped)
        if self.is_summarized:
            yield noted_sentence(tally.noted)

    def account_article(self, index: int, audit: Audit) -> Element:
        """Returns an account in full. index: of the account on the page, from 1."""
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
            fact_list(audit_facts(audit), "about"),
            graph_section(audit, name),
            trend_section(audit, name),
            self.findings_section(audit, name),
            gone_section(audit, name, self.max_findings),
            root_section(audit, name),
            write_section(audit, name, self.max_findings),
            gap_section(audit, name),
            rerun_section(audit, report, name),
            aria_labelledby=name,
        )

    def findings_section(self, audit: Audit, name: str) -> Element:
        """Returns the findings by subject, the worst first, with the number of those that are not shown."""
        results = {id(each.finding): each for each in audit_results(audit, self.report) if each.finding}
        findings = [results[id(each)] for each in findings_to_show(audit)]
        subjects: dict[str, list[Result]] = {}
        for each in findings[: self.max_findings]:
            subjects.setdefault(each.subject, []).append(each)
        rest = len(findings) - self.max_findings
        sections = [self.subject_section(subject, own) for subject, own in subjects.items()]
        return section_element(
            f"{name}-findings",
            "Findings",
            self.filter.form_element() if findings and len(self.report.audits) == 1 else None,
            element("div", *sections, class_="subjects many" if len(sections) > _MANY else "subjects"),
            element("p", "No findings.", class_="none") if not findings else None,
            element("p", "No finding matches.", class_="none unmatched", hidden="") if findings else None,
            element("p", f"{pluralize(rest, 'finding')} more: the JSON report has them all.") if rest > 0 else None,
        )

    def subject_section(self, arn: str, findings: list[Result]) -> Element:
        """Returns the findings about one subject."""
        heading = f"about-{next(self._numbers)}"
        return element(
            "section",
            element("h4", subject_label(arn), id=heading),
            element("p", arn, class_="arn"),
            element("ul", *map(self.finding_item, findings)),
            class_="subject",
            aria_labelledby=heading,
        )

    def finding_item(self, each: Result) -> Element:
        """Returns a finding, and adds it to the data of the filter."""
        word = each.status if each.status in {"fixed", "waived"} else each.severity
        self.filter.add_shown(each)
        why = self.report.advice.get(each.rule, Advice("")).why
        place = f"{each.location.path}:{each.location.line}:{each.location.column}" if each.location else ""
        states = {"failed": "its fix failed", "pending": "IAM accepted its fix, but it is not visible yet"}
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
            finding_details(each),
            class_=f"finding {finding_category(each)}",
        )


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
    """Returns the number of findings of each category; a zero is less visible."""
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


def _account_item(row: AccountRow, link: str | None) -> Element:
    """Returns an account in the list. link: to the account in full, None if it is not shown in full."""
    name = element("a", row.account, href=link) if link else element("span", row.account)
    return element(
        "li",
        element("p", name, element("span", row.alias, class_="alias") if row.alias else None),
        element("p", element("span", row.status, class_=f"pill {row.status}")),
        element("p", row.counts_and_reasons),
        class_=row.status,
    )


def _account_links(shown: Iterable[AccountRow], *, all_of_them: bool) -> Element:
    """Returns links to the accounts that are shown in full, and to the list if there are others."""
    items = [] if all_of_them else [element("li", element("a", "All accounts", href="#list"))]
    for index, row in enumerate(shown, 1):
        link = element("a", f"Account {row.account}", href=f"#account-{index}")
        items.append(element("li", link, " ", element("span", row.status, class_=f"pill {row.status}")))
    return element("nav", element("ul", *items), aria_label="Accounts")
