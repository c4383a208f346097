"""Audits that could take an old credential report at its word: what was changed since is found, or the audit says so.

The report is made, then somebody gets a key or a password, then the tool audits. Few users are read live; of many it
depends on CloudTrail.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.simulator.account import Account
from tests.simulator.scenario import Run, command
from tests.simulator.server import Simulator, serving

NOTE = "keys and sign-in as of "
CROWD = 200
"""Users beside ada, so that there are more with limits than are read live."""


def gets_a_key(account: Account) -> None:
    account.answer("CreateAccessKey", {"UserName": "ada"})


def gets_a_password(account: Account) -> None:
    account.answer("CreateLoginProfile", {"UserName": "ADA", "Password": "x"})


def gets_both(account: Account) -> None:
    gets_a_key(account)
    gets_a_password(account)


def makes_a_key(account: Account) -> None:
    """She makes it herself, and names nobody."""
    account.answer("CreateAccessKey", {"UserName": "ada"})
    account.trail[-1]["requestParameters"] = None
    account.trail[-1]["userIdentity"] = {"type": "IAMUser", "userName": "ada"}


def is_made_again(account: Account) -> None:
    account.answer("DeleteUser", {"UserName": "ada"})
    account.answer("CreateUser", {"UserName": "ada"})
    account.answer("CreateAccessKey", {"UserName": "ada"})


def takes_the_name(account: Account) -> None:
    """Eve, who has a key, is called ada from now on."""
    account.answer("DeleteUser", {"UserName": "ada"})
    account.answer("UpdateUser", {"UserName": "eve", "NewUserName": "ada"})


CHANGES: Mapping[str, Callable[[Account], None]] = {
    "gets a key": gets_a_key,
    "gets a password": gets_a_password,
    "gets both": gets_both,
    "makes a key for herself": makes_a_key,
    "is made again, with a key": is_made_again,
    "is another user's new name": takes_the_name,
}


def other_events(account: Account) -> None:
    """More events than a page has, of calls that failed and of another service, before those that count."""
    caller = {"type": "AssumedRole"}
    noise = {"eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com", "userIdentity": caller}
    failed = [{**noise, "errorCode": "AccessDenied", "requestParameters": None}] * 60
    elsewhere = [{**noise, "eventName": "UpdateUser", "eventSource": "transfer.amazonaws.com"}] * 60
    account.trail[:0] = [*failed, *elsewhere]


def torn_event(account: Account) -> None:
    account.trail.append({"eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com", "requestParameters": []})


def nameless_event(account: Account) -> None:
    account.trail.append({"eventName": "UpdateUser", "eventSource": "iam.amazonaws.com"})


def refuses(code: str) -> Callable[[Account], None]:
    def refuse(account: Account) -> None:
        account.trail_refusal = code

    return refuse


TRAILS: Mapping[str, tuple[bool, Callable[[Account], None]]] = {
    "answers": (True, lambda _account: None),
    "answers among others": (True, other_events),
    "denies": (False, refuses("AccessDeniedException")),
    "throttles": (False, refuses("ThrottlingException")),
    "is not there": (False, refuses("UnsupportedOperationException")),
    "has a torn event": (False, torn_event),
    "names nobody": (False, nameless_event),
    "has no end": (False, lambda account: account.trail.extend(account.trail * 60 * 50)),
}
"""What CloudTrail does, and whether what it says can be known by it."""


@dataclass(frozen=True)
class OldReport:
    """One audit. change: of whom the report knows nothing; trail: what CloudTrail does; many: whether there are more
    users with limits than are read live; flags: of `scan`."""

    change: str
    trail: str
    many: bool
    flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        crowd = f"one of {CROWD + 1}" if self.many else "the only one"
        return f"ada, {crowd}, {self.change}; CloudTrail {self.trail}; {' '.join(self.flags) or 'no flags'}"


def file_text(*, many: bool) -> str:
    limits = "{access_keys: forbidden, console: forbidden}"
    crowd = "".join(f"  user-{number}: {{console: forbidden}}\n" for number in range(CROWD if many else 0))
    return f"version: 1\nusers:\n  ada: {limits}\n{crowd}"


def account_of(case: OldReport) -> Account:
    """The account when the tool comes."""
    account = Account()
    for name in ("ada", "eve", *(f"user-{number}" for number in range(CROWD if case.many else 0))):
        account.add("User", name)
    account.answer("CreateAccessKey", {"UserName": "eve"})
    account.trail.clear()
    account.make_report()
    CHANGES[case.change](account)
    TRAILS[case.trail][1](account)
    return account


def scanned(simulator: Simulator, folder: Path, case: OldReport) -> Run:
    (folder / "desired.yaml").write_text(file_text(many=case.many), encoding="utf-8")
    simulator.account = account_of(case)
    simulator.forget()
    said = ("scan", str(folder / "desired.yaml"), *case.flags, "--output", "json")
    return command(simulator, folder, *said, journal=False)


def judged(simulator: Simulator, folder: Path, case: OldReport) -> list[str]:
    """What one audit broke."""
    seen = scanned(simulator, folder, case)
    (audit,) = seen.report.get("audits", ()) or ({"findings": (), "notes": (), "credentials_as_of": None},)
    found = {each["rule"] for each in audit["findings"]}
    changed = found & {"access-key-extra", "console-unexpected"}
    knows = not case.many or TRAILS[case.trail][0]
    says = bool(audit["credentials_as_of"]) and NOTE in str(audit["notes"]) and NOTE in seen.output
    strict = "--strict" in case.flags
    asked = any(each.startswith("LookupEvents") for each, _ in simulator.calls)
    checks = {
        "T a change was neither found nor said to be unknown": not changed and not says,
        "T a change was not found that could be known": knows and not changed,
        "T it was said to be unknown and is known": knows and says,
        "T it is unknown, and the status with --strict is not 2": not knows and strict and seen.status != 2,
        "T it is unknown, and the status is not that of the findings": not knows and not strict and seen.status == 2,
        "T CloudTrail was asked of a few users": not case.many and asked,
        "T it ended as an error": knows and seen.status != 1,
    }
    return [name for name, failed in checks.items() if failed]


def every_case() -> Iterator[OldReport]:
    skips = ("--skip", "root-used", "--skip", "root-key-used")
    for change in CHANGES:
        yield from (OldReport(change, "answers", many, flags) for many in (False, True) for flags in ((), skips))
        yield from (OldReport(change, trail, True, flags) for trail in TRAILS for flags in ((), ("--strict",)))


def outcomes() -> Iterator[tuple[str, str, list[str]]]:
    """Every case, for the sweep."""
    with serving(Account()) as simulator, tempfile.TemporaryDirectory() as folder:
        for case in every_case():
            yield "T old report", str(case), judged(simulator, Path(folder), case)
