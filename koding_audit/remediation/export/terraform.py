"""Exports a plan as resources of Terraform's AWS provider, with types that do not change what they do not name."""

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
from koding_audit.model.verb import Part, WriteEffect
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

_MAX_LIST_WIDTH = 80  # characters of a list on one line
_TEMPLATE = re.compile(r"([$%])\{([A-Za-z0-9_:/.,'* -]+\})?")
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9-]+")  # an underscore separates names

# An existing policy may have these, and the plan does not know them. Without this, the provider would create the policy
# again if it has a description (`description` cannot be changed), and remove its tags.
_IGNORED_ATTRIBUTES = "[description, tags, tags_all]"


class _RawHcl(str):
    """Text that is written into the file without quotes: a reference or a call."""

    __slots__ = ()


class _TerraformResource(NamedTuple):
    """One resource block.

    type: its type.
    label: its name in the configuration.
    arguments: JSON values or _RawHcl, by name.
    import_id: the id for the import of an existing resource; "" for a new one.
    """

    type: str
    label: str
    arguments: Mapping[str, Any]
    import_id: str = ""

    @property
    def address(self) -> str:
        return f"{self.type}.{self.label}"


_NewResources = Mapping[EntityKey, _TerraformResource]


def export(plan: Plan) -> ExportedPlan:
    """A Terraform file, to use alone or to merge. Removals are left out: Terraform removes only what is in its state.

    Raises InputError if Terraform cannot express a value.
    """
    created: dict[EntityKey, _TerraformResource] = {}
    for action in (step.action for step in plan.steps if step.action.spec.effect == "create"):
        created[action.entity] = _new_entity_resource(action, created)
    found = [(step, _step_resource(step, created)) for step in plan.steps]
    exported = [(step, each) for step, each in found if each is not None]
    left_out = tuple(LeftOutStep(step, _manual_change(step.action)) for step, each in found if each is None)
    lines = [*_header_lines(plan.basis.account, [each for _, each in exported])]
    lines += [line for step, each in exported for line in _block_lines(step, each)]
    lines += [line for each in left_out for line in left_out_comments(each)]
    return ExportedPlan("\n".join(lines) + "\n", left_out)


# --- which resource a step is ---------------------------------------------------------------------


def _step_resource(step: Step, created: _NewResources) -> _TerraformResource | None:
    spec = step.action.spec
    if spec.effect == "create":
        return created[step.action.entity]
    build = _RESOURCE_BUILDERS.get((spec.effect, spec.part))
    return build(step, created) if build else None


def _new_entity_resource(action: Action, created: _NewResources) -> _TerraformResource:
    parameters, kind = action.parameters, action.entity[0]
    name = parameters[NAME_PARAMETERS[kind]]
    path = {"path": parameters["Path"]} if "Path" in parameters else {}
    tags = {"tags": {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}} if "Tags" in parameters else {}
    policy = {"policy": _policy_expression(parameters)} if kind == "policy" else {}
    arn = parameters.get("PermissionsBoundary")
    boundary = {"permissions_boundary": _policy_arn_or_reference(arn, created)} if arn else {}
    arguments = {"name": name, **path, **boundary, **tags, **policy}
    return _TerraformResource(f"aws_iam_{kind}", _resource_label(name), arguments)


def _attachment_resource(step: Step, created: _NewResources) -> _TerraformResource:
    kind, name = _target_principal(step.action)
    arn = step.action.parameters["PolicyArn"]
    word = arn.rpartition("/")[2]
    arguments = {
        kind: _name_or_reference(kind, name, created),
        "policy_arn": _policy_arn_or_reference(arn, created),
    }
    extra = "" if policy_name(arn) == word else arn
    return _TerraformResource(f"aws_iam_{kind}_policy_attachment", _resource_label(name, word, extra=extra), arguments)


def _membership_resource(step: Step, created: _NewResources) -> _TerraformResource:
    """Not aws_iam_group_membership, which removes all other members from the group."""
    user, group = step.action.parameters["UserName"], step.action.parameters["GroupName"]
    arguments = {
        "user": _name_or_reference("user", user, created),
        "groups": [_name_or_reference("group", group, created)],
    }
    return _TerraformResource("aws_iam_user_group_membership", _resource_label(user, group), arguments)


def _inline_policy_resource(step: Step, created: _NewResources) -> _TerraformResource:
    """An existing inline policy is imported, so that `terraform plan` shows what changes in it."""
    kind, name = _target_principal(step.action)
    parameters = step.action.parameters
    policy = parameters["PolicyName"]
    arguments = {
        "name": policy,
        kind: _name_or_reference(kind, name, created),
        "policy": _policy_expression(parameters),
    }
    import_id = f"{name}:{policy}" if step.change == "replace" else ""
    return _TerraformResource(f"aws_iam_{kind}_policy", _resource_label(name, policy), arguments, import_id)


