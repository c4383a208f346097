"""A webhook of any program: the changes as JSON, version 1, with the number of findings and the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from koding_audit import __version__
from koding_audit.io.json_text import format_time, write_json
from koding_audit.io.text import clip_text
from koding_audit.model.finding import Finding
from koding_audit.report.change_text import Message, changes_headline
from koding_audit.report.changes import AccountChanges, ReportChanges

_MOST = 100  # findings of each kind
_LONGEST = 2000  # characters of a message


def message(changes: ReportChanges, now: datetime) -> Message:
    """Returns the message for a webhook. now: the time of sending."""
    value = {
        "version": 1,
        "kind": "koding-audit-news",
        "tool": {"name": "koding-audit", "version": __version__},
        "told_at": format_time(now),
        "headline": changes_headline(changes),
        "status": changes.status,
        "compared": changes.has_previous,
        "errors": [clip_text(each, _LONGEST) for each in changes.errors[:_MOST]],
        "accounts": [_account_value(each) for each in changes.accounts],
    }
    return Message(write_json(value))


def _account_value(changes: AccountChanges) -> dict[str, Any]:
    account = changes.account
    return {
        "account": {"id": account.id, "partition": account.partition, "alias": account.alias},
        "taken_at": None if changes.taken_at is None else format_time(changes.taken_at),
        "status": changes.status,
        "stale": changes.is_stale,
        "standing": changes.unresolved,
        "new": _findings_value(changes.new),
        "gone": _findings_value(changes.gone),
        "waived": _findings_value(changes.waived),
        "unknown": _findings_value(changes.unknown),
    }


def _findings_value(findings: Sequence[Finding]) -> dict[str, Any]:
    first = [
        {
            "id": clip_text(each.id, _LONGEST),
            "rule": each.rule,
            "severity": each.severity,
            "message": clip_text(each.message, _LONGEST),
            "known": each.known,
        }
        for each in findings[:_MOST]
    ]
    return {"count": len(findings), "findings": first}
