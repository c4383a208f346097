"""What a plan looks like, who has to agree to it, and what is said of what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError
from koding_audit.model.finding import Action, Change
from koding_audit.model.plan import Basis, Entry, Plan, Step
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards import Judgement, Refusal
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.write import action_symbol, describe_action, outcome_lines, plan_lines
from tests.scripted import ScriptedAccount, carried_out, refusal
from tests.terminal import AtTerminal
from tests.values import ACCOUNT, NOW, aws

READ_ONLY = aws("IAMReadOnlyAccess")
IN_GROUP = {"GroupName": "Developers"}
OF_USER = {"UserName": "ada"}
ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": READ_ONLY})
ADD = Action(Verb.ADD_USER_TO_GROUP, {**IN_GROUP, **OF_USER})
CREATE = Action(Verb.CREATE_USER, {**OF_USER, "Path": "/ci/"})
DETACH = Action(Verb.DETACH_USER_POLICY, {**OF_USER, "PolicyArn": aws("job-function/Billing")})


@dataclass
class Account(ScriptedAccount):
    """Scripted, with what only the command line asks of a connection."""

    renewed: int = 0

    def renew(self) -> None:
        self.renewed += 1


def plan(*actions: Action, change: Change = "add") -> Plan:
    basis = Basis(ACCOUNT, NOW, (), (), (), (), create=True, replace=True, state="")
    return Plan(basis, tuple(Step(action, f"finding-{n}", change, {}) for n, action in enumerate(actions)))


@pytest.fixture
def account() -> Account:
    made = Account()
    made.add_group("Developers")
    made.add_user("ada")
    return made


def options(tmp_path: Path, *, yes: bool = False, dry_run: bool = False) -> WriteOptions:
    return WriteOptions(yes=yes, dry_run=dry_run, journal=str(tmp_path / "journal.jsonl"))


# --- the plan as text ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "line"),
    [
        (ATTACH, "+ AttachGroupPolicy   IAMReadOnlyAccess to group Developers"),
        (ADD, "+ AddUserToGroup      user ada to group Developers"),
        (CREATE, "+ CreateUser          user ada in path /ci/"),
        (Action(Verb.CREATE_GROUP, IN_GROUP), "+ CreateGroup         group Developers"),
        (DETACH, "- DetachUserPolicy    job-function/Billing from user ada"),
        (
            Action(Verb.REMOVE_USER_FROM_GROUP, {**IN_GROUP, **OF_USER}),
            "- RemoveUserFromGroup user ada from group Developers",
        ),
        (
            Action(Verb.DELETE_USER_POLICY, {**OF_USER, "PolicyName": "own"}),
            "- DeleteUserPolicy    inline policy own from user ada",
        ),
        (
            Action(Verb.PUT_USER_POLICY, {**OF_USER, "PolicyName": "own", "PolicyDocument": "{}"}),
            "~ PutUserPolicy       inline policy own to user ada",
        ),
        (Action(Verb.DELETE_GROUP, IN_GROUP), "- DeleteGroup         group Developers"),
    ],
    ids=lambda value: value.verb.value if isinstance(value, Action) else "",
)
def test_a_step_is_one_line_with_a_symbol_and_whom_it_touches(action: Action, line: str) -> None:
    assert f"{action_symbol(action)} {describe_action(action)}" == line


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_can_be_described(verb: Verb) -> None:
    kinds = ("User",) if verb is Verb.CREATE_ACCESS_KEY else ("Group", "User", "Role")
    given = {f"{kind}Name": "x" for kind in kinds if kind in verb.value or len(kinds) == 1}
    by_name = verb is Verb.CREATE_POLICY or (given and not verb.value.startswith(("Attach", "Detach")))
    target = {"PolicyName": "own"} if by_name else {"PolicyArn": READ_ONLY}
    version = {"VersionId": "v2"} if verb.value.endswith("Version") else {}
    line = describe_action(Action(verb, {**given, **(target if "Policy" in verb.value else {}), **version}))
    assert verb.value in line
    assert ("own" if by_name and "Policy" in verb.value else "") in line


def test_a_version_is_named_and_a_new_one_says_that_the_old_one_stays() -> None:
    given = {"PolicyArn": "arn:aws:iam::123456789012:policy/team/edge"}
    made = describe_action(Action(Verb.CREATE_POLICY_VERSION, given))
    assert "customer:team/edge, as its new default version; the old version is kept" in made
    gone_back = describe_action(Action(Verb.SET_DEFAULT_POLICY_VERSION, {**given, "VersionId": "v3"}))
    assert gone_back.endswith("customer:team/edge, version v3")
    path = {"PolicyName": "edge", "Path": "/team/", "PolicyDocument": "{}"}
    assert describe_action(Action(Verb.CREATE_POLICY, path)).endswith(" customer:team/edge")


def test_a_hostile_name_in_a_plan_is_inert() -> None:
    assert "\\x1b[2J" in describe_action(Action(Verb.CREATE_USER, {"UserName": "\x1b[2J"}))


def test_a_plan_names_the_account_and_ends_with_the_counts() -> None:
    first, *lines, last = plan_lines(plan(ATTACH, ADD, DETACH), {})
    assert first == "Plan for account 123456789012 (partition aws):"
    assert [line[2] for line in lines] == ["+", "+", "-"]
    assert last == "Plan: 2 to add, 0 to change, 1 to remove."


@pytest.mark.parametrize(("change", "mark"), [("create", "(create)"), ("replace", "(replace)")])
def test_what_goes_beyond_adding_is_marked(change: Change, mark: str) -> None:
    assert plan_lines(plan(CREATE, change=change), {})[1].endswith(f"  {mark}")
    assert "(" not in plan_lines(plan(ATTACH), {})[1]


def test_a_step_that_grants_administration_says_so_inert() -> None:
    lines = plan_lines(plan(ATTACH, ADD), {1: "grants administration: iam:PutUserPolicy by \x1b[2J"})
    assert lines[2].endswith("user ada to group Developers  ! grants administration: iam:PutUserPolicy by \\x1b[2J")
    assert "!" not in lines[1]


def test_an_empty_plan_says_so_in_one_line() -> None:
    assert plan_lines(plan(), {}) == ["Plan for account 123456789012: nothing to do."]


# --- who agrees ---------------------------------------------------------------------------------


def test_what_is_agreed_to_is_done_and_counted(account: Account, tmp_path: Path, at_terminal: AtTerminal) -> None:
    screen = at_terminal("yes\n")
    journal, problems = carried_out(plan(ATTACH, ADD), account, options(tmp_path), Terminal())
    assert [each[0] for each in account.writes] == ["AttachGroupPolicy", "AddUserToGroup"]
    assert journal is not None
    assert [entry.outcome for entry in journal.entries] == ["done", "done"]
    assert problems == ()
    text = screen.getvalue()
    assert text.index("Plan: 2 to add") < text.index(
        "Make these changes to account 123456789012, as arn:aws:iam::123456789012:user/auditor?"
    )
    assert f"Journal: {tmp_path}/journal.jsonl" in text
    assert "2 changes made and read back, of 2." in text
    assert account.renewed == 2, "for the second judgement, and for the writes"


def test_what_is_declined_is_not_done(account: Account, tmp_path: Path, at_terminal: AtTerminal) -> None:
    screen = at_terminal("no\n")
    assert carried_out(plan(ATTACH), account, options(tmp_path), Terminal()) == (None, ())
    assert account.calls == []
    assert "Declined: nothing was written." in screen.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_nobody_agrees_to_a_plan_unseen(account: Account, tmp_path: Path, at_terminal: AtTerminal) -> None:
    screen = at_terminal("no\n")
    carried_out(plan(ATTACH), account, options(tmp_path), Terminal(quiet=True))
    assert "AttachGroupPolicy" in screen.getvalue()


def test_a_dry_run_shows_the_plan_quiet_or_not_and_writes_nothing(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carried_out(plan(ATTACH), account, options(tmp_path, dry_run=True), Terminal(quiet=True)) == (
        None,
        (),
    )
    assert "AttachGroupPolicy" in capsys.readouterr().err
    assert account.calls == []


TWO = Judgement(refusals=(Refusal("protected", "it touches ada", "ask"), Refusal("forbidden", "no", "ask too")))


def test_what_guards_refuse_is_shown_told_whole_and_not_asked(
    account: Account, tmp_path: Path, at_terminal: AtTerminal
) -> None:
    screen = at_terminal("yes\n")
    journal, problems = carried_out(plan(ATTACH), account, options(tmp_path), Terminal(), judgement=TWO)
    assert journal is None
    assert [(each.message, each.hint) for each in problems] == [("it touches ada", "ask"), ("no", "ask too")]
    assert "AttachGroupPolicy" in screen.getvalue()
    assert "Make these changes" not in screen.getvalue()
    assert account.calls == []


def test_a_dry_run_says_what_would_be_refused(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal, problems = carried_out(plan(ATTACH), account, options(tmp_path, dry_run=True), Terminal(), judgement=TWO)
    assert journal is None
    assert [(each.message, each.hint) for each in problems] == [("it touches ada", "ask"), ("no", "ask too")]
    assert "Would be refused (protected): it touches ada; ask" in capsys.readouterr().err


def test_yes_asks_nobody_and_quiet_says_nothing(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal, _ = carried_out(plan(ATTACH), account, options(tmp_path, yes=True), Terminal(quiet=True))
    assert journal is not None
    assert capsys.readouterr().err == ""
    assert len(account.writes) == 1


def test_a_live_account_with_nobody_there_is_a_no(account: Account, tmp_path: Path) -> None:
    assert carried_out(plan(ATTACH), account, options(tmp_path), Terminal()) == (None, ())
    assert account.calls == []


def test_the_demo_asks_only_when_somebody_is_there(account: Account, tmp_path: Path, at_terminal: AtTerminal) -> None:
    account.is_embedded = True
    journal, _ = carried_out(plan(ATTACH), account, options(tmp_path), Terminal())
    assert journal is not None
    at_terminal("no\n")
    assert carried_out(plan(ADD), account, options(tmp_path), Terminal()) == (None, ())


def test_with_nothing_to_do_nobody_is_asked_and_no_journal_is_made(
    account: Account, tmp_path: Path, at_terminal: AtTerminal
) -> None:
    screen = at_terminal("yes\n")
    assert carried_out(plan(), account, options(tmp_path), Terminal()) == (None, ())
    assert "nothing to do" in screen.getvalue()
    assert "yes" not in screen.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_without_a_journal_nothing_is_written(account: Account, tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("another run's")
    with pytest.raises(AuditError, match="journal"):
        carried_out(plan(ATTACH), account, options(tmp_path, yes=True), Terminal())
    assert account.writes == []


DENIED = Judgement(refusals=(Refusal("administration", "it gives everything", "ask"),))
MORE = Judgement(grants_by_step={0: "grants administration: iam:*"})


@pytest.mark.parametrize(
    ("later", "said"),
    [(DENIED, "it gives everything"), (MORE, "the plan now grants other permissions than when it was shown")],
)
def test_what_is_judged_otherwise_after_the_answer_is_not_written(
    later: Judgement, said: str, account: Account, tmp_path: Path, at_terminal: AtTerminal
) -> None:
    at_terminal("yes\n")
    journal, problems = carried_out(plan(ATTACH), account, options(tmp_path), Terminal(), later=later)
    assert journal is None
    assert [each.message for each in problems] == [said]
    assert account.writes == []
    assert list(tmp_path.iterdir()) == []


def test_without_a_question_the_account_is_judged_once(account: Account, tmp_path: Path) -> None:
    journal, _ = carried_out(plan(ATTACH), account, options(tmp_path, yes=True), Terminal(), later=DENIED)
    assert journal is not None


# --- what became of it --------------------------------------------------------------------------


def test_a_refused_write_is_told_with_its_reason(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account.faults["AttachGroupPolicy"] = [refusal("AttachGroupPolicy", "LimitExceeded")]
    journal, _ = carried_out(plan(ATTACH, ADD), account, options(tmp_path, yes=True), Terminal())
    assert journal is not None
    assert [entry.outcome for entry in journal.entries] == ["failed", "done"]
    printed = capsys.readouterr().err
    assert "1 change made and read back, of 2." in printed
    assert "  failed: AttachGroupPolicy IAMReadOnlyAccess to group Developers: " in printed
    assert "LimitExceeded" in printed


def test_only_what_did_not_come_to_what_the_plan_wanted_is_listed() -> None:
    entries = [
        Entry(ATTACH, "done"),
        Entry(ATTACH, "skipped", "already there"),
        Entry(ATTACH, "skipped", "not tried: user ada was not created"),
        Entry(ATTACH, "pending", "accepted, but not visible yet"),
        Entry(ATTACH, "started"),
    ]
    first, *told = outcome_lines(entries, 5)
    assert first == "1 change made and read back, of 5."
    assert [line.split(":")[0].strip() for line in told] == ["skipped", "pending", "started"]
