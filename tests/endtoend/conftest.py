"""The command, and the two accounts that the tests start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.harness import Command
from tests.servers.forks import Forks
from tests.servers.moto_account import MotoAccount

MANAGED = "arn:aws:iam::aws:policy/"


@pytest.fixture
def command(tmp_path: Path, account: MotoAccount, forks: Forks) -> Command:
    """The command, which finds a fresh account at its endpoint."""
    return Command(tmp_path, account.url, forks)


@pytest.fixture
def drifted(account: MotoAccount) -> MotoAccount:
    """A required policy missing, the user outside the group, half of the Route53 set, a stray attachment."""
    iam: Any = account.iam
    iam.create_group(GroupName="Developers")
    iam.create_user(UserName="koding-user")
    for policy in ("AmazonEC2FullAccess", "AmazonRoute53DomainsFullAccess", "AmazonS3ReadOnlyAccess"):
        iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}{policy}")
    account.forget()
    return account


@pytest.fixture
def repaired(drifted: MotoAccount) -> MotoAccount:
    """The drifted account with everything in it that a fix could do: only what a person must decide is left."""
    drifted.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}IAMReadOnlyAccess")
    drifted.iam.add_user_to_group(GroupName="Developers", UserName="koding-user")
    drifted.forget()
    return drifted


@pytest.fixture
def clean(account: MotoAccount) -> MotoAccount:
    """An account that is as the guide wants it."""
    iam: Any = account.iam
    iam.create_group(GroupName="Developers")
    iam.create_user(UserName="koding-user")
    for policy in ("AmazonEC2FullAccess", "IAMReadOnlyAccess"):
        iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}{policy}")
    iam.add_user_to_group(GroupName="Developers", UserName="koding-user")
    account.forget()
    return account
