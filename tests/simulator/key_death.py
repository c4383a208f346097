"""Kills `setup --save-key` around CreateAccessKey: there is never a second key, and the next run says what to do."""

from __future__ import annotations

import configparser
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.simulator.account import ACCOUNT, Account
from tests.simulator.death import INTERRUPTS, Death, Scene, Start, ended, environment, executed, killing, set_up
from tests.simulator.scenario import Run, command

USER = "ada"
FILE = f"version: 1\naccount: {{id: '{ACCOUNT}'}}\nusers: {{{USER}: {{access_keys: {{max_active: 2}}}}}}\n"
CALLS = (f"GetUser UserName={USER}", f"ListAccessKeys UserName={USER}", f"CreateAccessKey UserName={USER}")
_WRITES = 4  # of the key's journal: a header, the key started and done, the end


class Ended(NamedTuple):
    """What a run left: its status, all that it printed, and how many keys it made."""

    status: int
    output: str
    made: int


def deaths() -> Iterator[Death]:
    """Before and after each call about the key, and each write and fsync of its journal."""
    for number in (1, 2, 3):
        for asked in CALLS if number == 1 else CALLS[:2]:
            yield from (Death("call", (asked, number), when) for when in ("before", "after"))
    yield from (Death("call", (CALLS[2], 1), "before", by) for by in INTERRUPTS)
    yield from (Death("write", number + 1, when) for number in range(_WRITES) for when in ("before", "half", "after"))
    yield from (Death("fsync", number + 1, when) for number in range(_WRITES + 1) for when in ("before", "after"))


def judged(
    scene: Scene,
    death: Death,
    start: Start = executed,
    *,
    lag: float = 0.0,
    between: Callable[[Scene], list[str]] | None = None,
) -> list[str]:
    """What one death broke, in words.

    lag: how old the reads of the run after it are.
    between: a run before that one, which tells of the death; it returns what is wrong.
    """
    simulator, folder = scene.simulator, scene.folder
    simulator.account = Account(listing_lag=lag)  # which keeps what was there before
    user = simulator.account.add("User", USER)
    simulator.forget()
    for left in (folder / ".local", folder / ".aws"):
        shutil.rmtree(left, ignore_errors=True)
    (folder / "desired.yaml").write_text(FILE)
    launcher = ["--"] if death.what == "call" else [death.what, str(death.at), death.when]
    with killing(simulator, death) as known:
        child = start([*launcher, *arguments(folder), "--endpoint-url", simulator.url], environment(folder), folder)
        known(child)
        status = ended(child)
    failed = [] if status in (-signal.SIGKILL, 0, 2) else [f"status {status}"]
    there = set(user.keys)
    failed += between(scene) if between else []
    simulator.account.lag = lag
    second = again(scene)
    failed += list(_broken(folder, second, there, set(user.keys)))
    if between is None and death.by == signal.SIGKILL and there and saved(folder) not in there:
        told = f"unknown: CreateAccessKey UserName={USER}" in second.output
        failed += [] if told else ["the next run does not tell of the death"]
    simulator.account.lag = 0.0
    user.keys.clear()  # as the run says
    (folder / ".aws" / "credentials").unlink(missing_ok=True)
    third = again(scene)
    if (third.status, len(user.keys)) != (0, 1) or saved(folder) not in user.keys:
        failed.append(f"without the lost key no key is made: status {third.status}: {third.output[-500:]}")
    return failed


def _broken(folder: Path, second: Ended, before: set[str], after: set[str]) -> Iterator[str]:
    """before, after: the keys of the user after the death, and after the next run."""
    if len(after) > 1:
        yield "a second key"
    if before and second.made:
        yield "a key was made beside another"
    if before and saved(folder) not in before:
        (lost,) = before
        told = (f"ends in {lost[-4:]}", "aws iam delete-access-key")
        if second.status != 2 or not all(each in second.output for each in told):
            yield f"the next run does not tell of the lost key: status {second.status}: {second.output[-500:]}"
    elif second.status != 0:
        yield f"the next run does not end: status {second.status}: {second.output[-500:]}"


def written_between(scene: Scene) -> list[str]:
    """A fix that writes, tells of the death, and empties the lock of its note."""
    file = scene.folder / "other.yaml"
    file.write_text(f"version: 1\naccount: {{id: '{ACCOUNT}'}}\ngroups: {{Other: {{}}}}\n")
    seen = command(scene.simulator, scene.folder, "scan", str(file), "--fix", "--create", "--yes", journal=False)
    told = f"unknown: CreateAccessKey UserName={USER}" in seen.output
    is_done = seen.status == 0 and any(each.startswith("CreateGroup") for each in seen.writes)
    left = (scene.folder / ".local/state/koding-audit" / ACCOUNT / "lock").read_text()
    return [] if told and is_done and not left else [f"between: {seen.status}, {left!r}: {seen.output[-500:]}"]


def arguments(folder: Path) -> list[str]:
    return ["setup", str(folder / "desired.yaml"), "--yes", "--save-key", f"profile:{USER}", "--output", "json"]


def again(scene: Scene) -> Ended:
    """The same command, with nothing in its way."""
    scene.simulator.forget()
    seen: Run = command(scene.simulator, scene.folder, *arguments(scene.folder), journal=False)
    return Ended(seen.status, seen.output, sum(each.startswith("CreateAccessKey") for each in seen.writes))


def saved(folder: Path) -> str | None:
    """The id of the key in the profile."""
    parsed = configparser.RawConfigParser()
    parsed.read(folder / ".aws" / "credentials")
    return parsed.get(USER, "aws_access_key_id", fallback=None)


def outcomes() -> Iterator[tuple[str, str, list[str]]]:
    """Of each death: its class, the case in words, and what it broke."""
    with set_up() as scene:
        for death in deaths():
            yield "N death", f"setup: {death}", judged(scene, death)
