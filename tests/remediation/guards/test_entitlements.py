"""What is read before a plan is judged: the least that decides."""

from __future__ import annotations

from koding_audit.model.account import principal_key
from koding_audit.model.finding import Action
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import ManagedPolicy
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards import RequiredRead, merge_snapshots, required_reads_query
from koding_audit.remediation.guards.entitlements import Entitlements, snapshot_after
from tests.remediation.guards.plans import EDGE, HARMLESS, READ, account, plan
from tests.values import live_group, snapshot


def test_what_is_asked_for_is_the_least_that_can_be_read() -> None:
    known = account(policies={READ: ManagedPolicy(READ, True, "", "v7")})
    needs: list[RequiredRead] = [
        ("document", READ),
        ("document", f"{EDGE}@v1"),
        ("document", "user/ada/x"),
        ("user", "ada"),
        ("members", "Ops"),
        ("role", "app"),
    ]
    asked = required_reads_query(needs, known)
    assert asked.document_versions == {READ: "v7", f"{EDGE}@v1": "", "user/ada/x": ""}
    assert asked.users == {"ada": {Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS}}
    assert asked.groups == {"Ops": {Fact.GROUP, Fact.MEMBERS}}
    assert asked.roles == {"app": {Fact.ROLE, Fact.ATTACHED, Fact.INLINE}}
    assert (asked.account, asked.effective, asked.listed) == (frozenset(), frozenset(), frozenset())


def test_what_is_read_besides_does_not_forget_what_was_known() -> None:
    both = merge_snapshots(
        account(live_group(attached=[READ])), snapshot(live_group(attached=None, inline=None, members=["a"]))
    )
    found = both.principals[principal_key("group", "Developers")]
    assert (found.attached, found.inline, found.members) == ({READ}, frozenset(), {"a"})


def test_a_user_that_a_plan_creates_with_a_boundary_is_judged_with_it() -> None:
    created = plan(Action(Verb.CREATE_USER, {"UserName": "eve", "PermissionsBoundary": EDGE}))
    after = Entitlements(snapshot_after(snapshot(documents={EDGE: HARMLESS}), created))
    found = after.effective_policies("user", "eve").boundary
    assert found is not None
    assert (found.name, found.text) == (EDGE, HARMLESS)
