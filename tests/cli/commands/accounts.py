"""A desired state, and saved accounts that follow it wholly or in part."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.account import Caller
from tests.values import aws, live_group, live_user, root_use, snapshot

WANTED = """\
version: 1
policy_sets:
  build: {policies: [IAMReadOnlyAccess]}
  dns: {policies: [AmazonRoute53FullAccess, AmazonRoute53DomainsFullAccess]}
groups:
  Developers: {required: [build], optional: [dns], members: [ada]}
"""
READ_ONLY = aws("IAMReadOnlyAccess")
WHOLE = snapshot(
    live_group("Developers", attached=[READ_ONLY]),
    live_user("ada", groups=["Developers"]),
    caller=Caller("arn:aws:iam::123456789012:user/auditor", root=False),
    summary={"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1, "AccountSigningCertificatesPresent": 0},
    root_use=root_use(),
    policies={},
)
HALF = replace(
    WHOLE,
    principals={
        **WHOLE.principals,
        ("group", "developers"): live_group("Developers", attached=[READ_ONLY, aws("AmazonRoute53FullAccess")]),
    },
)
