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

from koding_audit import __version__, plot
from koding_audit.arns import short_name
from koding_audit.codec import finding_value
from koding_audit.conclusion import again, called, command, departed, judged, standing, totals
from koding_audit.drawing import drawn, in_words, left_out, legend
from koding_audit.jsontext import instant, write_json
from koding_audit.markup import element
from koding_audit.model import SEVERITIES, Advice, Audit, Entry, Finding, Report, RootState, RunStatus
from koding_audit.overview import FEW, RULES, Found, Row, overview
from koding_audit.picture import picture
from koding_audit.results import Result, Unread, errors, results_of, told_once, unread
from koding_audit.text import clipped, inert
from koding_audit.verdict import Tally, not_written, stands, tallied
from koding_audit.words import ERRORS_TOLD, age, counted

MOST = 5_000
"""Findings of an account that the page shows, the worst: a browser shows as many at once."""

LISTED = 10_000
"""Accounts in the list of a page that sums up more than a few: two megabytes of it."""

FULL, FINDINGS = 10, 50
"""Accounts that such a page shows in full, and findings of each."""

_LONGEST = 100  # characters of a rule's name, which a saved report may make up
_SORTS: Sequence[str] = (*SEVERITIES, "known", "fixed", "waived")
_SIGNS: Mapping[RunStatus, str] = {
    "clean": "M5 12.5 10 17.5 19 7",
    "findings": "M12 5v9M12 17.5v1.5",
    "incomplete": "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1.2.6-1.5 1.2-1.5 2.3M12 17.5v1.5",
}
_TITLES: Mapping[RunStatus, str] = {"clean": "Clean", "findings": "Findings", "incomplete": "Incomplete"}
_ROOT = ("root-access-key", "root-mfa-missing", "root-used", "root-key-used")
_SCROLLS = "Picture; it scrolls sideways on a narrow screen"
_NAMES_SHOWN = 10
_MANY = 200  # subjects; of more, a browser lays out those alone that are looked at


def render(report: Report) -> Iterator[str]:
    """HTML in ASCII. Its one style and its one script are allowed by their hashes, and nothing else is."""
    style, script = _file("html.css"), _file("html.js")
    page = _Page(report)
    head = _head(style, script, page.title())
    yield f'<!DOCTYPE html>\n<html lang="en">\n{_html(head, style)}<body>\n'
    yield _html(element("a", "Skip to the findings", class_="skip", href="#accounts"))
    yield _html(page.top())
    yield '<main id="accounts" tabindex="-1">\n'
    yield from page.main()
    yield "</main>\n"
    made_by = f"Made by koding-audit {report.made_by or __version__}."
    said = f"{made_by} This page holds no script but its own, and loads nothing."
    yield _html(element("footer", element("p", said)))
    yield _html(_data(page.told))
    yield f"{_html(element('script'), script)}</body>\n</html>\n"


def _html(element: Element, ours: str = "") -> str:
    """The element as text; ours: what goes into it, or into the last that is inside, as it is."""
    ET.indent(element, space="")  # for those who compare two pages
    if ours:
        list(element.iter())[-1].text = ours
    return _line(element)


def _line(element: Element) -> str:
    """The element as it is, and the end of its line."""
    element.tail = "\n"
    text: bytes = ET.tostring(element, encoding="us-ascii", method="html")
    return text.decode("ascii")


def _file(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), name)  # noqa: PTH118, PTH120 - as in registry.py
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - as above
        return file.read()


def _head(style: str, script: str, title: str) -> Element:
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
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


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(told: Sequence[Mapping[str, str]]) -> Element:
    """What the script filters by, as JSON in which nothing can end the element; a browser never runs it."""
    text = write_json(told).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    data = Element("script", {"type": "application/json", "id": "told"})
    data.text = text
    return data


