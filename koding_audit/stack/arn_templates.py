"""ARN templates: which of a type's templates an action is about, and what each comes to for one resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from koding_audit.model.account import Account
from koding_audit.policy.actions import ActionList, ResourceType
from koding_audit.stack.references import ANY, References
from koding_audit.stack.script import ScriptResource

ANY_ARN = "arn:*"
"""Any resource that there is: only what is allowed on all of them is."""

_HOLE = re.compile(r"\$\{[^}]*\}|\{[^}]*\}|\*")
_ARGUMENT = re.compile(r"(?<!\$)\{([^}]*)\}")


@dataclass
class TemplateMatcher:
    """Which resources an action is asked for. Each answer is kept: a script has many resources of few types."""

    known: ActionList
    account: Account
    _fits: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, bool], ...]] = field(default_factory=dict)

    def templates_for(self, action: str, templates: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
        """The templates that are of the action's own resource types, each with whether it is surely asked for: the
        first is, as the type's own; others, and any resource of each type that AWS's list wants and that none of them
        is of, may be. `*` alone for an action that knows no resource; ANY_ARN where none of them fits.
        """
        key = action, templates
        if key not in self._fits:
            self._fits[key] = self._match_templates(action, templates)
        return self._fits[key]

    def _match_templates(self, action: str, templates: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
        types = self.known.resource_types(action)
        if not types:
            return ((ANY, True),)
        own = {each: type_ for each in templates if (type_ := self._matching_type(each, types)) is not None}
        own = own or dict.fromkeys(self._unlisted_templates(action, templates), "")
        lacking = [each for each in types if each.required and each.name not in own.values()]
        found = [*own, *(_generic_template(arn) for each in lacking for arn in each.arns)]
        if not own and len(found) != 1:
            return ((ANY_ARN, True),)
        return tuple((each, number == 0) for number, each in enumerate(found))

    def _unlisted_templates(self, action: str, templates: tuple[str, ...]) -> list[str]:
        """The templates of the action's service that AWS's list ties to none of its actions: of API Gateway's second
        API it has the resources, and not who takes them. There the row is believed.
        """
        service = action.partition(":")[0]
        own = [each for each in templates if each.split(":")[2] == service]
        names = self.known.services[service] if own else ()
        tied = [each for name in names for each in self.known.resource_types(f"{service}:{name}")]
        return [each for each in own if self._matching_type(each, tied) is None]

    def _matching_type(self, template: str, types: Iterable[ResourceType]) -> str | None:
        """The type that a template is of, by its form; of none where another form is the same."""
        form = _arn_form(template)
        for same in (_is_same_form, _is_within_form):
            for each in types:
                if any(same(form, _arn_form(arn)) for arn in each.arns):
                    return each.name
        return None


def _arn_form(arn: str) -> str:
    """An ARN with `*` for each of its holes."""
    return _HOLE.sub(ANY, arn)


def _is_same_form(form: str, general: str) -> bool:
    return form == general


def _is_within_form(form: str, general: str) -> bool:
    """Whether a form has a part where the other has a hole; `/` and `:` part both alike."""
    pattern = re.escape(general).replace(r"\*", "[^/:]*")
    return re.fullmatch(pattern, form) is not None


def _generic_template(arn: str) -> str:
    """Any resource of a type, as a template of our own."""
    named = arn.replace("${Partition}", "${partition}").replace("${Region}", "${region}")
    named = named.replace("${Account}", "${account}")
    return re.sub(r"\$\{[A-Z][^}]*\}", ANY, named)


@dataclass
class TemplateFiller:
    """What templates come to in an account. What they have in common for all resources of a region is kept."""

    account: Account
    references: References
    _placed: dict[tuple[str, str], str] = field(default_factory=dict)

    def fill(self, template: str, resource: ScriptResource) -> str:
        """A template for one resource; `*` for whatever is not known."""
        if template in (ANY, ANY_ARN):
            return template
        key = _insert_path(template, resource), resource.region
        if key not in self._placed:
            self._placed[key] = self._fill_account(*key)
        return _ARGUMENT.sub(
            lambda found: _insert_value(found, _argument_or_prefix(found[1], resource, self.references)),
            self._placed[key],
        )

    def _fill_account(self, template: str, region: str) -> str:
        known: Mapping[str, str] = {
            "${partition}": self.account.partition,
            "${region}": region or ANY,
            "${account}": self.account.id,
        }
        for hole, value in known.items():
            template = template.replace(hole, value)
        return template


def _insert_value(found: re.Match[str], value: str) -> str:
    """A value in its template: `parameter/{name}` is parameter/app/key for the name `/app/key` too."""
    return value.removeprefix("/") if found.string[: found.start()].endswith("/") else value


def _argument_or_prefix(name: str, resource: ScriptResource, references: References) -> str:
    """The argument's text, or what is known of it by its prefix."""
    found = references.argument_text(resource, name)
    if found:
        return found
    prefix = references.argument_text(resource, f"{name}_prefix")
    return f"{prefix}*" if prefix else ANY


def _insert_path(template: str, resource: ScriptResource) -> str:
    """IAM's own resources have a path between their kind and their name."""
    if ":iam:" not in template or resource.body.node("path") is None or "{path}" in template:
        return template
    return re.sub(r"(:[a-z-]+)/\{", r"\1{path}{", template, count=1)
