"""The condition operators as data, and the comparison for each type of value.

Source: IAM user guide, reference_policies_elements_condition_operators.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

from koding_audit.policy.evaluation.patterns import glob_matcher, segment_matcher

# Whether a value of the request matches; None if that value is not of this type.
ValueTest = Callable[[str], bool | None]


class Operator(NamedTuple):
    """A condition operator.

    compares: the type of value.
    relation: of the request's value to the policy's value.
    negated: whether the result is negated.
    wildcards: whether the policy's value may contain `*` and `?`.
    variables: whether the policy's value may contain policy variables.
    """

    compares: str
    relation: str
    negated: bool
    wildcards: bool
    variables: bool


# name: compares, relation, negated, takes wildcards, takes variables
OPERATORS: Mapping[str, tuple[str, str, bool, bool, bool]] = {
    "StringEquals": ("text", "==", False, False, True),
    "StringNotEquals": ("text", "==", True, False, True),
    "StringEqualsIgnoreCase": ("text in any case", "==", False, False, True),
    "StringNotEqualsIgnoreCase": ("text in any case", "==", True, False, True),
    "StringLike": ("text", "like", False, True, True),
    "StringNotLike": ("text", "like", True, True, True),
    "NumericEquals": ("number", "==", False, False, False),
    "NumericNotEquals": ("number", "==", True, False, False),
    "NumericLessThan": ("number", "<", False, False, False),
    "NumericLessThanEquals": ("number", "<=", False, False, False),
    "NumericGreaterThan": ("number", ">", False, False, False),
    "NumericGreaterThanEquals": ("number", ">=", False, False, False),
    "DateEquals": ("date", "==", False, False, False),
    "DateNotEquals": ("date", "==", True, False, False),
    "DateLessThan": ("date", "<", False, False, False),
    "DateLessThanEquals": ("date", "<=", False, False, False),
    "DateGreaterThan": ("date", ">", False, False, False),
    "DateGreaterThanEquals": ("date", ">=", False, False, False),
    "Bool": ("boolean", "==", False, False, True),
    "BinaryEquals": ("binary", "==", False, False, False),
    "IpAddress": ("address", "in", False, False, False),
    "NotIpAddress": ("address", "in", True, False, False),
    "ArnEquals": ("ARN", "like", False, True, True),
    "ArnLike": ("ARN", "like", False, True, True),
    "ArnNotEquals": ("ARN", "like", True, True, True),
    "ArnNotLike": ("ARN", "like", True, True, True),
    "Null": ("presence", "==", False, False, False),
}

_RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda address, network: address in network,
}


def find_operator(name: str) -> Operator | None:
    """The operator of that name, in any case; None if there is none."""
    row = OPERATORS.get(name)
    if row is None:
        row = next((each for known, each in OPERATORS.items() if known.lower() == name.lower()), None)
    return None if row is None else Operator(*row)


def build_value_test(row: Operator, wanted: str) -> ValueTest | None:
    """Return a test for values of a request against one of a policy; None if the policy's value is not of the type.

    wanted: the policy's value, as parse_pattern returns it.
    """
    if row.compares in ("text", "text in any case", "ARN"):
        return _build_text_test(row, wanted)
    value = parse_network(wanted) if row.compares == "address" else _PARSERS[row.compares](wanted)
    if value is None:
        return None
    if row.compares == "binary":  # a request's value may be plain text or base64
        return lambda text: value in (text.encode(), parse_binary(text))
    reader, relation = _PARSERS[row.compares], _RELATIONS[row.relation]

    def test(text: str) -> bool | None:
        found = reader(text)
        return None if found is None else relation(found, value)

    return test


def _build_text_test(row: Operator, wanted: str) -> ValueTest | None:
    if row.compares == "ARN":
        return _build_arn_test(wanted)
    if row.relation == "like":
        return glob_matcher(wanted)
    if row.compares == "text":
        return wanted.__eq__
    folded = wanted.casefold()
    return lambda text: text.casefold() == folded


def _build_arn_test(wanted: str) -> ValueTest | None:
    parts = tuple(wanted.split(":", 5))
    if len(parts) < 6:
        return None
    matches = segment_matcher(parts)
    return lambda text: matches(text) if text.startswith("arn:") and text.count(":") >= 5 else None


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def parse_number(text: str) -> Decimal | None:
    """The number; None if the text is not one."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


# The W3C's forms of ISO 8601 (w3.org/TR/NOTE-datetime), each part after the year optional.
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)


def parse_date(text: str) -> Decimal | None:
    """The seconds since 1970, from ISO 8601 or from seconds; four digits are a year. None if it is neither."""
    found = _DATE.fullmatch(text)
    if found is None:
        return parse_number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        day_and_time = (int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
        at = datetime(int(year), *day_and_time, tzinfo=_parse_zone(zone))
    except ValueError:
        return None
    since = at - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(f"0.{fraction or 0}")


def _parse_zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return timezone.utc
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def parse_boolean(text: str) -> bool | None:
    """The boolean, in any case; None if the text is not one."""
    return {"true": True, "false": False}.get(text.lower())


def parse_binary(text: str) -> bytes | None:
    """The decoded base64; None if the text is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address; None if the text is not one."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


_CIDR = re.compile(r"[\da-fA-F.:]+(/(0|[1-9]\d{0,2}))?", re.ASCII)


def parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The range of a CIDR block; an address alone is a range of one. None if the text is neither."""
    if not _CIDR.fullmatch(text):  # Python also reads masks (`/255.255.255.0`) and zones (`%eth0`)
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "number": parse_number,
    "date": parse_date,
    "boolean": parse_boolean,
    "binary": parse_binary,
    "address": parse_address,
}
