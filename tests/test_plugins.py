"""Plug-ins are found by the names of their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import koding_audit
from koding_audit.plugins import load_plugin, plugin_names
from tests.unmeasured import told_by

ROOMS = ("scan.rules", "report.formats", "report.notify", "remediation.export", "accounts.engines", "aws.sources")


@pytest.mark.parametrize("room", ROOMS)
def test_a_plugin_is_each_file_of_its_package_under_its_name_with_hyphens(room: str) -> None:
    folder = Path(koding_audit.__file__).parent.joinpath(*room.split("."))
    names = plugin_names(room)
    assert [name.replace("-", "_") for name in names] == sorted(
        each.stem for each in folder.glob("*.py") if each.stem != "__init__"
    )
    assert not [name for name in names if "_" in name]


def test_a_plugin_is_loaded_by_its_name() -> None:
    assert load_plugin("scan.rules", "policy-missing").__name__ == "koding_audit.scan.rules.policy_missing"


def test_to_list_names_loads_none_of_them() -> None:
    script = (
        "import json, sys\n"
        "from koding_audit.plugins import plugin_names\n"
        "names = plugin_names('scan.rules')\n"
        "print(json.dumps([len(names) > 20, [name for name in sys.modules if 'koding_audit.scan' in name]]))\n"
    )
    assert json.loads(told_by(script)) == [True, []]
