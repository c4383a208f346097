"""ARN templates of resource types: selects the templates that an action applies to, and fills them for a resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from koding_audit.model.account import Account
from koding_audit.reference.actions import ActionList, ResourceType
from koding_audit.stack.references import ANY, References
from koding_audit.stack.script import ScriptResource

ANY_ARN = "arn:*"
"""Any resource: a need on it is allowed only if its action is allowed on every resource."""

_HOLE = re.compile(r"\$\{[^}]*\}|\{[^}]*\}|\*")
_ARGUMENT = re.compile(r"(?<!\$)\{([^}]*)\}")


@dataclass
class TemplateMatcher:
    """Selects the templates of a type that an action applies to.

    Results are cached: a script has many resources of few types.

    known: AWS's actions and their resource types
    account: the account of the script
    """

    known: ActionList
    account: Account
    _fits: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, bool], ...]] = field(default_factory=dict)

    def templates_for(self, action: str, templates: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
        """Returns the templates that match the action's resource types, each with whether it is certainly needed.

        The first is certain, as the type's own. Others are not, and neither is a generic template for each resource
        type that AWS's list requires and no template matches. The result is `*` alone for an action without resource
        types, ANY_ARN if no template matches, and ANY_ARN that is not certain if AWS's list does not have the types.
        """
        key = action, templates
        if key not in self._fits:
            self._fits[key] = self._match_templates(action, templates)
        return self._fits[key]

    def has_form(self, template: str, type_: ResourceType) -> bool:
        """Whether a template has the form of a resource type."""
        return self._matching_type(template, (type_,)) is not None

    def _match_templates(self, action: str, templates: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
        if not self.known.is_described(action):
            return ((ANY_ARN, False),)
        types = self.known.resource_types(action)
        if not types:
            return ((ANY, True),)
        own = {each: type_ for each in templates if (type_ := self._matching_type(each, types)) is not None}
        if own and self._is_read(action):
            return ((next(iter(own)), True),)  # a list of tags is read of the resource itself
        own = own or dict.fromkeys(self._unlisted_templates(action, templates), "")
        unmatched = [each for each in types if each.required and each.name not in own.values()]
        found = [*own, *(generic_template(arn) for each in unmatched for arn in each.arns)]
        if not own and len(found) != 1:
            return ((ANY_ARN, True),)
        return tuple((each, number == 0) for number, each in enumerate(found))

    def _is_read(self, action: str) -> bool:
        return self.known.access_level(action) in ("List", "Read")

    def _unlisted_templates(self, action: str, templates: tuple[str, ...]) -> list[str]:
        """Returns the templates of the action's service that no action takes in AWS's list.

        For example, AWS lists the resources of API Gateway V2, but not which actions take them. The type's row decides
        then.
        """
        service = action.partition(":")[0]
        own = [each for each in templates if each.split(":")[2] == service]
        names = self.known.described[service] if own else ()
        listed = [each for name in names for each in self.known.resource_types(f"{service}:{name}")]
        return [each for each in own if self._matching_type(each, listed) is None]

    def _matching_type(self, template: str, types: Iterable[ResourceType]) -> str | None:
        """Returns the name of the resource type whose ARN has the template's form, None if there is none."""
        form = _arn_form(template)
        for matches in (_is_same_form, _is_within_form):
            for each in types:
                if any(matches(form, _arn_form(arn)) for arn in each.arns):
                    return each.name
        return None


def _arn_form(arn: str) -> str:
    """Returns an ARN with `*` for each placeholder."""
    return _HOLE.sub(ANY, arn)


def _is_same_form(form: str, general: str) -> bool:
    return form == general


def _is_within_form(form: str, general: str) -> bool:
    """Whether a form equals a more general one, in which `*` matches any text without `/` and `:`."""
    pattern = re.escape(general).replace(r"\*", "[^/:]*")
    return re.fullmatch(pattern, form) is not None


def generic_template(arn: str) -> str:
    """Returns the template of any resource of a type, from AWS's ARN format."""
    template = arn.replace("${Partition}", "${partition}").replace("${Region}", "${region}")
    template = template.replace("${Account}", "${account}")
    return re.sub(r"\$\{[A-Z][^}]*\}", ANY, template)


@dataclass
class TemplateFiller:
    """Fills ARN templates with the account, the region and the arguments of a resource.

    Templates filled with account and region are cached.
    """

    account: Account
    references: References
    _cache: dict[tuple[str, str], str] = field(default_factory=dict)

    def fill(self, template: str, resource: ScriptResource) -> str:
        """Returns the ARN of a template for a resource; unknown values are `*`."""
        if template in (ANY, ANY_ARN):
            return template
        key = _insert_path(template, resource), resource.region
        if key not in self._cache:
            self._cache[key] = self.fill_account(*key)
        return _ARGUMENT.sub(
            lambda found: _insert_value(found, _argument_or_prefix(found[1], resource, self.references)),
            self._cache[key],
        )

    def fill_account(self, template: str, region: str) -> str:
        """Returns a template with the account's values and a region, "" if unknown."""
        known: Mapping[str, str] = {
            "${partition}": self.account.partition,
            "${region}": region or ANY,
            "${account}": self.account.id,
        }
        for hole, value in known.items():
            template = template.replace(hole, value)
        return template


def _insert_value(found: re.Match[str], value: str) -> str:
    """Returns a value for its place in a template: `parameter/{name}` and `/app/key` give `parameter/app/key`."""
    return value.removeprefix("/") if found.string[: found.start()].endswith("/") else value


def _argument_or_prefix(name: str, resource: ScriptResource, references: References) -> str:
    """Returns an argument's text; without the argument, its `_prefix` argument with `*`; else `*`."""
    found = references.argument_text(resource, name)
    if found:
        return found
    prefix = references.argument_text(resource, f"{name}_prefix")
    return f"{prefix}*" if prefix else ANY


def _insert_path(template: str, resource: ScriptResource) -> str:
    """Adds an IAM resource's path to its template, between the kind and the name."""
    if ":iam:" not in template or resource.body.node("path") is None or "{path}" in template:
        return template
    return re.sub(r"(:[a-z-]+)/\{", r"\1{path}{", template, count=1)
