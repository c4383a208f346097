"""Encodes plans as JSON, and decodes them."""

from __future__ import annotations

from koding_audit.io.codec.fields import (
    _CHANGES,
    VERSION,
    account_value,
    action_value,
    decode_account,
    decode_action,
    decode_source_file,
    decode_unique_ids,
    source_file_value,
    unique_ids_value,
)
from koding_audit.io.json_text import Item, format_time, write_json
from koding_audit.model.plan import Basis, Plan, Step
from koding_audit.model.stack import StackFiles

PLAN = "koding-audit-plan"


def encode_plan(plan: Plan) -> str:
    """Encode a plan, indented: people read it before they apply it."""
    basis = plan.basis
    value = {
        "version": VERSION,
        "kind": PLAN,
        "basis": {
            "account": account_value(basis.account),
            "made_at": format_time(basis.made_at),
            "files": [source_file_value(each) for each in basis.files],
            "with_sets": list(basis.with_sets),
            "only": list(basis.only),
            "skip": list(basis.skip),
            "create": basis.create,
            "replace": basis.replace,
            "state": basis.state,
            "stacks": [
                {"path": each.path, "files": [source_file_value(file) for file in each.files]} for each in basis.stacks
            ],
            "builder": basis.builder,
        },
        "steps": [
            {
                **action_value(step.action),
                "finding": step.finding,
                "change": step.change,
                "unique_ids": unique_ids_value(step.unique_ids),
            }
            for step in plan.steps
        ],
    }
    return write_json(value, indent=2) + "\n"


def decode_plan(value: object, path: str) -> Plan:
    """Decode a plan from what parse_json returns. Raises InputError. path: for messages only."""
    fields = Item(value, path).file_fields(PLAN, VERSION, "basis", "steps")
    return Plan(_decode_basis(fields["basis"]), fields["steps"].tuple_of(_decode_step))


def _decode_basis(item: Item) -> Basis:
    fields = item.fields(
        *("account", "made_at", "files", "with_sets", "only", "skip", "create", "replace", "state"),
        *("stacks", "builder"),
    )
    return Basis(
        account=decode_account(fields["account"]),
        made_at=fields["made_at"].time(),
        files=fields["files"].tuple_of(decode_source_file),
        with_sets=fields["with_sets"].tuple_of(Item.text),
        only=fields["only"].tuple_of(Item.text),
        skip=fields["skip"].tuple_of(Item.text),
        create=fields["create"].boolean(),
        replace=fields["replace"].boolean(),
        state=fields["state"].text(),
        stacks=fields["stacks"].tuple_of(_decode_stack_files),
        builder=fields["builder"].text(),
    )


def _decode_stack_files(item: Item) -> StackFiles:
    fields = item.fields("path", "files")
    return StackFiles(fields["path"].text(), fields["files"].tuple_of(decode_source_file))


def _decode_step(item: Item) -> Step:
    fields = item.fields("action", "parameters", "finding", "change", "unique_ids")
    return Step(
        action=decode_action(fields),
        finding=fields["finding"].text(),
        change=fields["change"].choice(_CHANGES),
        unique_ids=decode_unique_ids(fields["unique_ids"]),
    )
