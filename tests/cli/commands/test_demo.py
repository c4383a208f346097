"""`demo`: the tour shows what it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.cli.handlers import demo


def test_the_tour_shows_what_it_runs_and_ends_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    assert "$ koding-audit scan policies/koding.yaml policies/service-users.yaml --source demo --fix --yes\n" in printed
    assert printed.count("(exit status ") == len(demo._STEPS)
    assert "End of the tour." in printed


def test_a_tour_that_does_not_go_as_it_says_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_STEPS", (("Nothing is wrong.", demo._LIMITS_FILES, (), 0),))
    assert main(["demo"]) == 2
    assert "step 1 of the tour ended with status 1, not 0" in capsys.readouterr().err
