"""Finds in CloudTrail the users that may have got a key or a password since a credential report was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from koding_audit.aws.call import MALFORMED, take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from koding_audit.reference.credential_events import load_credential_events

LOOKUP_EVENTS = "cloudtrail:LookupEvents"

# How long before the time of a report the events count: what it was made of may be a little older.
REPORT_MARGIN = timedelta(minutes=15)

# Pages of all lookups together. AWS allows two a second, so this is 20 seconds for 2,000 events.
MAX_PAGES = 40

_PAGE_SIZE = 50  # the maximum of MaxResults


def list_changed_users(connection: Connection, since: datetime) -> frozenset[str]:
    """Returns the case-folded names of the users in the events since a time. Raises CallError if any is unknown.

    An event is in CloudTrail some minutes after its call, without a guarantee: a change of these minutes is not found.
    """
    region = event_region(connection)
    changed: set[str] = set()
    pages = iter(range(MAX_PAGES))
    for name, service in load_credential_events().sources.items():
        for event in _lookup_events(connection, region, name, since - REPORT_MARGIN, pages):
            changed |= _user_names(event, service)
    return frozenset(name.casefold() for name in changed)


def event_region(connection: Connection) -> str:
    """Returns the region in which the account's partition records the events of IAM. Raises CallError if unknown."""
    partition = connection.identity()[0].partition
    region = load_credential_events().regions.get(partition)
    if region is None:
        cause = f"it is not known where partition {partition} records the events of IAM"
        raise CallError(LOOKUP_EVENTS, "UnknownRegion", "", cause=cause)
    return region


def _lookup_events(
    connection: Connection, region: str, name: str, since: datetime, pages: Iterator[int]
) -> Iterator[Mapping[str, Any]]:
    """Yields the events of a name since a time, as CloudTrail recorded them. Raises CallError.

    pages: one item for each page that may be read
    """
    parameters: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}],
        "StartTime": since,
        "MaxResults": _PAGE_SIZE,
    }
    for _ in pages:
        reply = connection.call_cloudtrail(region, "LookupEvents", **parameters)
        yield from map(_decode_event, take_field(reply, "Events", list, LOOKUP_EVENTS))
        if reply.get("NextToken") is None:
            return
        parameters["NextToken"] = take_field(reply, "NextToken", str, LOOKUP_EVENTS)
    raise CallError(LOOKUP_EVENTS, "TooManyEvents", "", cause=f"the events do not fit {MAX_PAGES} pages")


def _decode_event(row: Any) -> Mapping[str, Any]:
    try:
        event = json.loads(take_field(row, "CloudTrailEvent", str, LOOKUP_EVENTS))
    except (ValueError, RecursionError):
        event = None
    return take_field({"CloudTrailEvent": event}, "CloudTrailEvent", dict, LOOKUP_EVENTS)


def _user_names(event: Mapping[str, Any], service: str) -> frozenset[str]:
    """Returns the names of the users that an event of this service is about. Raises CallError if it names none.

    A call that failed changed nothing. Without a user in the request, the user is the caller; a key of the root user
    is not a user's.
    """
    if event.get("eventSource") != service or event.get("errorCode"):
        return frozenset()
    request, caller = _object(event, "requestParameters"), _object(event, "userIdentity")
    response = _object(event, "responseElements")
    made = [_object(response, name).get("userName") for name in ("accessKey", "loginProfile")]
    names = [each for each in (request.get("userName"), request.get("newUserName"), *made) if each is not None]
    if not names and caller.get("type") != "Root":
        names = [caller.get("userName")]
    if not all(isinstance(each, str) and each for each in names):
        raise CallError(LOOKUP_EVENTS, MALFORMED, "an event does not name its user")
    return frozenset(names)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Returns a member that is an object; {} for one that is absent or null. Raises CallError."""
    found = value.get(name)
    return {} if found is None else take_field(value, name, dict, LOOKUP_EVENTS)
