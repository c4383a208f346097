"""What the remediator does to an account, step by step, when all goes well and when it does not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.errors import AuditError, CallError
from koding_audit.model.finding import Action, Change
from koding_audit.model.frozen import replace
from koding_audit.model.plan import Basis, Entry, Plan, Step
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation import journal
from koding_audit.remediation.executor import PROPAGATION_SECONDS, Clock, PlanExecutor
from koding_audit.remediation.journal import JournalFile
from tests.scripted import NUMBERED, ScriptedAccount, refusal
from tests.values import ACCOUNT, NOW, aws

READ_ONLY = aws("IAMReadOnlyAccess")
ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": READ_ONLY})
DETACH = Action(Verb.DETACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": READ_ONLY})
ADD = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "koding-user"})
CREATE_GROUP = Action(Verb.CREATE_GROUP, {"GroupName": "Developers"})
CREATE_USER = Action(Verb.CREATE_USER, {"UserName": "koding-user"})
GROUP = principal_key("group", "Developers")
USER = principal_key("user", "koding-user")


class FakeTime:
    """Seconds pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(sleep=self.slept.append)


def plan(*steps: tuple[Action, dict[Any, str]], change: Change = "add") -> Plan:
    basis = Basis(ACCOUNT, NOW, (), (), (), (), create=True, replace=True, state="")
    return Plan(basis, tuple(Step(action, f"finding-{n}", change, ids) for n, (action, ids) in enumerate(steps)))


@pytest.fixture
def account() -> ScriptedAccount:
    made = ScriptedAccount()
    made.add_group("Developers")
    made.add_user("koding-user")
    return made


@pytest.fixture
def carry_out(tmp_path: Path) -> Callable[..., list[Entry]]:
    def run(
        account: ScriptedAccount, *steps: tuple[Action, dict[Any, str]], time: FakeTime | None = None
    ) -> list[Entry]:
        path = tmp_path / "journal.jsonl"
        path.unlink(missing_ok=True)
        file = JournalFile(str(path), ACCOUNT, NOW, ())
        connection: Any = account
        clock = (time or FakeTime()).clock
        entries = PlanExecutor(plan(*steps), connection, checked(account), file, lambda _: None, clock).run()
        file.close()
        kept, torn = journal.read_journal(str(path))
        assert torn is None
        assert kept.entries == entries, "the journal ends as the run did"
        return list(entries)

    return run


def checked(account: ScriptedAccount) -> Snapshot:
    """What the guards know: the account as it is, and the policy that is attached."""
    return account.known(READ_ONLY)


def outcomes(entries: list[Entry]) -> list[str]:
    return [entry.outcome for entry in entries]


def test_an_attachment_is_made_and_done_when_it_was_read_back(account: ScriptedAccount, carry_out: Any) -> None:
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}))
    assert outcomes(entries) == ["done"]
    assert account.groups["Developers"]["attached"] == {READ_ONLY}
    assert [name for name, _ in account.calls].index("AttachGroupPolicy") < len(account.calls) - 1


def test_what_is_there_already_is_not_written_and_not_ours(account: ScriptedAccount, carry_out: Any) -> None:
    account.groups["Developers"]["attached"].add(READ_ONLY)
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}))
    assert [(entry.outcome, entry.detail) for entry in entries] == [("skipped", "already there")]
    assert account.writes == []


def test_what_is_gone_already_is_not_taken_away_again(account: ScriptedAccount, carry_out: Any) -> None:
    entries = carry_out(account, (DETACH, {GROUP: "AGPA1"}))
    assert [(entry.outcome, entry.detail) for entry in entries] == [("skipped", "already gone")]
    assert account.writes == []


def test_a_policy_that_iam_would_not_attach_again_is_not_detached(account: ScriptedAccount, carry_out: Any) -> None:
    account.groups["Developers"]["attached"].add(READ_ONLY)
    account.deprecated.add(READ_ONLY)
    [entry] = carry_out(account, (DETACH, {GROUP: "AGPA1"}))
    assert (entry.outcome, account.writes) == ("failed", [])
    assert entry.detail == "IAMReadOnlyAccess stays attached: once detached, it could not be attached again"
    account.deprecated.clear()
    assert outcomes(carry_out(account, (DETACH, {GROUP: "AGPA1"}))) == ["done"]


def test_without_the_answer_of_iam_nothing_is_detached(account: ScriptedAccount, carry_out: Any) -> None:
    account.groups["Developers"]["attached"].add(READ_ONLY)
    account.faults["GetPolicy"] = [refusal("GetPolicy", "AccessDenied")]
    [entry] = carry_out(account, (DETACH, {GROUP: "AGPA1"}))
    assert (entry.outcome, account.writes) == ("failed", [])


def test_undo_detaches_what_a_fix_attached_even_if_it_is_deprecated_now(
    account: ScriptedAccount, tmp_path: Path
) -> None:
    account.groups["Developers"]["attached"].add(READ_ONLY)
    account.deprecated.add(READ_ONLY)
    undo = replace(plan(), steps=(Step(DETACH, "undo/AttachGroupPolicy", "replace", {GROUP: "AGPA1"}),))
    connection: Any = account
    with contextlib.closing(JournalFile(str(tmp_path / "undo.jsonl"), ACCOUNT, NOW, ())) as file:
        assert outcomes(list(PlanExecutor(undo, connection, checked(account), file, lambda _: None).run())) == ["done"]


