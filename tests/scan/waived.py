"""A desired state with waivers, and an account that lacks a policy and a membership."""

from __future__ import annotations

from koding_audit.model.desired import Desired
from tests.values import aws, desired, group, live_group, live_user, managed, policy_set, snapshot, user

EC2, READ, S3 = aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess"), aws("AmazonS3ReadOnlyAccess")
GUIDE = (policy_set("build", EC2, READ), group(required=["build"]), user(groups=["Developers"]))
LIVE = snapshot(live_group(attached=[EC2, S3]), live_user(groups=[]), policies=managed(EC2, READ))


def wanted(*accepted: object) -> Desired:
    return desired(*GUIDE, waivers=accepted)
