"""An account that has drifted, and the command in an environment of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.harness import Command
from tests.servers.moto_account import MotoAccount

MANAGED = "arn:aws:iam::aws:policy/"


@pytest.fixture
def drifted(account: MotoAccount) -> MotoAccount:
    """The guide's account without one of the policies that it requires."""
    account.iam.create_group(GroupName="Developers")
    account.iam.create_user(UserName="koding-user")
    account.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}AmazonEC2FullAccess")
    account.iam.add_user_to_group(GroupName="Developers", UserName="koding-user")
    account.forget()
    return account


@pytest.fixture
def command(tmp_path: Path, drifted: MotoAccount) -> Command:
    """The installed command, which finds that account at its endpoint."""
    return Command(tmp_path, drifted.url)