def test_a_group_and_user_are_created_and_then_filled(carry_out: Any) -> None:
    account = ScriptedAccount(lag=2)
    entries = carry_out(account, (CREATE_GROUP, {}), (CREATE_USER, {}), (ATTACH, {}), (ADD, {}))
    assert outcomes(entries) == ["done"] * 4
    assert account.users["koding-user"]["groups"] == {"Developers"}
    assert entries[0].unique_ids == {GROUP: account.groups["Developers"]["id"]}


def test_lag_is_waited_for_and_ends_in_done(account: ScriptedAccount, carry_out: Any) -> None:
    account.lag = 9
    time = FakeTime()
    assert outcomes(carry_out(account, (ATTACH, {GROUP: "AGPA1"}), time=time)) == ["done"]
    assert 0 < sum(time.slept) <= PROPAGATION_SECONDS


def test_a_write_that_is_never_seen_is_pending_after_the_budget(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [lambda **_: NUMBERED]
    time = FakeTime()
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}), time=time)
    assert outcomes(entries) == ["pending"]
    assert PROPAGATION_SECONDS - 8 <= sum(time.slept) <= PROPAGATION_SECONDS


def test_a_run_waits_no_longer_than_its_deadline(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [lambda **_: NUMBERED]
    account.time_left = 0.1
    time = FakeTime()
    assert outcomes(carry_out(account, (ATTACH, {GROUP: "AGPA1"}), time=time)) == ["pending"]
    assert time.slept == []


def test_an_answer_without_a_request_id_is_not_believed(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [lambda **_: {"ResponseMetadata": {}}]
    assert outcomes(carry_out(account, (ATTACH, {GROUP: "AGPA1"}))) == ["unknown"]


def test_a_lost_answer_is_resolved_by_reading_back(account: ScriptedAccount, carry_out: Any) -> None:
    def applied_and_lost(**given: Any) -> Any:
        account.answer("AttachGroupPolicy", given)
        raise CallError("iam:AttachGroupPolicy", "ReadTimeout", "")

    account.faults["AttachGroupPolicy"] = [applied_and_lost]
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}))
    assert [(entry.outcome, entry.detail) for entry in entries] == [("done", "read back after a lost reply")]
    assert len(account.writes) == 1


def test_a_refused_step_fails_at_once_and_the_others_go_on(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [refusal("AttachGroupPolicy", "LimitExceeded")]
    time = FakeTime()
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}), (ADD, {GROUP: "AGPA1", USER: "AIDA2"}), time=time)
    assert outcomes(entries) == ["failed", "done"]
    assert entries[0].detail == "iam:AttachGroupPolicy: LimitExceeded"
    assert time.slept == []


def test_what_hangs_on_a_failed_creation_is_not_tried(carry_out: Any) -> None:
    account = ScriptedAccount(faults={"CreateGroup": [refusal("CreateGroup", "AccessDenied")]})
    account.add_user("koding-user")
    entries = carry_out(account, (CREATE_GROUP, {}), (ATTACH, {}), (ADD, {USER: "AIDA1"}))
    assert outcomes(entries) == ["failed", "skipped", "skipped"]
    assert [name for name, _ in account.writes] == ["CreateGroup"]


def test_what_hangs_on_a_creation_that_is_never_seen_is_not_tried(carry_out: Any) -> None:
    account = ScriptedAccount(faults={"CreateGroup": [lambda **_: NUMBERED]})
    assert outcomes(carry_out(account, (CREATE_GROUP, {}), (ATTACH, {}))) == ["pending", "skipped"]


@pytest.mark.parametrize("code", ["ConcurrentModification", "EntityTemporarilyUnmodifiable"])
def test_a_busy_entity_is_tried_again(account: ScriptedAccount, carry_out: Any, code: str) -> None:
    account.faults["AttachGroupPolicy"] = [refusal("AttachGroupPolicy", code)] * 2
    assert outcomes(carry_out(account, (ATTACH, {GROUP: "AGPA1"}))) == ["done"]


def test_an_entity_that_stays_busy_is_pending_after_the_budget(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [refusal("AttachGroupPolicy", "ConcurrentModification")] * 99
    time = FakeTime()
    assert outcomes(carry_out(account, (ATTACH, {GROUP: "AGPA1"}), time=time)) == ["pending"]
    assert sum(time.slept) <= PROPAGATION_SECONDS


def test_a_group_that_iam_just_made_may_be_unknown_to_it_for_a_moment(carry_out: Any) -> None:
    account = ScriptedAccount(faults={"AttachGroupPolicy": [refusal("AttachGroupPolicy", "NoSuchEntity")]})
    assert outcomes(carry_out(account, (CREATE_GROUP, {}), (ATTACH, {}))) == ["done", "done"]


def test_an_unknown_policy_is_not_waited_for(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [refusal("AttachGroupPolicy", "NoSuchEntity")]
    time = FakeTime()
    assert outcomes(carry_out(account, (ATTACH, {GROUP: "AGPA1"}), time=time)) == ["failed"]
    assert time.slept == []


def test_lost_credentials_stop_the_run(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["AttachGroupPolicy"] = [refusal("AttachGroupPolicy", "ExpiredToken")]
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}), (ADD, {GROUP: "AGPA1", USER: "AIDA2"}))
    assert outcomes(entries) == ["failed", "skipped"]
    assert "ExpiredToken" in entries[1].detail
    assert len(account.writes) == 1


