"""The texts that `Ref` and `Fn::GetAtt` of a resource return, where its own properties say them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping

from koding_audit.model.frozen import dataclass
from koding_audit.stack.open_text import escape_literal, join_texts, open_text

LONGEST_NAME = 2048
"""The most characters of a name or an ARN; a longer text is open, so that names made of names stay short."""

_TABLE = os.path.join(os.path.dirname(__file__), "resource_names.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time
_OPEN_WHOLE = re.compile(r"\$\{[^{}]*\}")
_HOLE = re.compile(r"\{([A-Za-z.]+)(?:=([^{}]*))?\}|\$\{(AWS::[A-Za-z]+)\}")


@dataclass(frozen=True, slots=True)
class ResourceForms:
    """What `Ref` and `Fn::GetAtt` return for a type: `{Property}` is a property, `{Property=text}` has a default.

    ref: the form of `Ref`, "" if not known
    attributes: the form of each attribute
    """

    ref: str
    attributes: Mapping[str, str]


def load_resource_forms() -> Mapping[str, ResourceForms]:
    """Returns the forms by type. Each row of the table has its source, and the date at which that was read."""
    with open(_TABLE, encoding="ascii") as file:  # noqa: PTH123 - as above
        rows = map(json.loads, file)
        return {row["type"]: ResourceForms(row.get("ref", ""), row.get("attributes", {})) for row in rows}


def fill_form(form: str, text_of: Callable[[str], str | None], pseudo: Mapping[str, str]) -> str | None:
    """Returns a form with the properties of a resource, None if one of them is missing or open.

    text_of: the text of a property, None if it is not a text
    pseudo: the pseudo parameters that are known; others stay open
    """
    pieces, at = [], 0
    for hole in _HOLE.finditer(form):
        pieces.append(form[at : hole.start()])
        at = hole.end()
        if hole[3]:
            pieces.append(escape_literal(pseudo[hole[3]]) if hole[3] in pseudo else open_text(hole[3]))
            continue
        text = text_of(hole[1])
        if text is None or _OPEN_WHOLE.fullmatch(text):
            if text is not None or hole[2] is None:
                return None
            text = hole[2]
        pieces.append(text)
    found = join_texts([*pieces, form[at:]])
    return found if len(found) <= LONGEST_NAME else None
