"""Adds what templates say to a script; several templates of a folder are one script."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from koding_audit.model.frozen import replace
from koding_audit.stack.cloudformation import TemplateParts
from koding_audit.stack.script import Script
from koding_audit.stack.template import StackTemplate

TemplateReadingResult = tuple[str, TemplateParts, StackTemplate]
"""The path of a template, its parts, and what it says beside its resources."""


def add_templates(script: Script, readings: Sequence[TemplateReadingResult]) -> Script:
    """Returns a script with its templates, without those that another one of them nests."""
    nested = {path for _, parts, _ in readings for path in parts.nested_files}
    roots = [(parts, template) for path, parts, template in readings if os.path.normpath(path) not in nested]
    files = {each.path: each for each in script.files}
    for parts, _ in roots:
        known = {os.path.normpath(path) for path in files}
        files.update({each.path: each for each in parts.files if each.path not in known})
    return replace(
        script,
        files=tuple(files.values()),
        resources=(*script.resources, *(each for parts, _ in roots for each in parts.resources)),
        unread=(*script.unread, *(each for parts, _ in roots for each in parts.unread)),
        notes=(*script.notes, *(each for parts, _ in roots for each in parts.notes)),
        template=merge_stack_templates([template for _, template in roots]),
    )


def merge_stack_templates(templates: Sequence[StackTemplate]) -> StackTemplate | None:
    """Returns what several templates say as one, None if there are none."""
    if len(templates) <= 1:
        return templates[0] if templates else None
    return replace(
        templates[0],
        stack_names=_unique(name for each in templates for name in each.stack_names),
        parameters=tuple(each for template in templates for each in template.parameters),
        transforms=_unique(name for each in templates for name in each.transforms),
        dynamic_references=tuple(each for template in templates for each in template.dynamic_references),
        nested=tuple(each for template in templates for each in template.nested),
        custom=tuple(each for template in templates for each in template.custom),
        size=max(each.size for each in templates),
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