def test_a_group_that_was_made_again_is_left_alone(account: ScriptedAccount, carry_out: Any) -> None:
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA99"}))
    assert outcomes(entries) == ["failed"]
    assert "deleted and created again" in entries[0].detail
    assert account.writes == []


def test_a_group_that_is_gone_is_not_created(account: ScriptedAccount, carry_out: Any) -> None:
    del account.groups["Developers"]
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}))
    assert (entries[0].outcome, entries[0].detail) == ("failed", "group Developers does not exist any more")
    assert account.writes == []


def test_an_entity_of_another_account_than_was_audited_is_not_written(carry_out: Any) -> None:
    account = ScriptedAccount(owner="210987654321")
    account.add_group("Developers")
    account.add_user("koding-user", "Developers")
    for action in (ATTACH, ADD):
        (entry,) = carry_out(account, (action, {}))
        assert entry.outcome == "failed"
        assert "is not in the audited account: arn:aws:iam::210987654321:" in entry.detail
    assert account.writes == []


def test_a_write_that_is_read_back_in_another_account_is_not_done(account: ScriptedAccount, carry_out: Any) -> None:
    def moves(**given: Any) -> Any:
        account.owner = "210987654321"
        return account.answer("AttachGroupPolicy", given)

    account.faults["AttachGroupPolicy"] = [moves]
    (entry,) = carry_out(account, (ATTACH, {}))
    assert entry.outcome == "pending"


def test_a_principal_that_appeared_since_is_not_ours_to_fill(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["CreateGroup"] = [refusal("CreateGroup", "EntityAlreadyExists")]
    entries = carry_out(account, (CREATE_GROUP, {}), (ATTACH, {}))
    assert outcomes(entries) == ["skipped", "failed"]
    assert entries[1].detail == "group Developers was created by another process since the audit"
    assert account.writes == []


def test_a_stranger_is_taken_out_of_a_group(account: ScriptedAccount, carry_out: Any) -> None:
    account.add_user("stranger", "Developers")
    remove = Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Developers", "UserName": "stranger"})
    assert outcomes(carry_out(account, (remove, {GROUP: "AGPA1"}))) == ["done"]
    assert account.users["stranger"]["groups"] == set()


def test_a_state_that_cannot_be_read_just_before_is_not_written(account: ScriptedAccount, carry_out: Any) -> None:
    account.faults["ListAttachedGroupPolicies"] = [refusal("ListAttachedGroupPolicies", "AccessDenied")]
    entries = carry_out(account, (ATTACH, {GROUP: "AGPA1"}))
    assert outcomes(entries) == ["failed"]
    assert "iam:ListAttachedGroupPolicies: AccessDenied" in entries[0].detail
    assert account.writes == []


def test_a_deleted_inline_policy_is_kept_in_the_journal(carry_out: Any) -> None:
    account = ScriptedAccount()
    account.add_group("Developers", old={"Statement": []})
    delete = Action(Verb.DELETE_GROUP_POLICY, {"GroupName": "Developers", "PolicyName": "old"})
    entries = carry_out(account, (delete, {GROUP: "AGPA1"}))
    assert outcomes(entries) == ["done"]
    assert json.loads(entries[0].removed) == {"Statement": []}
    assert account.groups["Developers"]["inline"] == {}


def test_each_write_is_in_the_journal_before_it_is_sent(account: ScriptedAccount, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    seen: list[str] = []

    def look(**given: Any) -> Any:
        seen.append(journal.read_journal(str(path))[0].entries[0].outcome)
        return account.answer("AttachGroupPolicy", given)

    account.faults["AttachGroupPolicy"] = [look]
    connection: Any = account
    PlanExecutor(
        plan((ATTACH, {GROUP: "AGPA1"})),
        connection,
        checked(account),
        JournalFile(str(path), ACCOUNT, NOW, ()),
        lambda _: None,
    ).run()
    assert seen == ["started"]


def test_no_write_is_sent_when_the_journal_cannot_be_written(account: ScriptedAccount, tmp_path: Path) -> None:
    file = JournalFile(str(tmp_path / "journal.jsonl"), ACCOUNT, NOW, ())
    file.close()  # every further write to it fails
    connection: Any = account
    with pytest.raises(AuditError, match="cannot be written"):
        PlanExecutor(plan((ATTACH, {GROUP: "AGPA1"})), connection, checked(account), file, lambda _: None).run()
    assert account.writes == []
