"""Writes reference/data/sdk_services.json from the installed botocore: how SDKs name services, and shared operations.

`make data` runs it after tools/bake.py, of whose hosts.json it takes the date of botocore.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.session

from koding_audit.reference.actions import load_actions
from koding_audit.reference.operations import load_operations, service_key
from koding_audit.reference.tables import read_json

TARGET = Path(__file__).parent.parent / "koding_audit" / "reference" / "data" / "sdk_services.json"
_NAMES = ("serviceId", "serviceAbbreviation", "serviceFullName", "endpointPrefix")


def _models() -> Iterator[tuple[str, Any]]:
    session = botocore.session.get_session()
    for name in session.get_available_services():
        yield name, session.get_service_model(name)


def build_services() -> dict[str, Any]:
    """Return the content of the file.

    services: by a name of an SDK, in lower case without spaces, the IAM prefix; a name of two services is left out.
    shared: operations whose name the list of actions has for one service only, although others have them too.
    """
    known, table = load_actions(), load_operations()
    names: dict[str, set[str]] = defaultdict(set)
    having: dict[str, set[str]] = defaultdict(set)
    for name, model in _models():
        prefix = _prefix(model.metadata, known.services, table.event_sources)
        for operation in model.operation_names:
            having[operation].add(prefix or name)
        if prefix:
            for each in (name, *(model.metadata.get(field, "") for field in _NAMES)):
                names[service_key(each)].add(prefix)
    services = {name: min(prefixes) for name, prefixes in sorted(names.items()) if name and len(prefixes) == 1}
    listed: dict[str, set[str]] = defaultdict(set)
    for prefix, actions in known.services.items():
        for action in actions:
            listed[action].add(prefix)
    shared = sorted(each for each, within in having.items() if len(listed[each]) == 1 and within != listed[each])
    return {
        "origin": {
            "source": "botocore",
            "version": botocore.__version__,
            "date": read_json("hosts")["origin"]["date"],
            "licence": "Apache-2.0",
            "copyright": "Copyright 2012-2022 Amazon.com, Inc. or its affiliates. All Rights Reserved.",
            "counts": {"services": len(services), "shared": len(shared)},
        },
        "services": services,
        "shared": shared,
    }


def _prefix(metadata: Mapping[str, Any], known: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    """Return the IAM prefix of a service; "" if it is not certain."""
    endpoint = metadata.get("endpointPrefix", "")
    if f"{endpoint}.amazonaws.com" in sources:
        return sources[f"{endpoint}.amazonaws.com"]
    return next((each for each in (metadata.get("signingName", ""), endpoint) if each in known), "")


if __name__ == "__main__":
    TARGET.write_text(json.dumps(build_services(), indent=1) + "\n", encoding="ascii")
