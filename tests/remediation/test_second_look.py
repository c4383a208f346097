"""What is attached, and the group that is joined, are looked at again just before the write."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.finding import Action
from koding_audit.model.plan import Basis, Entry, Plan, Step
from koding_audit.model.snapshot import ManagedPolicy, Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.executor import Clock, PlanExecutor
from koding_audit.remediation.journal import JournalFile
from koding_audit.remediation.second_look import checked_documents, group_change, version_change
from tests.scripted import DOCUMENT, ScriptedAccount, refusal
from tests.values import ACCOUNT, NOW, aws, own

POLICY, OTHER = aws("IAMReadOnlyAccess"), aws("AmazonS3ReadOnlyAccess")
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": POLICY})
DETACH = Action(Verb.DETACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": OTHER})
ATTACH_TO_USER = Action(Verb.ATTACH_USER_POLICY, {"UserName": "ada", "PolicyArn": POLICY})
JOIN = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "ada"})
LEAVE = Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Developers", "UserName": "eve"})
CREATE_GROUP = Action(Verb.CREATE_GROUP, {"GroupName": "Fresh"})
GROUP = principal_key("group", "Developers")


def plan(*actions: Action) -> Plan:
    basis = Basis(ACCOUNT, NOW, (), (), (), (), create=True, replace=True, state="")
    return Plan(basis, tuple(Step(action, "finding", "add", {}) for action in actions))


@pytest.fixture
def account() -> ScriptedAccount:
    made = ScriptedAccount()
    made.add_group("Developers", OTHER, note=DOCUMENT)
    made.add_user("ada")
    made.add_user("eve", "Developers")
    return made


def carry_out(account: ScriptedAccount, folder: Path, known: Snapshot, *actions: Action) -> list[Entry]:
    connection: Any = account
    with contextlib.closing(JournalFile(str(folder / "journal.jsonl"), ACCOUNT, NOW, ())) as file:
        clock = Clock(sleep=lambda _: None)
        return list(PlanExecutor(plan(*actions), connection, known, file, lambda _: None, clock).run())


def move_default(account: ScriptedAccount) -> None:
    account.defaults[POLICY] = "v2"


def make_policy_anew(account: ScriptedAccount) -> None:
    account.policy_ids[POLICY] = "ANPA2"


def change_boundary(account: ScriptedAccount) -> None:
    account.boundaries["ada"] = own("edge")


def attach_to_group(account: ScriptedAccount) -> None:
    account.groups["Developers"]["attached"].add(aws("AdministratorAccess"))


def detach_from_group(account: ScriptedAccount) -> None:
    account.groups["Developers"]["attached"].clear()


def add_inline(account: ScriptedAccount) -> None:
    account.groups["Developers"]["inline"]["all"] = EVERYTHING


def change_inline(account: ScriptedAccount) -> None:
    account.groups["Developers"]["inline"]["note"] = EVERYTHING


def change_policy_of_group(account: ScriptedAccount) -> None:
    account.defaults[OTHER] = "v2"
    account.versions[OTHER, "v2"] = EVERYTHING


RIVALS: list[tuple[Action, Callable[[ScriptedAccount], None], str]] = [
    (ATTACH, move_default, "IAMReadOnlyAccess has another default version since the guards checked it: v2"),
    (ATTACH_TO_USER, move_default, "IAMReadOnlyAccess has another default version since the guards checked it: v2"),
    (ATTACH, make_policy_anew, "IAMReadOnlyAccess was deleted and created again since the guards checked it"),
    (ATTACH_TO_USER, change_boundary, "the permissions boundary of user ada was changed since the guards checked it"),
    (JOIN, change_boundary, "the permissions boundary of user ada was changed since the guards checked it"),
    (JOIN, attach_to_group, "group Developers gained or lost AdministratorAccess since the guards checked it"),
    (JOIN, detach_from_group, "group Developers gained or lost AmazonS3ReadOnlyAccess since the guards checked it"),
    (JOIN, add_inline, "group Developers gained or lost inline policy all since the guards checked it"),
    (JOIN, change_inline, "inline policy note of group Developers was changed since the guards checked it"),
    (JOIN, change_policy_of_group, "the document of AmazonS3ReadOnlyAccess was changed since the guards checked it"),
    (LEAVE, add_inline, "group Developers gained or lost inline policy all since the guards checked it"),
    (DETACH, change_policy_of_group, "the document of AmazonS3ReadOnlyAccess was changed since the guards checked it"),
]


@pytest.mark.parametrize(("action", "act", "said"), RIVALS)
def test_what_changed_since_the_guards_checked_it_is_not_written_and_nothing_after_it(
    action: Action, act: Callable[[ScriptedAccount], None], said: str, account: ScriptedAccount, tmp_path: Path
) -> None:
    known = account.known(POLICY)
    act(account)
    first, second = carry_out(account, tmp_path, known, action, CREATE_GROUP)
    assert (first.outcome, first.detail) == ("failed", said)
    assert (second.outcome, second.detail) == ("skipped", f"not tried: another process is changing the account: {said}")
    assert account.writes == []


@pytest.mark.parametrize("action", [ATTACH, ATTACH_TO_USER, JOIN, LEAVE, DETACH], ids=lambda each: each.verb.value)
def test_what_is_as_it_was_judged_is_written(action: Action, account: ScriptedAccount, tmp_path: Path) -> None:
    known = account.known(POLICY)
    assert [each.outcome for each in carry_out(account, tmp_path, known, action)] == ["done"]


def test_what_changes_while_a_plan_is_carried_out_stops_it_and_what_was_written_is_recorded(
    account: ScriptedAccount, tmp_path: Path
) -> None:
    known = account.known(POLICY)

    def rival(**given: Any) -> Any:
        change_inline(account)
        return account.answer("AttachGroupPolicy", given)

    account.faults["AttachGroupPolicy"] = [rival]
    entries = carry_out(account, tmp_path, known, ATTACH, JOIN, LEAVE)
    assert [each.outcome for each in entries] == ["done", "failed", "skipped"]
    assert [name for name, _ in account.writes] == ["AttachGroupPolicy"]


def test_the_plans_own_steps_are_no_change_of_another_process(account: ScriptedAccount, tmp_path: Path) -> None:
    put = {"GroupName": "Developers", "PolicyName": "new", "PolicyDocument": json.dumps(DOCUMENT)}
    known = account.known(POLICY)
    actions = (ATTACH, DETACH, Action(Verb.PUT_GROUP_POLICY, put), JOIN)
    assert [each.outcome for each in carry_out(account, tmp_path, known, *actions)] == ["done"] * 4


def test_a_group_that_the_plan_creates_may_have_only_what_the_plan_gives_it(tmp_path: Path) -> None:
    account = ScriptedAccount()
    account.add_user("ada")
    known = account.known(POLICY)
    attach = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Fresh", "PolicyArn": POLICY})
    join = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Fresh", "UserName": "ada"})

    def rival(**given: Any) -> Any:
        account.groups["Fresh"]["inline"]["all"] = EVERYTHING
        return account.answer("AttachGroupPolicy", given)

    account.faults["AttachGroupPolicy"] = [rival]
    entries = carry_out(account, tmp_path, known, CREATE_GROUP, attach, join)
    assert [each.outcome for each in entries] == ["done", "done", "failed"]
    assert entries[2].detail == "group Fresh gained or lost inline policy all since the guards checked it"


def test_a_read_that_is_denied_is_not_taken_for_no_change(account: ScriptedAccount, tmp_path: Path) -> None:
    for action, call in ((ATTACH, "GetPolicy"), (ATTACH, "GetPolicyVersion"), (JOIN, "ListGroupPolicies")):
        account.faults[call] = [refusal(call, "AccessDenied")]
        (entry,) = carry_out(account, tmp_path, account.known(POLICY), action)
        assert (entry.outcome, account.writes) == ("failed", []), call
        assert f"iam:{call}: AccessDenied" in entry.detail
        (tmp_path / "journal.jsonl").unlink()


def test_a_document_that_the_guards_never_saw_is_not_attached(account: ScriptedAccount, tmp_path: Path) -> None:
    (entry,) = carry_out(account, tmp_path, account.known(), ATTACH)
    assert (entry.outcome, account.writes) == ("failed", [])
    (tmp_path / "journal.jsonl").unlink()
    unread = replace(account.known(), principals={})
    (entry,) = carry_out(account, tmp_path, unread, JOIN)
    assert entry.detail == "the policies of group Developers were not checked by the guards"
    assert account.writes == []


def test_each_look_costs_a_call_and_each_document_is_read_once(account: ScriptedAccount, tmp_path: Path) -> None:
    for name in ("Second", "Third"):
        account.add_group(name)
    steps = [replace(ATTACH, parameters={"GroupName": each, "PolicyArn": POLICY}) for each in account.groups]
    carry_out(account, tmp_path, account.known(POLICY), *steps)
    names = [name for name, _ in account.calls]
    assert (names.count("GetPolicy"), names.count("GetPolicyVersion")) == (3, 1)


def test_a_look_at_a_group_costs_what_the_page_of_safety_says(account: ScriptedAccount, tmp_path: Path) -> None:
    """Two calls for the lists, one for each attached policy, one for each inline policy, one for each document."""
    known = account.known(POLICY)
    carry_out(account, tmp_path, known, JOIN)
    names = [name for name, _ in account.calls]
    looked = names[: names.index("AddUserToGroup")]
    own = {"GetGroup": 1, "GetUser": 1, "ListGroupsForUser": 1}
    group = {"ListAttachedGroupPolicies": 1, "ListGroupPolicies": 1, "GetPolicy": 1, "GetGroupPolicy": 1}
    assert Counter(looked) == {**own, **group, "GetPolicyVersion": 1}


# --- what is compared --------------------------------------------------------------------------


def test_a_version_that_the_plan_itself_puts_in_force_is_judged_by_its_document() -> None:
    arn = own("logs")
    live = ManagedPolicy(arn, True, "ANPA1", "v2")
    new = Action(Verb.CREATE_POLICY_VERSION, {"PolicyArn": arn, "PolicyDocument": json.dumps(EVERYTHING)})
    back = Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": arn, "VersionId": "v7"})
    documents = {arn: json.dumps(DOCUMENT), f"{arn}@v7": json.dumps({"Statement": []})}
    known = replace(
        ScriptedAccount().known(), policies={arn: ManagedPolicy(arn, True, "ANPA1", "v1")}, documents=documents
    )
    assert "another default version" in version_change(plan(ATTACH), known, arn, live)
    assert version_change(plan(new), known, arn, live) == ""
    assert "created again" in version_change(plan(new), known, arn, replace(live, unique_id="ANPA9"))
    assert checked_documents(plan(ATTACH), known, arn) == {json.dumps(DOCUMENT, sort_keys=True)}
    assert len(checked_documents(plan(new, back), known, arn)) == 3


def test_many_policies_are_counted_in_the_message(account: ScriptedAccount) -> None:
    more = frozenset({OTHER, *(aws(f"P{number}") for number in range(5))})
    said = group_change(plan(JOIN), account.known(), "Developers", more, frozenset({"note"}))
    assert said == "group Developers gained or lost P0, P1, P2 and 2 more since the guards checked it"
