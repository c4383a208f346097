"""Any program behind an address: the news as JSON, version 1, with the number of findings and the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from koding_audit import __version__
from koding_audit.jsontext import instant, write_json
from koding_audit.model import Finding
from koding_audit.news import AccountNews, News
from koding_audit.telling import Message, headline
from koding_audit.text import clipped

_MOST = 100  # findings of a kind
_LONGEST = 2000  # characters of a message


def message(news: News, now: datetime) -> Message:
    value = {
        "version": 1,
        "kind": "koding-audit-news",
        "tool": {"name": "koding-audit", "version": __version__},
        "told_at": instant(now),
        "headline": headline(news),
        "status": news.status,
        "compared": news.compared,
        "errors": [clipped(each, _LONGEST) for each in news.errors[:_MOST]],
        "accounts": [_account(each) for each in news.accounts],
    }
    return Message(write_json(value))


def _account(news: AccountNews) -> dict[str, Any]:
    account = news.account
    return {
        "account": {"id": account.id, "partition": account.partition, "alias": account.alias},
        "taken_at": None if news.taken_at is None else instant(news.taken_at),
        "status": news.status,
        "stale": news.stale,
        "standing": news.standing,
        "new": _findings(news.new),
        "gone": _findings(news.gone),
        "waived": _findings(news.waived),
        "unknown": _findings(news.unknown),
    }


def _findings(findings: Sequence[Finding]) -> dict[str, Any]:
    told = [
        {
            "id": clipped(each.id, _LONGEST),
            "rule": each.rule,
            "severity": each.severity,
            "message": clipped(each.message, _LONGEST),
            "known": each.known,
        }
        for each in findings[:_MOST]
    ]
    return {"count": len(findings), "findings": told}
