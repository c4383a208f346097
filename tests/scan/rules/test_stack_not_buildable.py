"""stack-not-buildable: what it says of a script, and of what was not read."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.desired import Desired
from koding_audit.model.finding import Finding
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.stack import StackNeed, StackUse
from koding_audit.scan.rules import stack_not_buildable
from tests.scan.rules.stacks import live, wanted
from tests.values import aws, compare, line, live_group, snapshot, statement

WEB = StackUse("aws_instance.web", line(9), "create")
RUN = StackNeed("ec2:RunInstances", "arn:aws:ec2:*:123456789012:instance/*", "", (WEB,))
BUCKET = StackNeed("s3:CreateBucket", "arn:aws:s3:::*", "", (StackUse("aws_s3_bucket.logs", line(15), "create"),))


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
        " grants it"
    )
    assert finding.evidence["actions"] == ["s3:CreateBucket"]


def test_a_required_set_that_is_not_attached_is_named_as_such() -> None:
    (finding,) = found(wanted(RUN), live(EC2=EC2, S3=S3))
    assert finding.message.endswith("; set build, which is required, grants it")


def test_where_no_set_helps_it_says_so() -> None:
    (finding,) = found(wanted(replace(RUN, action="rds:CreateDBInstance")), live("EC2", EC2=EC2, S3=S3))
    assert finding.message.endswith("; no policy set grants it")


def test_what_is_not_known_is_said_in_that_way() -> None:
    logs = statement("s3:*", Resource="arn:aws:s3:::logs-*")
    (finding,) = found(wanted(BUCKET), live("S3", S3=logs))
    assert finding.message.startswith("user koding-user perhaps may not s3:CreateBucket")
    assert finding.evidence["verdict"] == "unknown"


def test_a_user_that_is_known_not_to_be_there_cannot_build() -> None:
    (finding,) = found(wanted(RUN), snapshot(live_group("Developers"), absent=[("user", "koding-user")]))
    assert finding.message == "user koding-user, the builder of web.yml, does not exist"


def test_a_user_that_was_not_read_is_left_to_not_checked() -> None:
    assert found(wanted(RUN), snapshot(live_group("Developers"))) == []


def test_a_policy_that_was_not_read_makes_no_finding() -> None:
    read = live("EC2")
    gap = Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", aws("EC2"))
    assert found(wanted(RUN), replace(read, gaps=(gap,))) == []
