"""The yardstick: the calls of a scan made with botocore alone, in parallel, and nothing done with the replies.

Run as `python -m benchmarks.bare URL CALLS`; CALLS is JSON, `[[service, action, parameters], ...]`.
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

    def call(service: str, action: str, parameters: dict[str, Any]) -> None:
        typed = {name: int(value) if name == "MaxItems" else value for name, value in parameters.items()}
        getattr(clients[service], xform_name(action))(**typed)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(call, *one) for one in calls]:
            each.result()


if __name__ == "__main__":
    main()
