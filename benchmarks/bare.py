"""The yardstick: the calls of a scan made with botocore alone, in parallel, and nothing done with the replies.

Run as `python -m benchmarks.bare URL CALLS`; CALLS is JSON, `[[service, action, parameters], ...]`. The pages of one
list come one after another, as they have to: the marker of each is in the reply before it.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
from botocore import xform_name


def main() -> None:
    url, calls = sys.argv[1], json.loads(sys.argv[2])
    session = botocore.session.get_session()
    clients = {
        service: session.create_client(service, region_name="us-east-1", endpoint_url=url) for service in ("iam", "sts")
    }

    def pages(asked: list[tuple[str, str, dict[str, Any]]]) -> None:
        for service, action, parameters in asked:
            getattr(clients[service], xform_name(action))(**parameters)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(pages, one) for one in lists_of(calls)]:
            each.result()


def lists_of(calls: list[tuple[str, str, dict[str, str]]]) -> list[list[tuple[str, str, dict[str, Any]]]]:
    """The calls as botocore takes them, those together that differ in their markers only."""
    lists: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for service, action, parameters in calls:
        asked = {name: value for name, value in parameters.items() if name != "Marker"}
        typed: dict[str, Any] = {
            name: int(value) if name == "MaxItems" else value
            for name, value in parameters.items()
            if not name.startswith("Filter.")
        }
        if "Filter.member.1" in parameters:
            typed["Filter"] = [parameters["Filter.member.1"]]
        lists.setdefault(json.dumps([service, action, asked]), []).append((service, action, typed))
    return list(lists.values())


if __name__ == "__main__":
    main()
