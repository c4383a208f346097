"""A plan as resources of Terraform's provider for AWS, of those kinds that leave alone what they do not name."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from koding_audit.io.text import escape
from koding_audit.model.account import NAME_PARAMETERS, Account, EntityKey, PrincipalKind, principal_key
from koding_audit.model.arn import policy_name
from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Plan, Step
from koding_audit.model.verb import Effect, Part
from koding_audit.remediation.export import (
    ExportedPlan,
    LeftOutStep,
    account_comment,
    finding_comment,
    left_out_comments,
    names_digest,
    quote_ascii,
)
from koding_audit.remediation.plan import policy_key

_MAX_LIST_WIDTH = 80  # of a list on one line
_TEMPLATE = re.compile(r"([$%])\{([A-Za-z0-9_:/.,'* -]+\})?")
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9-]+")  # an underscore stands between names

# A policy that is there may have these, which the plan does not know: without a description, the provider would make
# it anew (`description` cannot be changed), and without tags, take them away.
_IGNORED_ATTRIBUTES = "[description, tags, tags_all]"


class _RawHcl(str):
    """Text that stands in the file as it is: a reference or a call."""

    __slots__ = ()


class _TerraformResource(NamedTuple):
    """arguments: by name, each a value of JSON or _Code; there: the id by which one that exists is imported, or ""."""

    type: str
    label: str
    arguments: Mapping[str, Any]
    import_id: str = ""

    @property
    def address(self) -> str:
        return f"{self.type}.{self.label}"


_NewResources = Mapping[EntityKey, _TerraformResource]


def export(plan: Plan) -> ExportedPlan:
    """A file of its own, or to be merged. Steps that take away are left out: what Terraform has not, it cannot remove.

    Raises InputError: Terraform has no spelling for a value.
    """
    made = {
        step.action.entity: _new_entity_resource(step.action)
        for step in plan.steps
        if step.action.spec.effect == "create"
    }
    found = [(step, _step_resource(step, made)) for step in plan.steps]
    told = [(step, each) for step, each in found if each is not None]
    left_out = tuple(LeftOutStep(step, _manual_change(step.action)) for step, each in found if each is None)
    lines = [*_header_lines(plan.basis.account, [each for _, each in told])]
    lines += [line for step, each in told for line in _block_lines(step, each)]
    lines += [line for each in left_out for line in left_out_comments(each)]
    return ExportedPlan("\n".join(lines) + "\n", left_out)


# --- which resource a step is ---------------------------------------------------------------------


def _step_resource(step: Step, made: _NewResources) -> _TerraformResource | None:
    spec = step.action.spec
    if spec.effect == "create":
        return made[step.action.entity]
    make = _RESOURCE_BUILDERS.get((spec.effect, spec.part))
    return make(step, made) if make else None


def _new_entity_resource(action: Action) -> _TerraformResource:
    given, kind = action.parameters, action.entity[0]
    name = given[NAME_PARAMETERS[kind]]
    path = {"path": given["Path"]} if "Path" in given else {}
    tags = {"tags": {tag["Key"]: tag["Value"] for tag in given["Tags"]}} if "Tags" in given else {}
    policy = {"policy": _policy_expression(given)} if kind == "policy" else {}
    return _TerraformResource(f"aws_iam_{kind}", _resource_label(name), {"name": name, **path, **tags, **policy})


def _attachment_resource(step: Step, made: _NewResources) -> _TerraformResource:
    kind, name = _target_principal(step.action)
    arn = step.action.parameters["PolicyArn"]
    word = arn.rpartition("/")[2]
    policy = made.get(policy_key(arn)) if policy_name(arn).startswith("customer:") else None
    arguments = {
        kind: _name_or_reference(kind, name, made),
        "policy_arn": _RawHcl(f"{policy.address}.arn") if policy else arn,
    }
    told = "" if policy_name(arn) == word else arn
    return _TerraformResource(f"aws_iam_{kind}_policy_attachment", _resource_label(name, word, told=told), arguments)


def _membership_resource(step: Step, made: _NewResources) -> _TerraformResource:
    """Not aws_iam_group_membership, which takes every other member out of the group."""
    user, group = step.action.parameters["UserName"], step.action.parameters["GroupName"]
    arguments = {"user": _name_or_reference("user", user, made), "groups": [_name_or_reference("group", group, made)]}
    return _TerraformResource("aws_iam_user_group_membership", _resource_label(user, group), arguments)


def _inline_policy_resource(step: Step, made: _NewResources) -> _TerraformResource:
    """One that is there already is imported, so that `terraform plan` shows what changes of it."""
    kind, name = _target_principal(step.action)
    given = step.action.parameters
    policy = given["PolicyName"]
    arguments = {"name": policy, kind: _name_or_reference(kind, name, made), "policy": _policy_expression(given)}
    there = f"{name}:{policy}" if step.change == "replace" else ""
    return _TerraformResource(f"aws_iam_{kind}_policy", _resource_label(name, policy), arguments, there)


def _managed_policy_resource(step: Step, _: _NewResources) -> _TerraformResource:
    """The policy itself: Terraform makes the version. Its name and path are in its ARN, and never change."""
    given = step.action.parameters
    path, _, name = given["PolicyArn"].partition(":policy")[2].rpartition("/")
    arguments = {"name": name, "path": f"{path}/", "policy": _policy_expression(given)}
    return _TerraformResource("aws_iam_policy", _resource_label(name), arguments, given["PolicyArn"])


_RESOURCE_BUILDERS: Mapping[tuple[Effect, Part], Callable[[Step, _NewResources], _TerraformResource]] = {
    ("add", "attachment"): _attachment_resource,
    ("add", "member"): _membership_resource,
    ("put", "inline"): _inline_policy_resource,
    ("put", "version"): _managed_policy_resource,
}


_REMOVED_TYPES: Mapping[Part, str] = {
    "member": "aws_iam_user_group_membership",
    "attachment": "aws_iam_{kind}_policy_attachment",
    "inline": "aws_iam_{kind}_policy",
}
"""The resource that holds a part of an entity of a kind."""


def _manual_change(action: Action) -> str:
    """What a person does about a step that takes something away."""
    type_ = _REMOVED_TYPES.get(action.spec.part)
    if type_ is None:
        return f"no resource of Terraform does {action.verb.value}"
    named = type_.format(kind=action.spec.entity)
    return f"Terraform takes away only what it made: where your configuration has the {named}, delete that"


def _target_principal(action: Action) -> tuple[PrincipalKind, str]:
    return next(iter(action.principal_names.items()))


def _name_or_reference(kind: PrincipalKind, name: str, made: _NewResources) -> str:
    """Of what is made here a reference, so that it is made first."""
    found = made.get(principal_key(kind, name))
    return _RawHcl(f"{found.address}.name") if found else name


def _policy_expression(given: Mapping[str, Any]) -> _RawHcl:
    return _RawHcl(f"jsonencode({_value_expression(json.loads(given['PolicyDocument']), 1)})")


def _resource_label(*names: str, told: str = "") -> str:
    """An identifier that depends on these names only. told: what they do not tell by themselves; then a digest does."""
    words = "_".join(re.sub(r"[^A-Za-z0-9-]+", "_", each) for each in names)
    words = words if words[0].isalpha() else f"_{words}"
    simple = not told and all(map(_SIMPLE_NAME.fullmatch, names))
    return words if simple else f"{words}_{names_digest(*names, told)}"


# --- how it is written ----------------------------------------------------------------------------


def _header_lines(account: Account, resources: list[_TerraformResource]) -> list[str]:
    there = sum(bool(each.import_id) for each in resources)
    counts = f"{there} to import, {len(resources) - there} to add, {there} to change, 0 to destroy"
    return [
        account_comment(account),
        "# For a configuration of Terraform 1.5 or newer, with the provider hashicorp/aws. Where it has one of these",
        "# resources already, change that one, and leave this one out. Read `terraform plan` first: of this file alone",
        f"# it says {counts}.",
        "",
        "# Refuses any other account before anything is made, as the provider's `allowed_account_ids` would.",
        f'data "aws_caller_identity" "account_{account.id}" {{',
        "  lifecycle {",
        "    postcondition {",
        f"      condition     = self.account_id == {_hcl_string(account.id)}",
        f"      error_message = {_hcl_string(f'These credentials are not for account {account.id}.')}",
        "    }",
        "  }",
        "}",
    ]


def _block_lines(step: Step, each: _TerraformResource) -> Iterator[str]:
    yield from ("", finding_comment(step))
    if each.import_id:
        yield from ("import {", f"  to = {each.address}", f"  id = {_hcl_string(each.import_id)}", "}", "")
    yield f'resource "{each.type}" "{each.label}" {{'
    yield from _entry_lines(each.arguments.items(), 1)
    if each.import_id and each.type == "aws_iam_policy":
        yield from ("", "  lifecycle {", f"    ignore_changes = {_IGNORED_ATTRIBUTES}", "  }")
    yield "}"


def _entry_lines(pairs: Iterable[tuple[str, Any]], depth: int) -> Iterator[str]:
    """A line for each, or several; as `terraform fmt` has them: of neighbours on one line the `=` are in one column."""
    written = [(name, _value_expression(value, depth)) for name, value in pairs]
    for is_long, run in groupby(written, key=lambda each: "\n" in each[1]):
        neighbours = list(run)
        width = 0 if is_long else max(len(name) for name, _ in neighbours)
        yield from (f"{'  ' * depth}{name:<{width}} = {text}" for name, text in neighbours)


def _value_expression(value: Any, depth: int) -> str:
    """A value of JSON as an expression that begins in a line of this depth."""
    end = "  " * depth
    if isinstance(value, _RawHcl):
        return value
    if isinstance(value, str):
        return _hcl_string(value)
    if isinstance(value, dict):
        lines = _entry_lines(((_object_key(name), inner) for name, inner in value.items()), depth + 1)
        return "\n".join(["{", *lines, f"{end}}}"]) if value else "{}"
    if isinstance(value, list):
        inner = [_value_expression(each, depth + 1) for each in value]
        short = f"[{', '.join(inner)}]"
        if "\n" not in short and len(short) <= _MAX_LIST_WIDTH:
            return short
        return "\n".join(["[", *(f"{end}  {each}," for each in inner), f"{end}]"])
    return json.dumps(value)


def _object_key(name: str) -> str:
    """A key of an object. Small words such as `for` mean something there."""
    return name if re.fullmatch("[A-Z][A-Za-z]*", name) else _hcl_string(name)


def _hcl_string(text: str) -> str:
    """A string of HCL, in which `${` and `%{` are only text. Raises InputError: Terraform would change it (NFC)."""
    if unicodedata.normalize("NFC", text) != text:
        raise InputError(f"Terraform would write {escape(text)!r} with other characters", "use --out, and `apply`")
    return _TEMPLATE.sub(_escape_template, quote_ascii(text))


def _escape_template(found: re.Match[str]) -> str:
    """`$${aws:username}`; else the sign as a number: not every reader takes a `$${` that nothing ends."""
    sign, variable = found.groups()
    return f"{sign}{sign}{{{variable}" if variable else f"\\u{ord(sign):04x}{{"
