"""A plan as resources of Terraform's provider for AWS, of those kinds that leave alone what they do not name."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from koding_audit.arns import policy_name
from koding_audit.errors import InputError
from koding_audit.export import Exported, LeftOut, about, comments, digest, finding_of, quoted
from koding_audit.model import Account, Action, EntityKey, Kind, Plan, Step, Verb, key_of
from koding_audit.plan import policy_key
from koding_audit.text import inert

_CREATES = frozenset({Verb.CREATE_GROUP, Verb.CREATE_USER, Verb.CREATE_POLICY})
_WIDTH = 80  # of a list on one line
_TEMPLATE = re.compile(r"([$%])\{([A-Za-z0-9_:/.,'* -]+\})?")
_SIMPLE = re.compile(r"[A-Za-z0-9-]+")  # an underscore stands between names

# A policy that is there may have these, which the plan does not know: without a description, the provider would make
# it anew (`description` cannot be changed), and without tags, take them away.
_NOT_OURS = "[description, tags, tags_all]"


class _Code(str):
    """Text that stands in the file as it is: a reference or a call."""

    __slots__ = ()


class _Resource(NamedTuple):
    """arguments: by name, each a value of JSON or _Code; there: the id by which one that exists is imported, or ""."""

    type: str
    label: str
    arguments: Mapping[str, Any]
    there: str = ""

    @property
    def address(self) -> str:
        return f"{self.type}.{self.label}"


_Made = Mapping[EntityKey, _Resource]


def exported(plan: Plan) -> Exported:
    """A file of its own, or to be merged. Steps that take away are left out: what Terraform has not, it cannot remove.

    Raises InputError: Terraform has no spelling for a value.
    """
    made = {step.action.entity: _created(step.action) for step in plan.steps if step.action.verb in _CREATES}
    found = [(step, _resource(step, made)) for step in plan.steps]
    told = [(step, each) for step, each in found if each is not None]
    left_out = tuple(LeftOut(step, _instead(step.action)) for step, each in found if each is None)
    lines = [*_head(plan.basis.account, [each for _, each in told])]
    lines += [line for step, each in told for line in _blocks(step, each)]
    lines += [line for each in left_out for line in comments(each)]
    return Exported("\n".join(lines) + "\n", left_out)


# --- which resource a step is ---------------------------------------------------------------------


def _resource(step: Step, made: _Made) -> _Resource | None:
    action = step.action
    if action.verb in _CREATES:
        return made[action.entity]
    make = _MAKERS.get(action.verb)
    return make(step, made) if make else None


def _created(action: Action) -> _Resource:
    given, kind = action.parameters, action.entity[0]
    name = given[f"{kind.title()}Name"]
    path = {"path": given["Path"]} if "Path" in given else {}
    tags = {"tags": {tag["Key"]: tag["Value"] for tag in given["Tags"]}} if "Tags" in given else {}
    policy = {"policy": _document(given)} if kind == "policy" else {}
    return _Resource(f"aws_iam_{kind}", _label(name), {"name": name, **path, **tags, **policy})


def _attached(step: Step, made: _Made) -> _Resource:
    kind, name = _whom(step.action)
    arn = step.action.parameters["PolicyArn"]
    word = arn.rpartition("/")[2]
    policy = made.get(policy_key(arn)) if policy_name(arn).startswith("customer:") else None
    arguments = {kind: _name(kind, name, made), "policy_arn": _Code(f"{policy.address}.arn") if policy else arn}
    told = "" if policy_name(arn) == word else arn
    return _Resource(f"aws_iam_{kind}_policy_attachment", _label(name, word, told=told), arguments)


def _joined(step: Step, made: _Made) -> _Resource:
    """Not aws_iam_group_membership, which takes every other member out of the group."""
    user, group = step.action.parameters["UserName"], step.action.parameters["GroupName"]
    arguments = {"user": _name("user", user, made), "groups": [_name("group", group, made)]}
    return _Resource("aws_iam_user_group_membership", _label(user, group), arguments)


def _put(step: Step, made: _Made) -> _Resource:
    """One that is there already is imported, so that `terraform plan` shows what changes of it."""
    kind, name = _whom(step.action)
    given = step.action.parameters
    policy = given["PolicyName"]
    arguments = {"name": policy, kind: _name(kind, name, made), "policy": _document(given)}
    there = f"{name}:{policy}" if step.change == "replace" else ""
    return _Resource(f"aws_iam_{kind}_policy", _label(name, policy), arguments, there)


def _renewed(step: Step, _: _Made) -> _Resource:
    """The policy itself: Terraform makes the version. Its name and path are in its ARN, and never change."""
    given = step.action.parameters
    path, _, name = given["PolicyArn"].partition(":policy")[2].rpartition("/")
    arguments = {"name": name, "path": f"{path}/", "policy": _document(given)}
    return _Resource("aws_iam_policy", _label(name), arguments, given["PolicyArn"])


_MAKERS: Mapping[Verb, Callable[[Step, _Made], _Resource]] = {
    Verb.ATTACH_GROUP_POLICY: _attached,
    Verb.ATTACH_USER_POLICY: _attached,
    Verb.ATTACH_ROLE_POLICY: _attached,
    Verb.ADD_USER_TO_GROUP: _joined,
    Verb.PUT_GROUP_POLICY: _put,
    Verb.PUT_USER_POLICY: _put,
    Verb.PUT_ROLE_POLICY: _put,
    Verb.CREATE_POLICY_VERSION: _renewed,
}


_TAKEN: Mapping[Verb, str] = {
    Verb.REMOVE_USER_FROM_GROUP: "aws_iam_user_group_membership",
    Verb.DETACH_GROUP_POLICY: "aws_iam_group_policy_attachment",
    Verb.DETACH_USER_POLICY: "aws_iam_user_policy_attachment",
    Verb.DETACH_ROLE_POLICY: "aws_iam_role_policy_attachment",
    Verb.DELETE_GROUP_POLICY: "aws_iam_group_policy",
    Verb.DELETE_USER_POLICY: "aws_iam_user_policy",
    Verb.DELETE_ROLE_POLICY: "aws_iam_role_policy",
}


def _instead(action: Action) -> str:
    """What a person does about a step that takes something away."""
    type_ = _TAKEN.get(action.verb)
    if type_ is None:
        return f"no resource of Terraform does {action.verb.value}"
    return f"Terraform takes away only what it made: where your configuration has the {type_}, delete that"


def _whom(action: Action) -> tuple[Kind, str]:
    kinds: tuple[Kind, ...] = ("group", "user", "role")
    kind = next(each for each in kinds if f"{each.title()}Name" in action.parameters)
    return kind, action.parameters[f"{kind.title()}Name"]


def _name(kind: Kind, name: str, made: _Made) -> str:
    """Of what is made here a reference, so that it is made first."""
    found = made.get(key_of(kind, name))
    return _Code(f"{found.address}.name") if found else name


def _document(given: Mapping[str, Any]) -> _Code:
    return _Code(f"jsonencode({_value(json.loads(given['PolicyDocument']), 1)})")


def _label(*names: str, told: str = "") -> str:
    """An identifier that depends on these names only. told: what they do not tell by themselves; then a digest does."""
    words = "_".join(re.sub(r"[^A-Za-z0-9-]+", "_", each) for each in names)
    words = words if words[0].isalpha() else f"_{words}"
    simple = not told and all(map(_SIMPLE.fullmatch, names))
    return words if simple else f"{words}_{digest(*names, told)}"


# --- how it is written ----------------------------------------------------------------------------


def _head(account: Account, resources: list[_Resource]) -> list[str]:
    there = sum(bool(each.there) for each in resources)
    counts = f"{there} to import, {len(resources) - there} to add, {there} to change, 0 to destroy"
    return [
        about(account),
        "# For a configuration of Terraform 1.5 or newer, with the provider hashicorp/aws. Where it has one of these",
        "# resources already, change that one, and leave this one out. Read `terraform plan` first: of this file alone",
        f"# it says {counts}.",
        "",
        "# Refuses any other account before anything is made, as the provider's `allowed_account_ids` would.",
        f'data "aws_caller_identity" "account_{account.id}" {{',
        "  lifecycle {",
        "    postcondition {",
        f"      condition     = self.account_id == {_string(account.id)}",
        f"      error_message = {_string(f'These credentials are not for account {account.id}.')}",
        "    }",
        "  }",
        "}",
    ]


def _blocks(step: Step, each: _Resource) -> Iterator[str]:
    yield from ("", finding_of(step))
    if each.there:
        yield from ("import {", f"  to = {each.address}", f"  id = {_string(each.there)}", "}", "")
    yield f'resource "{each.type}" "{each.label}" {{'
    yield from _entries(each.arguments.items(), 1)
    if each.there and each.type == "aws_iam_policy":
        yield from ("", "  lifecycle {", f"    ignore_changes = {_NOT_OURS}", "  }")
    yield "}"


def _entries(pairs: Iterable[tuple[str, Any]], depth: int) -> Iterator[str]:
    """A line for each, or several; as `terraform fmt` has them: of neighbours on one line the `=` are in one column."""
    written = [(name, _value(value, depth)) for name, value in pairs]
    for is_long, run in groupby(written, key=lambda each: "\n" in each[1]):
        neighbours = list(run)
        width = 0 if is_long else max(len(name) for name, _ in neighbours)
        yield from (f"{'  ' * depth}{name:<{width}} = {text}" for name, text in neighbours)


def _value(value: Any, depth: int) -> str:
    """A value of JSON as an expression that begins in a line of this depth."""
    end = "  " * depth
    if isinstance(value, _Code):
        return value
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        lines = _entries(((_key(name), inner) for name, inner in value.items()), depth + 1)
        return "\n".join(["{", *lines, f"{end}}}"]) if value else "{}"
    if isinstance(value, list):
        inner = [_value(each, depth + 1) for each in value]
        short = f"[{', '.join(inner)}]"
        if "\n" not in short and len(short) <= _WIDTH:
            return short
        return "\n".join(["[", *(f"{end}  {each}," for each in inner), f"{end}]"])
    return json.dumps(value)


def _key(name: str) -> str:
    """A key of an object. Small words such as `for` mean something there."""
    return name if re.fullmatch("[A-Z][A-Za-z]*", name) else _string(name)


def _string(text: str) -> str:
    """A string of HCL, in which `${` and `%{` are only text. Raises InputError: Terraform would change it (NFC)."""
    if unicodedata.normalize("NFC", text) != text:
        raise InputError(f"Terraform would write {inert(text)!r} with other characters", "use --out, and `apply`")
    return _TEMPLATE.sub(_only_text, quoted(text))


def _only_text(found: re.Match[str]) -> str:
    """`$${aws:username}`; else the sign as a number: not every reader takes a `$${` that nothing ends."""
    sign, variable = found.groups()
    return f"{sign}{sign}{{{variable}" if variable else f"\\u{ord(sign):04x}{{"
