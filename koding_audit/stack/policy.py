"""Builds a policy for one stack: its actions, each on the resources that the script names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from koding_audit.model.stack import StackNeed
from koding_audit.reference.quotas import load_quotas
from koding_audit.stack.arn_templates import ANY_ARN

_StatementJson = dict[str, Any]


def stack_policy_documents(needs: Iterable[StackNeed]) -> tuple[dict[str, Any], ...]:
    """Returns the policy documents for needs: one, or several if one would exceed IAM's size limit."""
    limit = load_quotas()["document", "policy"].value
    found: list[list[_StatementJson]] = [[]]
    for statement in _add_sids(_merge_statements(needs, limit)):
        if found[-1] and document_size(_policy_document([*found[-1], statement])) > limit:
            found.append([])
        found[-1].append(statement)
    return tuple(map(_policy_document, found))


def document_size(document: dict[str, Any]) -> int:
    """Returns a document's size in characters as IAM counts it, without white space."""
    return len(re.sub(r"\s", "", json.dumps(document)))


def _policy_document(statements: Sequence[_StatementJson]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _merge_statements(needs: Iterable[StackNeed], limit: int) -> Iterator[_StatementJson]:
    """Yields one statement for all actions on the same resources; a statement that fits no document is split.

    limit: the size of a document in characters.
    """
    resources: dict[str, set[str]] = {}
    for need in needs:
        resources.setdefault(need.action, set()).add("*" if need.resource == ANY_ARN else need.resource)
    actions_by_resources: dict[tuple[str, ...], list[str]] = {}
    for action, arns in sorted(resources.items()):
        names = ("*",) if "*" in arns else tuple(sorted(arns))
        actions_by_resources.setdefault(names, []).append(action)
    for names, actions in sorted(actions_by_resources.items(), key=lambda each: (each[0] != ("*",), each[1])):
        yield from _split_statement(actions, names, limit)


def _split_statement(actions: Sequence[str], resources: Sequence[str], limit: int) -> Iterator[_StatementJson]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if (
        document_size(_policy_document([{"Sid": "x" * 40, **statement}])) <= limit
        or len(actions) == len(resources) == 1
    ):
        yield statement
        return
    by_action = len(actions) > 1 and (len(actions) > len(resources) or len(resources) == 1)
    items = actions if by_action else resources
    for half in (items[: len(items) // 2], items[len(items) // 2 :]):
        yield from _split_statement(*((half, resources) if by_action else (actions, half)), limit)


def _add_sids(statements: Iterable[_StatementJson]) -> Iterator[_StatementJson]:
    """Yields the statements with a Sid: the service of its actions, and a number if the service has several."""
    seen: dict[str, int] = {}
    for each in statements:
        services = {action.partition(":")[0] for action in each["Action"]}
        word = re.sub(r"[^A-Za-z0-9]", "", services.pop().title()) if len(services) == 1 else "Several"
        seen[word] = seen.get(word, 0) + 1
        yield {"Sid": word + (str(seen[word]) if seen[word] > 1 else ""), **each}
