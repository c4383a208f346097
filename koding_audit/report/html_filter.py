"""The filters of the HTML report: their forms, and the data by which the page's script filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

from koding_audit.io.json_text import write_json
from koding_audit.model.finding import SEVERITIES, Finding
from koding_audit.report.html_elements import element
from koding_audit.report.results import Result

_CATEGORIES: Sequence[str] = (*SEVERITIES, "known", "fixed", "waived")


class FindingFilter:
    """The filter of the findings on a page: by text, category and rule.

    findings: those that the page will show; the form has their categories and rules
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.counts = Counter((finding_category(each), each.rule) for each in findings)
        # Findings share the values of their category and rule, because there can be thousands.
        self._values = {key: {"sort": key[0], "rule": key[1]} for key in self.counts}
        self.data: list[Mapping[str, str]] = []

    def add_shown(self, result: Result) -> None:
        """Adds a finding to the data of the script, in the order of the page."""
        self.data.append(self._values[finding_category(result), result.rule])

    def form_element(self) -> Element:
        """Returns the form; it is hidden until the script can filter, and the page shows all findings without it."""
        rules = sorted({rule for _, rule in self.counts})
        options = [element("option", "All rules", value=""), *(element("option", each, value=each) for each in rules)]
        return element(
            "form",
            element("label", "Search", element("input", type="search", id="search", autocomplete="off")),
            element("label", "Rule", element("select", *options, id="rule")),
            element("fieldset", element("legend", "Show"), *self._category_checkboxes()),
            element("button", "Reset", type="reset"),
            element("p", id="shown", role="status"),
            id="filter",
            hidden="",
            role="search",
            aria_label="Findings",
        )

    def data_element(self) -> Element:
        """Returns the script's data as JSON that cannot end its element; a browser does not execute it."""
        text = write_json(self.data).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
        data = Element("script", {"type": "application/json", "id": "filter-data"})
        data.text = text
        return data

    def _category_checkboxes(self) -> Iterator[Element]:
        totals: Counter[str] = Counter()
        for (category, _), number in self.counts.items():
            totals[category] += number
        for category in filter(totals.get, _CATEGORIES):
            yield _filter_checkbox("sort", category, f"{totals[category]:,}")


def account_search_form(counts: Mapping[str, int]) -> Element:
    """Returns the form that searches accounts; it is hidden until the script can filter. counts: by status."""
    boxes = (_filter_checkbox("status", status, f"{number:,}") for status, number in counts.items() if number)
    return element(
        "form",
        element("label", "Search", element("input", type="search", id="account-search", autocomplete="off")),
        element("button", "Reset", type="reset"),
        element("fieldset", element("legend", "Show"), *boxes),
        element("p", id="accounts-shown", role="status"),
        id="find",
        hidden="",
        role="search",
        aria_label="Accounts",
    )


def finding_category(finding: Finding | Result) -> str:
    """Returns the category of a finding in the filter: `known`, `fixed`, `waived` or its severity."""
    category = finding.status if finding.status in {"fixed", "waived"} else finding.severity
    return "known" if finding.known else category


def _filter_checkbox(name: str, value: str, number: str) -> Element:
    """Returns a checkbox of a filter, with the number of results that it shows."""
    box = element("input", type="checkbox", name=name, value=value, checked="")
    return element("label", box, f" {value} ", element("span", number, class_="count"))
