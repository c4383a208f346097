"""Claims about the page in a real browser: Debian's Chromium, headless, from file://, as people open a report.

Without it the tests are skipped; under .ci/run, which installs it, they fail.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains

from koding_audit.model.report import Report
from tests.report.formats.reports import ACCOUNT, REPORTS, audit, hostile, policy_missing, rendered, trend

pytestmark = pytest.mark.slow

PROGRAMS = ("chromium", "chromedriver")
EVERY = pytest.mark.parametrize("name", REPORTS)
PHONE, DESK = 360, 1200

# Of each text on the page that can be seen: what it says, and its contrast with what is behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """
const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
const behind = (element) => {
  const box = element.ownerSVGElement && element.parentElement.querySelector(":scope > rect");
  if (box) return parts(getComputedStyle(box).fill);
  for (let each = element; each; each = each.parentElement) {
    const color = parts(getComputedStyle(each).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
};
return Array.from(document.body.querySelectorAll("*"))
  .filter((each) => !["SCRIPT", "OPTION", "title", "desc"].includes(each.tagName))
  .filter((each) => Array.from(each.childNodes).some((node) => node.nodeType === 3 && node.data.trim()))
  .filter((each) => each.getClientRects().length && !each.closest(".skip"))
  .map((each) => {
    const style = getComputedStyle(each);
    const [one, other] = [light(parts(each.ownerSVGElement ? style.fill : style.color)), light(behind(each))];
    return [each.textContent, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
  });
"""


class Browser:
    """One Chromium for the module. A page is a file of its own; what it logs and asks for is kept from page to page."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def open(self, text: str, *, width: int = DESK, scheme: str = "light", **features: str) -> None:
        wanted = {"prefers-color-scheme": scheme, **{name.replace("_", "-"): value for name, value in features.items()}}
        self.command(
            "Emulation.setEmulatedMedia",
            media="",
            features=[{"name": name, "value": value} for name, value in wanted.items()],
        )
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < DESK
        )
        self.logged("browser"), self.logged("performance")
        path = self.folder / "page.html"
        path.write_text(text, encoding="ascii")
        self.driver.get(path.as_uri())

    def command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def logged(self, kind: str) -> list[str]:
        return [each["message"] for each in self.driver.get_log(kind)]  # type: ignore[no-untyped-call]

    def asked_for(self) -> list[str]:
        """The address of each request since the page was opened."""
        events = [json.loads(each)["message"] for each in self.logged("performance")]
        return [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def shown(self) -> list[str]:
        """The messages of the findings that can be seen."""
        return self.js(  # type: ignore[no-any-return]
            "return Array.from(document.querySelectorAll('.finding'), (each) => each)"
            ".filter((each) => each.getClientRects().length).map((each) => each.querySelector('strong').textContent)"
        )

    def status(self) -> str:
        return str(self.js("return document.getElementById('shown').textContent"))

    def fill(self, name: str, value: str) -> None:
        self.js(
            "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}))",
            *(name, value),
        )

    def accessible(self) -> list[tuple[str, str]]:
        """The role and the name of everything that a screen reader is told."""
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "").strip())
            for node in nodes
            if not node["ignored"]
        ]


def lower_priority() -> None:
    os.nice(10)


