"""The law that more rules, more sets and more users find no less, whatever the credential report shows.

Over HTTP: an account whose users got keys and passwords after the report was made, and an audit of a part of a file
beside one of all of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources.live import collect_snapshot
from koding_audit.model.desired import Desired, DesiredUser
from koding_audit.model.report import Audit
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from tests.simulator.account import Account
from tests.simulator.server import serving
from tests.values import ACCOUNT, desired, key_limits, policy_set, user

pytestmark = pytest.mark.slow

CREDENTIAL_RULES = (
    *("access-key-extra", "access-key-missing", "access-key-old", "access-key-unused"),
    *("console-unexpected", "console-mfa-missing", "service-credential-unexpected", "signing-certificate-unexpected"),
)
OTHER_RULES = ("root-used", "root-key-used", "root-mfa-missing", "caller-is-root", "user-missing", "policy-missing")
RULES = CREDENTIAL_RULES + OTHER_RULES


@dataclass(frozen=True)
class Question:
    """What an audit is asked: by which rules, of which users, with which sets."""

    rules: frozenset[str]
    users: frozenset[str]
    sets: frozenset[str]

    def __le__(self, other: Question) -> bool:
        return self.rules <= other.rules and self.users <= other.users and self.sets <= other.sets


def changed_account(drawn: random.Random, names: Iterable[str]) -> Account:
    """An account whose report is older than what some users got."""
    account = Account()
    for name in names:
        account.add("User", name)
    for name in drawn.sample(sorted(names), len(list(names)) // 5):
        account.answer("CreateAccessKey", {"UserName": name})
    account.make_report()
    for name in drawn.sample(sorted(names), 6):
        account.answer("CreateAccessKey", {"UserName": name})
        account.answer("CreateLoginProfile", {"UserName": name})
    return account


def limited_user(drawn: random.Random, name: str) -> DesiredUser:
    keys = drawn.choice([key_limits(max_active=0), key_limits(max_active=1, max_age_days=1), key_limits(min_active=1)])
    console = drawn.choice(["forbidden", "mfa", "any"])
    return user(name, access_keys=drawn.choice([keys, None]), console=console)


def file_of(question: Question, users: Mapping[str, DesiredUser]) -> Desired:
    sets = [policy_set(name, f"arn:aws:iam::aws:policy/{name}") for name in question.sets]
    return desired(*sets, *(users[name] for name in sorted(question.users)))


def audited(question: Question, users: Mapping[str, DesiredUser], connection: Connection) -> Audit:
    wanted, rules = file_of(question, users), load_rules(only=question.rules)
    return audit_snapshot(wanted, collect_snapshot(scan_query(wanted, ACCOUNT, rules), connection), rules)


def parts_of(drawn: random.Random, larger: Question) -> Iterator[Question]:
    """Parts of a question: one rule of keys, one of sign-in, some users, and some of everything."""
    yield replace(larger, rules=frozenset({"access-key-extra"}))
    yield replace(larger, rules=frozenset({"console-unexpected"}))
    yield replace(larger, users=_some(drawn, larger.users))
    yield Question(_some(drawn, larger.rules), _some(drawn, larger.users), _some(drawn, larger.sets))


def _some(drawn: random.Random, every: frozenset[str]) -> frozenset[str]:
    return frozenset(drawn.sample(sorted(every), drawn.randint(1, len(every)))) if every else every


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("trail", ["answers", "refuses"])
@pytest.mark.parametrize("number", [12, 205])
@pytest.mark.parametrize("seed", range(2))
def test_more_rules_sets_and_users_find_no_less(seed: int, number: int, trail: str) -> None:
    """Or the larger audit says until when it knows keys and sign-in; by rules alone it never finds less."""
    drawn = random.Random(f"{seed} {number}")
    names = [f"user-{each}" for each in range(number)]
    users = {name: limited_user(drawn, name) for name in names}
    account = changed_account(drawn, names)
    account.trail_refusal = "" if trail == "answers" else "AccessDeniedException"
    larger = Question(frozenset(RULES), frozenset(names), frozenset({"A", "B"}))
    with serving(account) as server, connect(Settings(endpoint_url=server.url, timeout=60)) as connection:
        most = audited(larger, users, connection)
        for part in parts_of(drawn, larger):
            assert part <= larger
            found = audited(part, users, connection)
            missed = {each.id for each in found.findings} - {each.id for each in most.findings}
            says = most.credentials_as_of is not None
            assert not missed or (says and part.users < larger.users), (part, missed)
            assert not says or (number > 200 and trail == "refuses")
