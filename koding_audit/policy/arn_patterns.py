"""Completes the ARNs of Resource and NotResource elements, as IAM does."""

from __future__ import annotations

import re

_ARN_FIELDS = 6
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def complete_arn(text: str, *, variables: bool) -> str:
    """Return an ARN with `*` for each missing field; a complete ARN and any other text as it is.

    A field that is present but empty stays empty. Source: IAM user guide, reference-arns.
    variables: whether `${...}` is a policy variable, whose colons separate no fields.
    """
    if not text.startswith("arn:"):
        return text
    # Behind the last brace nothing is a variable, and a search for one would take quadratic time.
    closed, brace, rest = text.rpartition("}") if variables else ("", "", text)
    plain = _VARIABLE.sub("", closed + brace) + rest
    return text + ":*" * (_ARN_FIELDS - 1 - plain.count(":"))
