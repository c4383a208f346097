"""Reads AWS's model of what Terraform's provider calls: tools/autopilot, two files of IAM Policy Autopilot.

terraform-crud-map.json names the functions of the provider that create, read, update and delete a type, and those that
list and change its tags; terraform-model.json the operations of AWS's SDK that a function calls, found by a static call
graph. Both lie there packed and are checked by their hash, because no package has them in a form that can be read:
origin.json says where they are from. names.json maps services and operations of the SDK to IAM's actions, and says
which operations are left out, and why.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "autopilot"
OPERATIONS = ("create", "read", "update", "delete")

_SYMBOL = re.compile(
    r"github\.com/hashicorp/terraform-provider-aws/internal/service/([a-z0-9/]+)\.(?:\(\*?(\w+)\)\.)?(\w+)"
)
# A function that serves several kinds of resources calls an operation for each; which of them is not in the model.
_MOST_TAG_OPERATIONS = {"list_tags_symbol": 1, "update_tags_symbol": 2}

Operation = tuple[str, str]  # the SDK's service, and its operation
Function = tuple[str, str | None, str]  # module, class, name


@dataclass(frozen=True)
class Names:
    """What the SDK's operations are in IAM.

    services: by the SDK's name of a service, the prefix of its actions, where they differ
    operations: by `service:Operation`, perhaps with `*`, the action
    left_out: by `service:Operation`, perhaps with `*`, why there is no action
    """

    services: Mapping[str, str]
    operations: Mapping[str, str]
    left_out: Mapping[str, str]

    def action(self, operation: Operation) -> str:
        """Return the action of an operation, by its own name unless a line says another."""
        service, name = operation
        return _first(self.operations, operation) or f"{self.services.get(service, service)}:{name}"

    def reason(self, operation: Operation) -> str:
        """Return why an operation is left out, "" if it is not."""
        return _first(self.left_out, operation)


def _first(table: Mapping[str, str], operation: Operation) -> str:
    key = ":".join(operation)
    return table.get(key) or next((value for name, value in table.items() if fnmatch.fnmatchcase(key, name)), "")


def read_names(folder: Path = FOLDER) -> Names:
    """Return what names.json says."""
    value = json.loads((folder / "names.json").read_text(encoding="ascii"))
    return Names(
        value["services"],
        {each["operation"]: each["action"] for each in value["operations"]},
        {each["operation"]: each["why"] for each in value["left_out"]},
    )


def read_origin(folder: Path = FOLDER) -> dict[str, Any]:
    """Return where the model is from: source, version, date, licence, copyright."""
    origin = json.loads((folder / "origin.json").read_text(encoding="ascii"))
    return {key: origin[key] for key in ("source", "version", "date", "licence", "copyright")}


def read_model(spelled: Mapping[str, str], folder: Path = FOLDER) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return where the model is from, and by type what it calls.

    spelled: by action in lower case, the action as AWS spells it
    A type: the actions of each operation; `list_tags`, which a read may call; `tags`, which a change of tags calls;
    `left_out`, why there is no action for some of its calls. Types whose creation the model does not have are absent.
    Raises SystemExit for a file with another hash, and for an operation that has neither an action nor a reason.
    """
    origin = json.loads((folder / "origin.json").read_text(encoding="ascii"))
    model, types = (
        json.loads(_unpacked(folder, name, origin)) for name in ("terraform-model.json", "terraform-crud-map.json")
    )
    calls = {_function(each): _operations(each["sdk_operations"]) for each in model["call_patterns"]}
    names = read_names(folder)
    _check_names(names, (each for those in calls.values() for each in those), spelled)
    found = {}
    for each in sorted(types, key=lambda each: each["resource_type"]):
        row = _row(each, calls, lambda operation: spelled.get(names.action(operation).lower()), names)
        if row.get("create") or row.get("left_out"):
            found[each["resource_type"]] = row
    return {**read_origin(folder), "counts": {"types": len(found)}}, found


def model_lines(types: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """`type TAB JSON` of each type."""
    for name, row in types.items():
        yield f"{name}\t{json.dumps(row, separators=(',', ':'))}"


def sha256(content: bytes) -> str:
    """Return the hash by which a file is checked."""
    return hashlib.sha256(content).hexdigest()


def _unpacked(folder: Path, name: str, origin: Mapping[str, Any]) -> bytes:
    content = lzma.decompress((folder / f"{name}.xz").read_bytes())
    if sha256(content) != origin["sha256"][name]:
        raise SystemExit(f"{folder / name}.xz is not what origin.json says: its SHA-256 is another")
    return content


def _function(pattern: Mapping[str, Any]) -> Function:
    return pattern["module_path"], pattern["class_name"], pattern["function_name"]


def _operations(operations: Iterable[Mapping[str, str]]) -> list[Operation]:
    return [(each["service"], each["operation"]) for each in operations]


def _check_names(names: Names, operations: Iterable[Operation], spelled: Mapping[str, str]) -> None:
    wrong = {
        ":".join(each) for each in operations if names.action(each).lower() not in spelled and not names.reason(each)
    }
    if wrong:
        raise SystemExit(f"names.json has neither an action nor a reason for {', '.join(sorted(wrong))}")


def _row(
    type_: Mapping[str, Any],
    calls: Mapping[Function, list[Operation]],
    action_of: Callable[[Operation], str | None],
    names: Names,
) -> dict[str, Any]:
    called = {name: _called(type_.get(name, ""), calls) for name in OPERATIONS}
    tags = type_.get("tags", {})
    for name, most in _MOST_TAG_OPERATIONS.items():
        found = _called(tags.get(name, ""), calls)
        called[{"list_tags_symbol": "list_tags", "update_tags_symbol": "tags"}[name]] = (
            found if len(set(found)) <= most else []
        )
    row: dict[str, Any] = {
        name: sorted({action for each in those if (action := action_of(each)) is not None})
        for name, those in called.items()
    }
    row["list_tags"] = [each for each in row["list_tags"] if each not in row["read"]]
    why = {names.reason(each) for those in called.values() for each in those if action_of(each) is None}
    row["left_out"] = "; ".join(sorted(why))
    return {name: value for name, value in row.items() if value}


def _called(symbol: str, calls: Mapping[Function, list[Operation]]) -> list[Operation]:
    """The operations that a function calls; none for one that is not in the model, which calls nothing."""
    found = _SYMBOL.fullmatch(symbol)
    return calls.get((found[1], found[2], found[3]), []) if found else []