@pytest.fixture(scope="module")
def standing_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    paths = [shutil.which(program) for program in PROGRAMS]
    if not all(paths):
        why = f"{' and '.join(PROGRAMS)} are not both here: apt-get install chromium chromium-driver"
        pytest.skip(why)
    options = ChromeOptions()
    options.binary_location = str(paths[0])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for each in (
        "headless=new",
        "disable-gpu",
        "disable-dev-shm-usage",
        "no-first-run",
        "disable-background-networking",
    ):
        options.add_argument(f"--{each}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to start as root with it
    driver = Chrome(options=options, service=Service(str(paths[1]), popen_kw={"preexec_fn": lower_priority}))
    try:
        yield Browser(driver, tmp_path_factory.mktemp("pages"))
    finally:
        driver.quit()


@pytest.fixture
def browser(standing_browser: Browser) -> Iterator[Browser]:
    """The standing one, with scripts on and nothing emulated that another test asked for."""
    standing_browser.command("Emulation.setScriptExecutionDisabled", value=False)
    yield standing_browser
    standing_browser.command("Emulation.setScriptExecutionDisabled", value=False)


@EVERY
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_page_logs_nothing_asks_for_nothing_and_never_scrolls_sideways(
    browser: Browser, name: str, width: int
) -> None:
    browser.open(rendered("html", REPORTS[name]), width=width)
    assert browser.logged("browser") == []
    assert browser.asked_for() == [(browser.folder / "page.html").as_uri()]
    assert browser.js("return innerWidth") == width
    assert browser.js("const page = document.documentElement; return page.scrollWidth <= page.clientWidth")


def test_what_is_not_ours_neither_runs_nor_loads_nor_styles(browser: Browser) -> None:
    """So the checks above can fail, and the page's policy holds where a name would get through as markup."""
    planted = (
        "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x.png' onerror='document.title = 1'>"
        "<p id='planted' style='color: rgb(1, 2, 3)'>x</p><style>p { color: rgb(4, 5, 6) !important }</style></main>"
    )
    browser.open(rendered("html", REPORTS["full"]).replace("</main>", planted))
    refused = " ".join(browser.logged("browser"))
    for directive in ("script-src", "img-src", "style-src"):
        assert directive in refused
    assert browser.driver.title == "Findings: 123456789012 - koding-audit"
    color = browser.js("return getComputedStyle(document.getElementById('planted')).color")
    assert color not in ("rgb(1, 2, 3)", "rgb(4, 5, 6)")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\"' onmouseover=alert(1) autofocus onfocus=alert(1) x='",
        "</script></style></title></textarea><svg onload=alert(1)>",
        "]]>--><!--<base href=//example.com><meta http-equiv=refresh content=0;url=//example.com>",
    ],
)
def test_a_hostile_name_becomes_no_element_and_runs_nothing(browser: Browser, text: str) -> None:
    count = "return Array.from(document.querySelectorAll('*'), (each) => [each.tagName, each.attributes.length])"
    browser.open(rendered("html", hostile("plain")))
    plain = browser.js(count)
    browser.open(rendered("html", hostile(text)))
    assert browser.js(count) == plain, "an alert would be an error here, too"
    assert browser.logged("browser") == []
    assert text in browser.js("return document.body.textContent")


def test_words_rules_and_severities_filter_and_reset_brings_all_back(browser: Browser) -> None:
    browser.open(rendered("html", REPORTS["full"]))
    everything = browser.shown()
    assert (len(everything), browser.status()) == (10, "10 of 10 shown")
    browser.fill("search", "IAMREADONLY")
    assert browser.shown() == ["group Developers lacks IAMReadOnlyAccess, which set stack-build requires"]
    assert browser.status() == "1 of 10 shown"
    browser.fill("search", "koding-user testers")
    assert browser.shown() == ["user koding-user is in group Testers, which nothing names"]
    browser.fill("search", "account and root")  # whom it is about
    assert browser.shown() == ["the root user has an access key"]
    assert (
        browser.js("return Array.from(document.querySelectorAll('.subject')).filter((each) => !each.hidden).length")
        == 1
    )
    browser.fill("search", "nothing of the kind")
    assert (browser.shown(), browser.status()) == ([], "0 of 10 shown")
    assert browser.js("return document.querySelector('.unmatched').innerText") == "No finding matches."
    browser.fill("search", "")
    browser.fill("rule", "policy-missing")
    assert len(browser.shown()) == 2
    browser.js("document.querySelector('button[type=reset]').click(); return new Promise((done) => setTimeout(done))")
    assert browser.shown() == everything
    for sort in ("error", "waived"):
        browser.js("document.querySelector(`input[value=${arguments[0]}]`).click()", sort)
    assert browser.status() == "3 of 10 shown"
    assert browser.js("return document.querySelector('.unmatched').hidden") is True


