"""Resources of a script, and what they need."""

from __future__ import annotations

from typing import Any

ROLE = "arn:aws:iam::123456789012:role/"


def bucket(**arguments: Any) -> dict[str, Any]:
    return {"aws_s3_bucket": {"logs": arguments}}
