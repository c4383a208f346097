"""What runs inside a peer's own environment: cases as JSON lines in, `{id, allowed}` and the seconds taken out.

`python runners.py PEER < cases.jsonl`. Only the standard library and that peer are imported.
"""

from __future__ import annotations

import collections
import collections.abc
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Case = Mapping[str, Any]


def moto() -> Callable[[Case], bool]:
    """moto's enforcement: identity policies only, without any condition key, as its server asks them."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    def allowed(case: Case) -> bool:
        request = case["request"]
        results = [
            IAMPolicy({"policy_document": json.dumps(each)}).is_action_permitted(request["action"], request["resource"])
            for each in case["identityPolicies"]
        ]
        return PermissionResult.DENIED not in results and PermissionResult.PERMITTED in results

    return allowed


def principalmapper() -> Callable[[Case], bool]:
    """PMapper's local check, with every layer that it takes; it imports names that Python 3.10 has moved."""
    for name in ("Mapping", "MutableMapping"):
        setattr(collections, name, getattr(collections.abc, name))
    from principalmapper.common import Node, Policy
    from principalmapper.querying.query_interface import local_check_authorization_full

    def allowed(case: Case) -> bool:
        request = case["request"]
        own = [
            Policy(f"arn:aws:iam::aws:policy/p{at}", f"p{at}", each) for at, each in enumerate(case["identityPolicies"])
        ]
        boundary = case["boundary"][0] if case["boundary"] else None
        bound = Policy("arn:aws:iam::aws:policy/b", "b", boundary) if boundary else None
        trust = {"Version": "2012-10-17", "Statement": []} if ":role/" in request["principal"] else None
        node = Node(request["principal"], "AIDA", own, [], trust, None, 0, False, False, bound, False, {})
        scps = [[Policy("arn:scp", "scp", each) for each in level] for level in case.get("scps") or []]
        answer = local_check_authorization_full(
            node,
            request["action"],
            request["resource"],
            request.get("context") or {},
            case.get("resourcePolicy"),
            request.get("resourceAccount"),
            scps or None,
            (case.get("session") or [None])[0] if isinstance(case.get("session"), list) else case.get("session"),
        )
        return bool(answer)

    return allowed


PEERS: Mapping[str, Callable[[], Callable[[Case], bool]]] = {"moto": moto, "principalmapper": principalmapper}


def _answered(allowed: Callable[[Case], bool], case: Case) -> bool | None:
    """A peer's own errors count as no answer."""
    try:
        return allowed(case)
    except Exception:  # noqa: BLE001 - whatever it raises
        return None


def main(name: str) -> None:
    cases = [json.loads(line) for line in sys.stdin if line.strip()]
    allowed = PEERS[name]()
    answers: dict[str, bool | None] = {}
    begun = time.perf_counter()
    for case in cases:
        answers[case["id"]] = _answered(allowed, case)
    json.dump({"answers": answers, "seconds": time.perf_counter() - begun}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
