"""A file with a stack script, and accounts in which it can be built or not."""

from __future__ import annotations

from koding_audit.model.desired import Desired
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.stack import Stack, StackNeed, StackUnknown
from tests.values import aws, desired, group, live_group, live_user, policy_set, snapshot, user


def wanted(*needs: StackNeed, unknown: tuple[StackUnknown, ...] = ()) -> Desired:
    return desired(
        policy_set("build", aws("EC2")),
        policy_set("files", aws("S3")),
        group("Developers", required=["build"], optional=["files"]),
        user("koding-user", groups=["Developers"]),
        stacks=(Stack("web.yml", (), 2, needs, unknown),),
        builder=("user", "koding-user"),
    )


def live(*attached: str, **documents: str) -> Snapshot:
    texts = {aws(name): text for name, text in documents.items()}
    members = [live_group("Developers", attached=[aws(name) for name in attached])]
    return snapshot(*members, live_user("koding-user", groups=["Developers"]), documents=texts)
