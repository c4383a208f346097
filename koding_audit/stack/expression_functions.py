"""Terraform's functions for names, counts and collections (developer.hashicorp.com/terraform/language/functions)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any


def _to_set(values: Any) -> list[Any]:
    return sorted(dict.fromkeys(values))


def _length(value: Any) -> int:
    return len(value)


def _merge(*values: Any) -> dict[str, Any]:
    return dict(chain.from_iterable(each.items() for each in values))


def _look_up(values: Any, key: Any, *default: Any) -> Any:
    return values.get(key, *default) if default else values[key]


def _flatten(values: Iterable[Any]) -> list[Any]:
    return [one for each in values for one in (_flatten(each) if isinstance(each, list) else [each])]


def _to_bool(value: Any) -> bool:
    return {"true": True, "false": False, True: True, False: False}[value]


def _to_string(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _concat(*values: Any) -> list[Any]:
    return list(chain.from_iterable(values))


def _values(value: Any) -> list[Any]:
    return [value[key] for key in sorted(value)]


def _compact(values: Any) -> list[Any]:
    return [each for each in values if each not in (None, "")]


def _coalesce(*values: Any) -> Any:
    return _compact(values)[0]


def _distinct(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))


def _element(values: Any, at: Any) -> Any:
    return values[at % len(values)]


def _join(separator: str, *values: Any) -> str:
    return separator.join(map(str, chain.from_iterable(values)))


def _split(separator: str, text: str) -> list[str]:
    return text.split(separator)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "toset": _to_set,
    "tolist": list,
    "tomap": dict,
    "tostring": _to_string,
    "tonumber": int,
    "tobool": _to_bool,
    "length": _length,
    "concat": _concat,
    "merge": _merge,
    "keys": sorted,
    "values": _values,
    "lookup": _look_up,
    "contains": operator.contains,
    "coalesce": _coalesce,
    "compact": _compact,
    "distinct": _distinct,
    "flatten": _flatten,
    "element": _element,
    "join": _join,
    "split": _split,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "trimspace": str.strip,
    "trimprefix": str.removeprefix,
    "trimsuffix": str.removesuffix,
    "max": max,
    "min": min,
}