def test_thousands_of_findings_can_be_searched(browser: Browser) -> None:
    many = (policy_missing(subject=ACCOUNT.arn("user", f"user-{i:04}"), message=f"number {i:04}") for i in range(2000))
    browser.open(rendered("html", Report((audit(findings=tuple(many)),))), width=PHONE)
    browser.fill("search", "user-1234 number")
    assert (browser.shown(), browser.status()) == (["number 1234"], "1 of 2000 shown")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_many_accounts_can_be_searched_beside_the_findings_of_the_worst(browser: Browser, width: int) -> None:
    browser.open(rendered("html", REPORTS["organization"]), width=width)

    def rows() -> list[str]:
        every = "Array.from(document.querySelectorAll('.accounts li'))"
        seen = f"{every}.filter((each) => each.getClientRects().length)"
        return [str(each) for each in browser.js(f"return {seen}.map((each) => each.innerText.split(/\\s/)[0])")]

    told = "return document.getElementById('accounts-shown').textContent"
    before = browser.status()
    assert (len(rows()), browser.js(told)) == (35, "35 of 35 shown")
    browser.fill("account-search", "team-8")
    assert (rows(), browser.js(told)) == (["100000000008"], "1 of 35 shown")
    browser.fill("account-search", "nobody")
    assert (rows(), browser.js("return document.getElementById('no-account').hidden")) == ([], False)
    browser.fill("account-search", "")
    browser.js("document.querySelector('#find input[value=findings]').click()")
    assert (len(rows()), browser.js(told)) == (6, "6 of 35 shown")
    assert browser.status() == before, "what is filtered above leaves the findings below alone"
    browser.js("document.querySelector('#find button').click(); return new Promise((done) => setTimeout(done))")
    assert browser.js(told) == "35 of 35 shown"
    assert browser.js("const list = document.querySelector('.list'); return list.scrollHeight > list.clientHeight")


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(browser: Browser) -> None:
    browser.open(rendered("html", REPORTS["full"]))
    described = (
        "const at = document.activeElement; const style = getComputedStyle(at);"
        "return [at.id || at.value || at.className || at.tagName.toLowerCase(), style.outlineStyle !== 'none']"
    )
    reached = []
    for _ in range(11):
        browser.press(Keys.TAB)
        reached.append(browser.js(described))
    assert all(visible for _, visible in reached), reached
    assert [name for name, _ in reached] == [
        *("skip", "pre", "canvas", "summary", "search", "rule", "error", "warning", "note", "waived"),
        "button",
    ]
    browser.press(Keys.SHIFT, Keys.TAB)


def test_keys_work_the_filter_and_the_details(browser: Browser) -> None:
    browser.open(rendered("html", REPORTS["full"]))
    browser.press(Keys.TAB, Keys.ENTER)
    assert browser.js("return document.activeElement.id") == "accounts", "the skip link leads to the main part"
    browser.js("document.getElementById('search').focus()")
    browser.press("route53", Keys.ENTER)
    assert browser.status() == "1 of 10 shown"
    assert browser.driver.current_url.startswith("file:"), "Enter sends nothing"
    browser.press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.SPACE)
    assert browser.status() == "0 of 10 shown", "the space bar takes the warnings away"
    browser.press(Keys.SPACE)
    browser.js("document.querySelector('.finding:not([hidden]) summary').focus()")
    browser.press(Keys.ENTER)
    assert "AmazonRoute53DomainsFullAccess" in browser.js("return document.querySelector('details[open]').innerText")


@EVERY
def test_a_screen_reader_gets_landmarks_and_a_name_for_whatever_can_be_used(browser: Browser, name: str) -> None:
    browser.open(rendered("html", REPORTS[name]))
    found = browser.accessible()
    roles = [role for role, _ in found]
    for landmark in ("banner", "main", "contentinfo"):
        assert roles.count(landmark) == 1, landmark
    assert roles.count("search") == browser.js("return document.querySelectorAll('form').length")
    for role, said in found:
        if role in ("link", "button", "checkbox", "searchbox", "combobox", "DisclosureTriangle", "region", "image"):
            assert said, role


