"""Any program behind an address: the news as JSON, version 1, with the number of findings and the first of them."""

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

_MOST = 100  # findings of a kind
_LONGEST = 2000  # characters of a message


def message(news: ReportChanges, now: datetime) -> Message:
    value = {
        "version": 1,
        "kind": "koding-audit-news",
        "tool": {"name": "koding-audit", "version": __version__},
        "told_at": format_time(now),
        "headline": changes_headline(news),
        "status": news.status,
        "compared": news.has_previous,
        "errors": [clip_text(each, _LONGEST) for each in news.errors[:_MOST]],
        "accounts": [_account_value(each) for each in news.accounts],
    }
    return Message(write_json(value))


def _account_value(news: AccountChanges) -> dict[str, Any]:
    account = news.account
    return {
        "account": {"id": account.id, "partition": account.partition, "alias": account.alias},
        "taken_at": None if news.taken_at is None else format_time(news.taken_at),
        "status": news.status,
        "stale": news.is_stale,
        "standing": news.unresolved,
        "new": _findings_value(news.new),
        "gone": _findings_value(news.gone),
        "waived": _findings_value(news.waived),
        "unknown": _findings_value(news.unknown),
    }


def _findings_value(findings: Sequence[Finding]) -> dict[str, Any]:
    told = [
        {
            "id": clip_text(each.id, _LONGEST),
            "rule": each.rule,
            "severity": each.severity,
            "message": clip_text(each.message, _LONGEST),
            "known": each.known,
        }
        for each in findings[:_MOST]
    ]
    return {"count": len(findings), "findings": told}