def _managed_policy_resource(step: Step, _: _NewResources) -> _TerraformResource:
    """The policy itself: Terraform creates the version. The name and the path are in its ARN and never change."""
    parameters = step.action.parameters
    path, _, name = parameters["PolicyArn"].partition(":policy")[2].rpartition("/")
    arguments = {"name": name, "path": f"{path}/", "policy": _policy_expression(parameters)}
    return _TerraformResource("aws_iam_policy", _resource_label(name), arguments, parameters["PolicyArn"])


_RESOURCE_BUILDERS: Mapping[tuple[WriteEffect, Part], Callable[[Step, _NewResources], _TerraformResource]] = {
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
"""The resource type for each part that a step can remove; `{kind}`: the kind of the entity."""


def _manual_change(action: Action) -> str:
    """What to do about a step that removes something, or puts a version that exists in force."""
    if action.spec.effect == "set":
        return "Terraform cannot put an existing version of a policy in force"
    type_ = _REMOVED_TYPES.get(action.spec.part)
    if type_ is None:
        return f"Terraform has no resource for {action.verb.value}"
    removed = type_.format(kind=action.spec.entity)
    return f"Terraform removes only what is in its state: if your configuration has the {removed}, delete that resource"


def _target_principal(action: Action) -> tuple[PrincipalKind, str]:
    return next(iter(action.principal_names.items()))


def _name_or_reference(kind: PrincipalKind, name: str, created: _NewResources) -> str:
    """A reference to a principal that the file creates, so that it is created first; of others the name."""
    found = created.get(principal_key(kind, name))
    return _RawHcl(f"{found.address}.name") if found else name


def _policy_arn_or_reference(arn: str, created: _NewResources) -> str:
    """A reference to a policy that the file creates, so that it is created first; of others the ARN."""
    found = created.get(policy_key(arn)) if policy_name(arn).startswith("customer:") else None
    return _RawHcl(f"{found.address}.arn") if found else arn


def _policy_expression(parameters: Mapping[str, Any]) -> _RawHcl:
    return _RawHcl(f"jsonencode({_value_expression(json.loads(parameters['PolicyDocument']), 1)})")


def _resource_label(*names: str, extra: str = "") -> str:
    """An identifier that depends on these names only.

    extra: what distinguishes it from another resource with the same names; it is added as a digest.
    """
    words = "_".join(re.sub(r"[^A-Za-z0-9-]+", "_", each) for each in names)
    words = words if words[0].isalpha() else f"_{words}"
    simple = not extra and all(map(_SIMPLE_NAME.fullmatch, names))
    return words if simple else f"{words}_{names_digest(*names, extra)}"


# --- how it is written ----------------------------------------------------------------------------


def _header_lines(account: Account, resources: list[_TerraformResource]) -> list[str]:
    imports = sum(bool(each.import_id) for each in resources)
    counts = f"{imports} to import, {len(resources) - imports} to add, {imports} to change, 0 to destroy"
    return [
        account_comment(account),
        "# For a Terraform configuration: Terraform 1.5 or newer, provider hashicorp/aws. If the configuration has one",
        "# of these resources already, change that one and omit this one. Read `terraform plan` first: for this file",
        f"# alone it shows {counts}.",
        "",
        "# Refuses any other account before anything is created, as the provider's `allowed_account_ids` does.",
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
    """The entries in the format of `terraform fmt`: the `=` of neighbouring entries of one line are in one column."""
    written = [(name, _value_expression(value, depth)) for name, value in pairs]
    for is_long, run in groupby(written, key=lambda each: "\n" in each[1]):
        neighbours = list(run)
        width = 0 if is_long else max(len(name) for name, _ in neighbours)
        yield from (f"{'  ' * depth}{name:<{width}} = {text}" for name, text in neighbours)


def _value_expression(value: Any, depth: int) -> str:
    """A JSON value as an expression that begins on a line of this depth."""
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
    """A key of an object, quoted if it may be a keyword such as `for`."""
    return name if re.fullmatch("[A-Z][A-Za-z]*", name) else _hcl_string(name)


def _hcl_string(text: str) -> str:
    """A string in HCL, with `${` and `%{` as text. Raises InputError if Terraform would change it (to NFC)."""
    if unicodedata.normalize("NFC", text) != text:
        raise InputError(f"Terraform would change {escape(text)!r} to other characters (NFC)", "use --out, and `apply`")
    return _TEMPLATE.sub(_escape_template, quote_ascii(text))


def _escape_template(found: re.Match[str]) -> str:
    """`$${aws:username}`; without a closing brace the sign as a number, because some parsers refuse an open `$${`."""
    sign, variable = found.groups()
    return f"{sign}{sign}{{{variable}" if variable else f"\\u{ord(sign):04x}{{"