def test_a_screen_reader_is_told_what_the_fields_and_the_picture_are(browser: Browser) -> None:
    browser.open(rendered("html", REPORTS["full"]))
    found = browser.accessible()
    assert {("search", "Findings"), ("searchbox", "Search"), ("combobox", "Rule"), ("button", "Reset")} <= set(found)
    assert {("checkbox", "error 6"), ("checkbox", "warning 2"), ("article", "Account 123456789012")} <= set(found)
    assert {("region", "Findings"), ("region", "Root user"), ("heading", "group Developers")} <= set(found)
    (picture,) = (said for role, said in found if role == "image")
    assert picture.startswith("Who has what Users and roles: 2, Groups: 2, Policy sets: 2, Policies: 6.")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_plot_is_as_wide_as_its_card_with_every_audit_and_every_text_inside(browser: Browser, width: int) -> None:
    days = trend(*[(number % 7, 0, 12_345) for number in range(100)])
    browser.open(rendered("html", Report((audit(trend=days),))), width=width)
    card, svg, *parts = browser.js(
        "return ['section:has(> figure > .plot)', '.plot', '.plot circle, .plot text']"
        ".flatMap((each) => Array.from(document.querySelectorAll(each)))"
        ".map((each) => each.getBoundingClientRect().toJSON())"
    )
    assert svg["width"] > card["width"] - 60
    assert len(parts) == 3 * 100 + 3 + 5 + 2
    for each in parts:
        assert card["left"] < each["left"]
        assert each["right"] < card["right"]
        assert svg["top"] - 1 < each["top"]
        assert each["bottom"] < svg["bottom"] + 1


def test_a_screen_reader_is_told_what_a_plot_shows_and_its_numbers(browser: Browser) -> None:
    browser.open(rendered("html", REPORTS["fixed"]))
    browser.js("document.querySelector('.trend').closest('details').open = true")
    found = browser.accessible()
    (plot,) = (said for role, said in found if role == "image" and said.startswith("Number of findings"))
    assert "5 audits from 2026-11-19T20:00:00Z to 2026-11-23T20:00:00Z. Errors: latest 2, maximum 4." in plot
    assert {("rowheader", "2026-11-19T20:00:00Z"), ("columnheader", "warning"), ("cell", "12")} <= set(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["full", "fixed", "gapped", "several"])
def test_every_text_stands_out_from_what_is_behind_it(browser: Browser, name: str, scheme: str) -> None:
    browser.open(rendered("html", REPORTS[name]), scheme=scheme)
    browser.js("for (const each of document.querySelectorAll('details')) each.open = true")
    found = browser.js(CONTRASTS)
    assert len(found) > 50
    assert [(said, round(ratio, 2)) for said, ratio in found if ratio < 4.5] == []


def test_dark_and_light_follow_the_system(browser: Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        browser.open(rendered("html", REPORTS["clean"]), scheme=scheme)
        color = browser.js("return getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(int(each) for each in color.removeprefix("rgb(").removesuffix(")").split(", ")))
    assert grounds[0] > 3 * 200
    assert grounds[1] < 3 * 50


def test_who_wants_no_motion_gets_none(browser: Browser) -> None:
    behaviour = "return getComputedStyle(document.documentElement).scrollBehavior"
    browser.open(rendered("html", REPORTS["clean"]))
    assert browser.js(behaviour) == "smooth"
    browser.open(rendered("html", REPORTS["clean"]), prefers_reduced_motion="reduce")
    assert browser.js(behaviour) == "auto"


def test_without_its_script_everything_is_there_but_the_filter(browser: Browser) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(rendered("html", REPORTS["full"]))
    assert len(browser.shown()) == 10
    assert browser.js("return document.getElementById('filter').getClientRects().length") == 0


def test_on_paper_there_is_what_a_report_tells_and_nothing_to_click(browser: Browser) -> None:
    browser.open(rendered("html", REPORTS["full"]), scheme="dark")
    browser.command("Emulation.setEmulatedMedia", media="print")
    assert len(browser.shown()) == 10
    assert browser.js("return document.getElementById('filter').getClientRects().length") == 0
    assert browser.js("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_name_of_any_length_stays_in_its_box(browser: Browser) -> None:
    long = replace(REPORTS["full"].audits[0], findings=(policy_missing(f"arn:aws:iam::aws:policy/{'W' * 120}"),))
    browser.open(rendered("html", Report((long,))), width=PHONE)
    boxes = "Array.from(document.querySelectorAll('.node'), (each) => getComputedStyle(each).overflow)"
    assert set(browser.js(f"return {boxes}")) == {"hidden"}
    assert browser.js("return document.documentElement.scrollWidth") == PHONE