class _Page:
    """told: of each finding in the order of the page, what the script filters by, once it was shown.

    What stands above the accounts is gathered before them: the sums, who they are, what can be filtered.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.sums = overview(report, LISTED if len(report.audits) > FEW else FEW)
        self.many = len(report.audits) > FEW
        self.most = FINDINGS if self.many else MOST
        # Those that are shown in full; of a few in the order of the report.
        self.shown = self.sums.worst[:FULL] if self.many else sorted(self.sums.rows, key=attrgetter("place"))
        self.kinds: Counter[tuple[str, str]] = Counter()
        for row in self.shown:
            told = told_once(report.audits[row.place])[: self.most]
            self.kinds.update((_sort(each), each.rule) for each in told)
        self.status = self.sums.tally.status(len(report.errors))
        self.told: list[Mapping[str, str]] = []
        self._of_kind = {kind: {"sort": kind[0], "rule": kind[1]} for kind in self.kinds}
        self._numbers = count(1)

    def title(self) -> str:
        accounts = ", ".join(each.account for each in self.shown[:3])
        more = f" and {len(self.shown) - 3} more" if len(self.shown) > 3 else ""
        if self.many:
            accounts, more = counted(len(self.report.audits), "account"), ""
        return f"{_TITLES[self.status]}: {accounts or 'no account'}{more} - koding-audit"

    def main(self) -> Iterator[str]:
        several = len(self.report.audits) > 1
        problems = _problems(self.report)
        if self.many:
            yield from self.summed()
        if problems is not None:
            yield _html(problems)
        # Of one account the filter stands with its findings.
        if self.kinds and several:
            yield _html(self.filter())
        for index, row in enumerate(self.shown, 1):
            yield _html(self.account(index, self.report.audits[row.place]))

    def summed(self) -> Iterator[str]:
        """What each rule found, and the accounts in a line each."""
        if self.sums.rules:
            yield _html(self.rules())
        beginning, tag, end = _html(self.listed()).partition("</ol>")
        yield f"{beginning}\n"
        full = {row.place: f"#account-{index}" for index, row in enumerate(self.shown, 1)}
        for row in self.sums.rows:
            yield _line(_row(row, full.get(row.place)))  # thousands: what is between tags costs a browser its time too
        yield f"{tag}{end}"

    def rules(self) -> Element:
        found, rest = self.sums.rules[:RULES], len(self.sums.rules) - RULES
        return _section(
            "rules",
            "What was found",
            element("ul", *map(self.rule, found), class_="found"),
            element("p", f"{counted(rest, 'rule')} more: the JSON report has them all.") if rest > 0 else None,
            level="h2",
        )

    def rule(self, found: Found) -> Element:
        why = self.report.advice.get(found.rule, Advice("")).why
        accounts = counted(found.accounts, "account")
        return element(
            "li",
            element(
                "p",
                element("span", found.severity, class_=f"badge {found.severity}"),
                " ",
                element("strong", clipped(found.rule, _LONGEST)),
                f" {found.findings:,} in {accounts}",
            ),
            element("p", why, class_="why") if why else None,
            element("p", f"For example {found.example}", class_="todo"),
        )

    def listed(self) -> Element:
        """The list of accounts, whose rows are written one by one: its is the first `</ol>`."""
        left = self.sums.beside(self.sums.rows)
        kind = "accounts many" if len(self.sums.rows) > _MANY else "accounts"
        worst = len(self.shown)
        return _section(
            "list",
            "Accounts",
            self.finder(),
            element(
                "div",
                element("ol", class_=kind),
                class_="list",
                tabindex="0",
                role="group",
                aria_label="The accounts, the worst first; the list scrolls",
            ),
            element("p", "No account is like that.", class_="none", id="nobody", hidden=""),
            element("p", f"{left.total():,} more: {standing(left)}. The JSON report has them all.") if left else None,
            element("p", f"The worst are below in full: {worst} of them.", class_="none") if worst else None,
            level="h2",
        )

    def finder(self) -> Element:
        """The form that looks for accounts; hidden until the script can do it."""
        there = self.sums.tally.statuses
        boxes = (_box("status", each, f"{there[each]:,}") for each in _TITLES if there[each])
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

    def top(self) -> Element:
        """The verdict, the numbers, and what to do next."""
        tally, status = self.sums.tally, self.status
        accounts = f"{counted(tally.audits, 'account')}: {standing(tally.statuses)}"
        said = judged(tally, len(self.report.errors))
        offered = command(tally)
        return element(
            "header",
            element("p", "koding-audit", class_="brand"),
            element(
                "div",
                _sign(_SIGNS[status]),
                element(
                    "div",
                    element("h1", _TITLES[status]),
                    element("p", said.partition(": ")[2], class_="said"),
                    element("p", accounts, class_="totals") if self.many else None,
                    element("p", totals(tally), class_="totals") if tally.audits else None,
                ),
                class_=f"verdict {status}",
            ),
            _numbers(tally),
            _command("To fix what can be fixed without taking anything away:", offered) if offered else None,
            _contents(self.shown, all_of_them=not self.many) if tally.audits > 1 else None,
        )

    def filter(self) -> Element:
        """Hidden until the script can do it; the findings are all there without."""
        rules = sorted({rule for _, rule in self.kinds})
        options = [element("option", "All rules", value=""), *(element("option", each, value=each) for each in rules)]
        return element(
            "form",
            element("label", "Search", element("input", type="search", id="search", autocomplete="off")),
            element("label", "Rule", element("select", *options, id="rule")),
            element("fieldset", element("legend", "Show"), *self.sorts()),
            element("button", "Reset", type="reset"),
            element("p", id="shown", role="status"),
            id="filter",
            hidden="",
            role="search",
            aria_label="Findings",
        )

    def sorts(self) -> Iterator[Element]:
        sorts: Counter[str] = Counter()
        for (sort, _), number in self.kinds.items():
            sorts[sort] += number
        for sort in filter(sorts.get, _SORTS):
            yield _box("sort", sort, f"{sorts[sort]:,}")

    def account(self, index: int, audit: Audit) -> Element:
        account, report = audit.account, self.report
        name = f"account-{index}"
        several = len(report.audits) > 1
        tally = tallied([audit], report.fail_on)
        return element(
            "article",
            element(
                "header",
                element("h2", f"Account {account.id}", id=name),
                element("p", account.alias, class_="alias") if account.alias is not None else None,
                element("p", judged(tally), class_=f"pill {tally.status()}") if several else None,
            ),
            _facts(_about(audit), "about"),
            _pictured(audit, name),
            _trend(audit, name),
            self.findings(audit, name),
            _gone(audit, name, self.most),
            _root(audit, name),
            _written(audit, name, self.most),
            _unseen(audit, name),
            _reproduced(audit, report, name),
            aria_labelledby=name,
        )

    def findings(self, audit: Audit, name: str) -> Element:
        """By whom they are about, the worst first; what does not fit is counted."""
        results = {id(each.finding): each for each in results_of(audit, self.report) if each.finding}
        told = [results[id(each)] for each in told_once(audit)]
        subjects: dict[str, list[Result]] = {}
        for each in told[: self.most]:
            subjects.setdefault(each.subject, []).append(each)
        rest = len(told) - self.most
        sections = [self.subject(subject, those) for subject, those in subjects.items()]
        return _section(
            f"{name}-findings",
            "Findings",
            self.filter() if told and len(self.report.audits) == 1 else None,
            element("div", *sections, class_="subjects many" if len(sections) > _MANY else "subjects"),
            element("p", "Nothing to report.", class_="none") if not told else None,
            element("p", "No finding is like that.", class_="none unmatched", hidden="") if told else None,
            element("p", f"{counted(rest, 'finding')} more: the JSON report has them all.") if rest > 0 else None,
        )

    def subject(self, arn: str, those: list[Result]) -> Element:
        heading = f"about-{next(self._numbers)}"
        return element(
            "section",
            element("h4", short_name(arn), id=heading),
            element("p", arn, class_="arn"),
            element("ul", *map(self.finding, those)),
            class_="subject",
            aria_labelledby=heading,
        )

    def finding(self, each: Result) -> Element:
        word = each.status if each.status in {"fixed", "waived"} else each.severity
        sort = _sort(each)
        self.told.append(self._of_kind[sort, each.rule])
        why = self.report.advice.get(each.rule, Advice("")).why
        place = f"{each.place.path}:{each.place.line}:{each.place.column}" if each.place else ""
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
            _details(each),
            class_=f"finding {sort}",
        )


def _sort(finding: Finding | Result) -> str:
    """Which of _SORTS it is shown as."""
    word = finding.status if finding.status in {"fixed", "waived"} else finding.severity
    return "known" if finding.known else word


def _sign(path: str) -> Element:
    return element(
        "svg",
        element("circle", cx="12", cy="12", r="11"),
        element("path", d=path),
        viewBox="0 0 24 24",
        width="56",
        height="56",
        aria_hidden="true",
    )


def _numbers(tally: Tally) -> Element:
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
            for name, number in tally.found.items()
        ),
        class_="numbers",
    )


def _command(label: str, text: str) -> Element:
    return element("div", element("p", label), element("pre", element("code", text), tabindex="0"), class_="command")


def _box(name: str, value: str, number: str) -> Element:
    """A checkbox of a form that filters, with how many it is about."""
    box = element("input", type="checkbox", name=name, value=value, checked="")
    return element("label", box, f" {value} ", element("span", number, class_="count"))


def _row(row: Row, link: str | None) -> Element:
    """An account in the list; link: where it is shown in full."""
    name = element("a", row.account, href=link) if link else element("span", row.account)
    return element(
        "li",
        element("p", name, element("span", row.alias, class_="alias") if row.alias else None),
        element("p", element("span", row.status, class_=f"pill {row.status}")),
        element("p", row.said),
        class_=row.status,
    )


def _contents(shown: Iterable[Row], *, all_of_them: bool) -> Element:
    """Links to the accounts that are shown in full; with one to the list where these are not all of them."""
    items = [] if all_of_them else [element("li", element("a", "All accounts", href="#list"))]
    for index, row in enumerate(shown, 1):
        link = element("a", f"Account {row.account}", href=f"#account-{index}")
        items.append(element("li", link, " ", element("span", row.status, class_=f"pill {row.status}")))
    return element("nav", element("ul", *items), aria_label="Accounts")


def _problems(report: Report) -> Element | None:
    """The errors of the run itself."""
    told = list(islice(errors(report), ERRORS_TOLD))
    if not told:
        return None
    rest = len(report.errors) - len(told)
    items = [
        element(
            "li",
            element("p", element("span", "error", class_="badge error"), " ", element("strong", each.message)),
            element("p", each.todo, class_="todo") if each.todo else None,
            element("p", element("code", f"{each.place.path}:{each.place.line}:{each.place.column}"), class_="rule")
            if each.place
            else None,
        )
        for each in told
    ]
    return _section(
        "run",
        "What went wrong",
        element("ul", *items, class_="problems"),
        element("p", f"{counted(rest, 'error')} more: the JSON report has them all.") if rest > 0 else None,
        level="h2",
    )


def _about(audit: Audit) -> Iterator[tuple[str, str]]:
    yield "Read", instant(audit.taken_at)
    if audit.caller:
        yield "As", audit.caller.arn + (", the root user" if audit.caller.root else "")
    endpoint = f", at {audit.endpoint} (not AWS's own endpoint)" if audit.endpoint else ""
    yield "From", f"{audit.source}{endpoint}"
    if audit.desired:
        yield "Asked for by", ", ".join(file.path for file in audit.desired)
    if audit.baseline:
        when = age(audit.baseline.taken_at, audit.taken_at)
        yield "Compared with", f"{audit.baseline.file.path}, of an audit {when} before this one"


def _pictured(audit: Audit, name: str) -> Element | None:
    """The picture, what its signs mean, what is not in it, and the same in words."""
    found = picture(audit)
    if not any(found.columns):
        return None
    notes = [left_out(found)]
    if not found.whole:
        notes.append("Only what findings are about: this report does not say what else the files ask for.")
    return _section(
        f"{name}-picture",
        "Who has what",
        element(
            "figure",
            element(
                "div", drawn(found, f"{name}-svg"), class_="canvas", tabindex="0", role="group", aria_label=_SCROLLS
            ),
            element("figcaption", legend(found), *(element("p", each) for each in notes if each)),
        ),
        element("details", element("summary", "The same in words"), in_words(found)),
    )


def _trend(audit: Audit, name: str) -> Element | None:
    """How many findings there were in the audits before; nothing where no history was kept."""
    trend = audit.trend
    if not trend:
        return None
    if len(trend) == 1:
        return _section(f"{name}-trend", "Trend", element("p", "The first audit in its history.", class_="none"))
    unsure = plot.left_out(trend)
    return _section(
        f"{name}-trend",
        "Trend",
        element(
            "figure",
            plot.plotted(trend, f"{name}-plot"),
            element("figcaption", unsure) if unsure else None,
        ),
        element("details", element("summary", "The same in numbers"), plot.in_numbers(trend)),
    )


def _gone(audit: Audit, name: str, most: int) -> Element | None:
    """What the baseline has, and the account no longer."""
    if audit.baseline is None or not audit.baseline.gone:
        return None
    gone = audit.baseline.gone
    items = [element("li", element("code", each)) for each in gone[:most]]
    rest = len(gone) - len(items)
    return _section(
        f"{name}-gone",
        "In the baseline, and not found any more",
        element("p", f"{departed(len(gone))}."),
        element("ul", *items, class_="gaps"),
        element("p", f"{counted(rest, 'finding')} more: the JSON report has them all.") if rest > 0 else None,
    )


def _root(audit: Audit, name: str) -> Element:
    """What was read of the root user; what a finding is about is marked."""
    found = {each.rule for each in audit.findings if stands(each)}
    return _section(
        f"{name}-root",
        "Root user",
        element(
            "dl",
            *(
                element("div", element("dt", what), element("dd", _mark(words, rule in found, good)))
                for what, words, rule, good in _of_root(audit.root, audit)
            ),
            class_="facts root",
        ),
    )


def _of_root(root: RootState, audit: Audit) -> Iterator[tuple[str, str, str, bool]]:
    """What, in which words, the rule that would have found something, and whether it is as good as it can be."""
    keys, mfa, use = root.access_keys, root.mfa, root.use
    yield "Access keys", "not read" if keys is None else "there are some" if keys else "none", _ROOT[0], keys is False
    yield "MFA", "not read" if mfa is None else "on" if mfa else "off", _ROOT[1], mfa is True
    yield "Password last used", _last_used(use.password_last_used if use else None, audit), _ROOT[2], False
    times = [time for time in use.keys_last_used if time] if use else []
    yield "Access keys last used", _last_used(max(times, default=None), audit), _ROOT[3], False
    if use:
        yield "Credential report", f"made by AWS {age(use.generated, audit.taken_at)} before this audit", "", False


def _last_used(last: datetime | None, audit: Audit) -> str:
    if audit.root.use is None:
        return "not read"
    return f"{age(last, audit.taken_at)} before this audit, on {instant(last)}" if last else "never"


def _mark(words: str, bad: bool, good: bool) -> Element:
    kind = "error" if bad else "fixed" if good else "plain"
    return element("span", words, class_=f"badge {kind}")


def _written(audit: Audit, name: str, most: int) -> Element | None:
    """The journal: each write, and what became of it."""
    journal = audit.journal
    if journal is None:
        return None
    outcomes = Counter(each.outcome for each in journal.entries)
    numbers = ", ".join(f"{outcomes[word]} {word}" for word in sorted(outcomes)) or "nothing to write"
    unsettled = {id(each) for each in not_written(audit)}
    rows = [_entry(each, id(each) not in unsettled) for each in journal.entries[:most]]
    rest = len(journal.entries) - len(rows)
    return _section(
        f"{name}-fix",
        "What --fix did",
        element("p", f"{numbers}. Journal: ", element("code", journal.path)),
        element("ol", *rows, class_="writes") if rows else None,
        element("p", f"{counted(rest, 'step')} more: the JSON report has them all.") if rest > 0 else None,
        _command("To take back what it added:", shlex.join(["koding-audit", "undo", inert(journal.path)]))
        if outcomes["done"]
        else None,
    )


def _entry(entry: Entry, settled: bool) -> Element:
    word = "fixed" if settled else "error"
    return element(
        "li",
        element("span", entry.outcome, class_=f"badge {word}"),
        " ",
        element("code", called(entry.action)),
        element("p", entry.detail, class_="why") if entry.detail else None,
    )


def _unseen(audit: Audit, name: str) -> Element | None:
    """What could not be read, and the layers that nobody looked at."""
    if not audit.gaps and not audit.not_seen:
        return None
    layers = ", ".join(sorted(audit.not_seen))
    return _section(
        f"{name}-gaps",
        "What could not be seen",
        element("ul", *map(_gap, unread(audit)), class_="gaps") if audit.gaps else None,
        element("p", "Not looked at, and left out of what is decided: ", element("b", layers)) if layers else None,
    )


def _gap(gap: Unread) -> Element:
    more = len(gap.subjects) - _NAMES_SHOWN
    names = ", ".join(gap.subjects[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    said = [("Call", f"{gap.call}: {gap.reason}")]
    said += [("Of", names)] if gap.subjects else []
    said += [("Rules without an answer", ", ".join(gap.rules))] if gap.rules else []
    said += [("Grant", gap.permission)] if gap.permission else []
    return element("li", element("p", element("strong", gap.fact)), _facts(said, "gap"))


def _reproduced(audit: Audit, report: Report, name: str) -> Element:
    files = [(file.path, f"SHA-256 {file.sha256}") for file in audit.desired]
    return _section(
        f"{name}-again",
        "How to reproduce",
        _command("The same audit once more, in the folder where it was run:", again(audit, report.fail_on)),
        element("p", "A report does not hold which --only, --skip, --with and --stack the run had: add them."),
        _facts(files, "files") if files else None,
    )


def _details(each: Result) -> Element:
    """What a program would read: the id, the call that mends it, the facts behind it."""
    finding = each.finding
    said = [("id", each.id)]
    if finding:
        said += [("policy set", finding.policy_set)] if finding.policy_set is not None else []
        said += [("fix", called(finding.fix))] if finding.fix else []
        said += [(name, write_json(value)) for name, value in finding_value(finding)["evidence"].items()]
    return element("details", element("summary", "Details"), _facts(said, "details"))


def _facts(said: Iterable[tuple[str, str]], kind: str) -> Element:
    return element(
        "dl",
        *(element("div", element("dt", name), element("dd", text)) for name, text in said),
        class_=f"facts {kind}",
    )


def _section(name: str, title: str, *inside: Element | None, level: str = "h3") -> Element:
    return element("section", element(level, title, id=name), *inside, aria_labelledby=name)
