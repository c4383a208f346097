"""The interface for Python: its examples, what it raises, and that it neither prints nor loads anything early."""

from __future__ import annotations

import doctest
import inspect
import json
from pathlib import Path

import pytest

from koding_audit import api
from koding_audit.model.errors import AccessError, AuditError, InputError
from tests.test_architecture import CHECKOUT, HEAVY
from tests.unmeasured import told_by

EXAMPLES = doctest.DocTestFinder().find(api, "api")
FUNCTIONS = (api.scan, api.plan, api.can, api.stack)


@pytest.mark.slow
@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.examples], ids=lambda each: each.name)
def test_the_examples_are_true_and_nothing_else_is_printed(
    example: doctest.DocTest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(CHECKOUT)
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=told.append)
    assert told == []
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_every_function_has_an_example_and_is_in_the_page() -> None:
    shown = {each.name for each in EXAMPLES if each.examples}
    page = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
    for function in FUNCTIONS:
        assert f"api.{function.__name__}" in shown
        assert f"api.{function.__name__}(" in page


def test_importing_it_loads_nothing_heavy() -> None:
    script = (
        "import sys, json\n"
        "from koding_audit import api\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    assert json.loads(told_by(script)) == []


def test_nothing_of_it_can_be_asked_to_write() -> None:
    for function in FUNCTIONS:
        assert not {"fix", "yes", "dry_run", "journal", "writes"} & set(inspect.signature(function).parameters)


def test_what_goes_wrong_is_raised_and_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(CHECKOUT / "policies" / "koding.yaml")
    with pytest.raises(InputError, match="there is no source nonsense"):
        api.scan(file, source="nonsense")
    with pytest.raises(AccessError, match="111111111111"):
        api.plan(file, source="demo", account="111111111111")
    with pytest.raises(AuditError):
        api.scan(str(tmp_path / "none.yaml"), source="demo")
    with pytest.raises(InputError, match="nonsense"):
        api.can("user/x", "nonsense", source="demo")
    assert capsys.readouterr().err == ""
