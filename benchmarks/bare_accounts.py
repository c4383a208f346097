"""The yardstick of many accounts: the calls of an audit of each with botocore alone, and nothing done with the replies.

Run as `python -m benchmarks.bare_accounts URL ACCOUNTS THREADS`. The accounts share a client of IAM and one of STS, and
each call is signed with the keys of the account that its thread works for, as the tool does it: clients for each
account would be a longer yardstick.
"""

from __future__ import annotations

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError

from benchmarks import crowd

WORKING = local()


class Carried(Credentials):  # type: ignore[misc] # botocore has no types
    """The keys of the account that the thread works for."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials(*WORKING.keys)


class Provider:
    def load_credentials(self) -> Carried:
        return Carried("none", "none")


def main() -> None:
    url, accounts, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    own, others = botocore.session.get_session(), botocore.session.get_session()
    others.register_component("credential_provider", Provider())
    sts, iam = client(own, "sts", url), client(others, "iam", url)
    sts.get_caller_identity()

    def read(account: str) -> None:
        """Who denies or throttles is asked no more, as by the tool."""
        role = f"arn:aws:iam::{account}:role/audit"
        with contextlib.suppress(ClientError):
            keys = sts.assume_role(RoleArn=role, RoleSessionName="bare", DurationSeconds=900)["Credentials"]
            WORKING.keys = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            iam.generate_credential_report()
            iam.get_credential_report()
            iam.get_account_summary()
            iam.get_account_authorization_details(MaxItems=1000, Filter=["Group", "User"])

    with ThreadPoolExecutor(threads) as pool:
        for each in [pool.submit(read, account) for account in crowd.ids(accounts)]:
            each.result()


def client(session: Any, service: str, url: str) -> Any:
    config = Config(max_pool_connections=64, retries={"mode": "standard", "total_max_attempts": 8})
    return session.create_client(service, region_name="us-east-1", endpoint_url=url, config=config)


if __name__ == "__main__":
    main()
