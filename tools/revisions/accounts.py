"""The simulated accounts that live commands of a comparison talk to, and a log of what each was asked."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.servers.wire import Call
from tests.simulator.account import AWS, Account
from tests.simulator.organization import ROOT, Organization
from tests.simulator.server import Simulator, listening

MEMBERS = ("111111111111", "222222222222", "333333333333")
READER = ("iam:GetUser", "iam:GetGroup", "iam:ListGroupsForUser", "iam:ListAttachedGroupPolicies")
_PAGES = ("MaxItems", "PageSize")


class Server:
    """One account or organization behind HTTP. log: what was asked since it was last taken."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.url = ""
        self._log: list[tuple[bool, str]] = []
        answer = simulator.reply

        def reply(call: Call) -> Any:
            said = json.dumps([call.key, call.service, call.action, dict(sorted(call.parameters.items()))])
            self._log.append((call.writes, said))
            return answer(call)

        simulator.reply = reply  # type: ignore[method-assign]

    def taken(self) -> str:
        """What was asked: reads sorted, for they run side by side; then writes in their order."""
        log, self._log = self._log, []
        return "\n".join(
            [*sorted(said for writes, said in log if not writes), *(said for writes, said in log if writes)]
        )


def document(*actions: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    )


_POLICIES: Mapping[str, tuple[str, ...]] = {
    f"{AWS}AmazonEC2FullAccess": ("ec2:*", "elasticloadbalancing:*", "cloudwatch:*"),
    f"{AWS}IAMReadOnlyAccess": ("iam:Get*", "iam:List*"),
    f"{AWS}AmazonRoute53FullAccess": ("route53:*", "route53domains:*"),
    f"{AWS}AmazonRoute53DomainsFullAccess": ("route53domains:*", "route53:CreateHostedZone"),
    f"{AWS}AmazonS3ReadOnlyAccess": ("s3:Get*", "s3:List*"),
    f"{AWS}CloudWatchLogsReadOnlyAccess": ("logs:Get*", "logs:Describe*"),
    f"{AWS}AdministratorAccess": ("*",),
    f"{AWS}ReadOnlyAccess": ("iam:Get*", "s3:Get*"),
}


def empty() -> Account:
    """AWS's policies, and nobody."""
    account = Account()
    for arn, actions in _POLICIES.items():
        account.add_policy(arn, document(*actions))
    return account


def drifted() -> Account:
    """Users, groups, a role and a policy of the account's own that are not as commands.TEAM says."""
    account = empty()
    account.add_policy("arn:aws:iam::123456789012:policy/team/team-logs", document("s3:*"))
    account.add("Group", "Developers", attached=[f"{AWS}AmazonEC2FullAccess", f"{AWS}AmazonS3ReadOnlyAccess"])
    account.add("Group", "Operators", path="/ops/", inline={"stray": document("sns:Publish")})
    account.add("Group", "Strays")
    account.add("User", "koding-user", keys=[account.new_id("Key"), account.new_id("Key")])
    account.add("User", "ada", groups={"Developers"}, inline={"own": document("sqs:*"), "old": document("sns:*")})
    account.add("User", "grace", path="/ci/", attached=[f"{AWS}AmazonRoute53FullAccess"])
    account.add("User", "mallory", groups={"Developers", "Strays"}, attached=[f"{AWS}AdministratorAccess"])
    account.add("Role", "app", path="/web/", trust=TRUST, inline={"queue": document("sqs:SendMessage")})
    return account


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def guide() -> Account:
    """What policies/koding.yaml asks for, but for one policy, the membership and half of an optional set."""
    account = empty()
    attached = ("AmazonEC2FullAccess", "AmazonRoute53DomainsFullAccess", "AmazonS3ReadOnlyAccess")
    account.add("Group", "Developers", attached=[f"{AWS}{name}" for name in attached])
    account.add("User", "koding-user", keys=[account.new_id("Key")])
    return account


def denied() -> Account:
    """The same, for a caller who may read a part of it only."""
    account = guide()
    account.permissions = document(*READER)
    return account


def organization() -> Simulator:
    """Three accounts, of which the first is as it should be; the third is in a unit of its own."""
    members = {each: _member(attached=each == MEMBERS[0]) for each in MEMBERS}
    return Organization(
        Account(),
        members=members,
        units={ROOT: ["ou-abcd-11111111"]},
        placed={MEMBERS[0]: ROOT, MEMBERS[1]: ROOT, MEMBERS[2]: "ou-abcd-11111111"},
        tags={MEMBERS[2]: {"stage": "production"}},
    )


def _member(*, attached: bool) -> Account:
    account = empty()
    account.add("Group", "Readers", attached=[f"{AWS}ReadOnlyAccess"] if attached else [])
    account.add("User", "ada", groups={"Readers"})
    return account


KINDS: Mapping[str, Callable[[], Simulator]] = {
    "empty": lambda: Simulator(empty()),
    "drifted": lambda: Simulator(drifted()),
    "guide": lambda: Simulator(guide()),
    "denied": lambda: Simulator(denied()),
    "organization": organization,
}


@contextlib.contextmanager
def serving(kind: str) -> Iterator[Server]:
    """A server of that kind; of kind "" one that nobody listens at."""
    if not kind:
        yield Server(Simulator(Account()))
        return
    server = Server(KINDS[kind]())
    with listening(server.simulator) as simulator:
        server.url = simulator.url
        yield server


def port_of(url: str) -> str:
    found = re.search(r":([0-9]+)$", url)
    return found[1] if found else ""
