"""`stack-not-buildable` and `stack-type-unknown`: what they say of a script, and of what was not read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from koding_audit.model.desired import Desired
from koding_audit.model.finding import Finding
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.stack import Stack, StackNeed, StackUnknown, StackUse
from koding_audit.scan.rules import stack_not_buildable, stack_type_unknown
from tests.values import (
    aws,
    compare,
    desired,
    group,
    line,
    live_group,
    live_user,
    policy_set,
    snapshot,
    statement,
    user,
)

WEB = StackUse("aws_instance.web", line(9), "create")
RUN = StackNeed("ec2:RunInstances", "arn:aws:ec2:*:123456789012:instance/*", "", (WEB,))
BUCKET = StackNeed("s3:CreateBucket", "arn:aws:s3:::*", "", (StackUse("aws_s3_bucket.logs", line(15), "create"),))


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


def found(state: Desired, read: Snapshot) -> list[Finding]:
    return list(stack_not_buildable.check(compare(state, read)))


EC2, S3 = statement("ec2:*"), statement("s3:*")


def test_what_is_allowed_is_no_finding() -> None:
    assert found(wanted(RUN), live("EC2", EC2=EC2)) == []


def test_a_resource_that_lacks_something_is_named_with_its_place_and_the_set_that_helps() -> None:
    (finding,) = found(wanted(RUN, BUCKET), live("EC2", EC2=EC2, S3=S3))
    assert finding.location == line(15)
    assert finding.message == (
        "user koding-user may not s3:CreateBucket, which aws_s3_bucket.logs of web.yml needs; set files (--with files)"
        " gives it"
    )
    assert finding.evidence["actions"] == ["s3:CreateBucket"]


def test_a_required_set_that_is_not_attached_is_named_as_such() -> None:
    (finding,) = found(wanted(RUN), live(EC2=EC2, S3=S3))
    assert finding.message.endswith("; set build, which is required, gives it")


def test_where_no_set_helps_it_says_so() -> None:
    (finding,) = found(wanted(replace(RUN, action="rds:CreateDBInstance")), live("EC2", EC2=EC2, S3=S3))
    assert finding.message.endswith("; no policy set gives it")


def test_what_is_not_known_is_said_in_that_way() -> None:
    logs = statement("s3:*", Resource="arn:aws:s3:::logs-*")
    (finding,) = found(wanted(BUCKET), live("S3", S3=logs))
    assert finding.message.startswith("user koding-user perhaps may not s3:CreateBucket")
    assert finding.evidence["verdict"] == "unknown"


def test_a_user_that_is_known_not_to_be_there_cannot_build() -> None:
    (finding,) = found(wanted(RUN), snapshot(live_group("Developers"), absent=[("user", "koding-user")]))
    assert finding.message == "user koding-user, who is to build web.yml, does not exist"


def test_a_user_that_was_not_read_is_left_to_not_checked() -> None:
    assert found(wanted(RUN), snapshot(live_group("Developers"))) == []


def test_a_policy_that_was_not_read_makes_no_finding() -> None:
    read = live("EC2")
    gap = Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", aws("EC2"))
    assert found(wanted(RUN), replace(read, gaps=(gap,))) == []


def test_unknown_types_are_one_finding_each() -> None:
    places: list[Any] = [StackUnknown("aws_new", f"aws_new.{name}", "nobody knows", line(9)) for name in "ab"]
    module = StackUnknown("", "module.net", "what is in a module is not read", line(3))
    state = wanted(unknown=(*places, module))
    messages = [each.message for each in stack_type_unknown.check(compare(state, live()))]
    assert messages == [
        "it is not known what aws_new.a of web.yml needs: nobody knows (and 1 more of it)",
        "it is not known what module.net of web.yml needs: what is in a module is not read",
    ]
