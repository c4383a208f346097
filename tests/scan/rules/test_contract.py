"""What holds for every rule on disk, by one big example that makes each of them find something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from koding_audit import plugins
from koding_audit.model.account import Caller, principal_key
from koding_audit.model.desired import Guards, RequiredAction
from koding_audit.model.fact_calls import FACT_CALLS, calls_for_facts
from koding_audit.model.finding import SEVERITIES, Action, Finding
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import Credentials, ManagedPolicy, Principal, Snapshot, inline_document_key
from koding_audit.model.stack import Stack, StackNeed, StackUnknown, StackUse
from koding_audit.model.traits import RootFact, RuleTraits, find_rule_traits
from koding_audit.model.verb import Verb
from koding_audit.scan.catalog import advice_for_rule
from koding_audit.scan.comparison import Comparison
from tests.test_docs import reads, reads_of_organizations
from tests.values import (
    ACCOUNT,
    ROOT,
    access_key,
    ago,
    aws,
    boundary,
    compare,
    desired,
    group,
    ignore,
    key_limits,
    line,
    live_group,
    live_policy,
    live_role,
    live_user,
    managed,
    own,
    own_policy,
    pinned,
    policy_set,
    role,
    root_use,
    snapshot,
    statement,
    trust,
    user,
    waiver,
    written,
)

RULES = plugins.plugin_names("scan.rules")
DOCS = Path(__file__).parents[3] / "docs" / "rules.md"
# Found without reading the account.
FROM_THE_FILE = {"action-resource-mismatch", "action-unknown", "stack-type-unknown", "waiver-expired"}
WITHOUT_FACTS = FROM_THE_FILE | {"waiver-unused"}

EC2, READ, DNS, DOMAINS = (aws(name) for name in ("EC2", "Read", "DNS", "job-function/Domains"))
GONE, OLD, STRAY, PINNED = aws("Gone"), aws("Old"), own("team/stray"), aws("Pinned")

UNUSED = waiver("user-missing", subject="user/nobody")
WANTED = desired(
    policy_set("build", EC2, READ),
    policy_set("dns", DNS, DOMAINS),
    replace(policy_set("acts"), actions=(RequiredAction("ec2:RunInstances", line(8, 7)),)),
    replace(policy_set("typo"), actions=(RequiredAction("ec2:RunInstance", line(9, 7)),)),
    replace(policy_set("bucket"), actions=(RequiredAction("s3:GetObject", line(10, 7), "arn:aws:s3:::logs"),)),
    policy_set("broken", GONE, OLD, aws("Foreign", "aws-cn")),
    policy_set("halves", aws("Whole"), aws("Part")),
    policy_set(
        "own",
        own_policy("team/new", statement()),
        own_policy("team/taken", statement()),
        own_policy("edited", statement()),
        pinned("Pinned", "v1"),
    ),
    group("Developers", required=["build"], optional=["dns", "broken"], path="/team/"),
    group("Ops", required=["broken"], exclusive=True),
    group("Missing", required=["build"]),
    group("admins", required=["build"]),
    user("alice", groups=["Developers", "Missing", "admins"], required=["build"], exclusive=True, console="mfa"),
    user("bob", groups=["Ops"], console="forbidden", boundary=boundary(own("edge"))),
    user("carol", groups=["Ops"], required=["dns"], tags=(("team", "web"),), path="/ci/"),
    user("dave", groups=["Ops"], required=["dns"], boundary=boundary(own("edge"))),
    user("bot", access_keys=key_limits(min_active=2, max_active=0, max_age_days=90, unused_days=45)),
    user("key-rich", access_keys=key_limits(max_active=1, max_age_days=1, unused_days=1)),
    user("actor", required=["acts"]),
    user("halfway", optional=["halves"]),
    user("scribe", inline={"lacks": written(statement()), "edited": written(statement())}),
    role(
        "app",
        required=["own"],
        inline={"edited": written(statement())},
        trust=written(trust()),
        boundary=boundary(None),
    ),
    role("gone", required=["dns"]),
    user("hidden", groups=["Ops"], required=["build"], exclusive=True),
    closed={"user": line(90), "group": line(91), "role": line(92)},
    ignore=(ignore("user", "hidden"), ignore("group", "aws-*")),
    stacks=(
        Stack(
            "web.yml",
            (),
            2,
            needs=(StackNeed("ec2:RunInstances", "arn:*", "", (StackUse("aws_instance.web", line(3), "create"),)),),
            unknown=(StackUnknown("aws_new", "aws_new.it", "nobody knows", line(9)),),
        ),
    ),
    builder=("user", "actor"),
    waivers=(UNUSED, waiver("group-missing", 71, days=-1)),
    guards=Guards(protected={principal_key("user", "stranger"): Reference("user/stranger", line(2, 13))}),
)
LIVE = snapshot(
    live_group("Developers", attached=[EC2, DNS, STRAY], inline=["note"]),
    live_group("Ops", attached=[OLD, STRAY], inline=["s3", "s4"], members=["stranger", "bob", "alice", "hidden"]),
    live_group("Admins"),
    live_group("Rogue"),
    live_group("aws-reserved"),
    live_user("alice", attached=[STRAY], inline=["own"], groups=["Ops", "Rogue"]),
    live_user("bob", attached=[STRAY], inline=["own"], groups=["Ops", "Rogue"]),
    live_user("bot"),
    live_user("actor"),
    live_user("halfway", attached=[aws("Whole")]),
    live_user("key-rich"),
    live_user("scribe", inline=["edited"]),
    live_role("app", inline=["edited"], trusting=trust("lambda.amazonaws.com"), boundary=own("edge")),
    live_role("stray"),
    live_role("AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/"),
    live_user("hidden", attached=[STRAY], groups=["Rogue"]),
    live_user("stranger"),
    absent=[("group", "Missing"), ("user", "carol"), ("user", "dave"), ("role", "gone")],
    caller=Caller(ROOT, root=True),
    listed=frozenset({"user", "group", "role"}),
    own_policies=frozenset({own("edited"), own("ops/Taken")}),
    policies={
        GONE: None,
        own("edge"): None,
        own("team/new"): None,
        own("team/taken"): None,
        PINNED: ManagedPolicy(PINNED, True, "", "v2"),
    }
    | managed(OLD, attachable=False)
    | managed(EC2, READ, DNS, DOMAINS)
    | live_policy("edited", "v2", ["v1", "v2"]),
    documents={
        "user/scribe/edited": statement("s3:*"),
        "role/app/edited": statement("s3:GetObject*"),
        own("edited"): statement(Resource="arn:aws:s3:::logs/*"),
        aws("Whole"): statement("dns:*"),
        aws("Part"): statement("dns:Get*"),
        PINNED: statement("s3:Get*"),
        f"{PINNED}@v1": statement("s3:List*"),
    },
    summary={
        "AccountAccessKeysPresent": 1,
        "AccountMFAEnabled": 0,
        "AccountSigningCertificatesPresent": 1,
        "AttachedPoliciesPerGroupQuota": 3,
        "AttachedPoliciesPerUserQuota": 2,
        "GroupsPerUserQuota": 4,
        "Users": 5,
        "UsersQuota": 5,
        "Groups": 5,
        "GroupsQuota": 5,
        "Policies": 9,
        "PoliciesQuota": 9,
    },
    root_use=root_use(password=ago(days=1), keys=[ago(days=1), ago(days=2)]),
)
LIVE = replace(
    LIVE,
    credentials={
        "alice": Credentials(password=True, mfa=False),
        "bob": Credentials(password=True),
        "bot": Credentials(
            keys=(access_key("SAME", age=100),), services=("ssh", "bedrock.amazonaws.com"), certificates=1
        ),
        "stranger": Credentials(keys=(access_key("SAME", used=1),), password_used=(ago(days=2),)),
        "key-rich": Credentials(keys=(access_key("SAME", age=100), access_key("SAME", age=99))),
    },
)


def module(rule: str) -> ModuleType:
    return plugins.load_plugin("scan.rules", rule)


def every_finding(comparison: Comparison) -> list[Finding]:
    return [finding for rule in RULES for finding in module(rule).check(comparison)]


COMPARED = replace(compare(WANTED, LIVE), unused_waivers=(UNUSED,))
FOUND = every_finding(COMPARED)


def section(rule: str) -> str:
    """The rule's part of docs/rules.md."""
    _, heading, rest = DOCS.read_text().partition(f"\n### {rule}\n")
    assert heading, f"docs/rules.md has no section for {rule}"
    return re.split(r"\n##+ ", rest)[0]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_why_it_matters_what_it_needs_and_what_a_person_does(rule: str) -> None:
    why = advice_for_rule(rule).why
    assert 0 < len(why) <= 110
    assert re.fullmatch(r"[A-Z][^.?!]+\. [A-Z][^.?!]+\.", why), "what is wrong; then why it matters"
    assert bool(module(rule).FACTS) is (rule not in WITHOUT_FACTS)
    assert all(isinstance(fact, Fact) for fact in module(rule).FACTS)
    step = module(rule).STEP
    assert 0 < len(step) <= 80
    assert step.isprintable()
    assert not step.endswith(".")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_its_traits_and_the_table_has_them(rule: str) -> None:
    assert isinstance(module(rule).TRAITS, RuleTraits)
    assert find_rule_traits(rule) == module(rule).TRAITS


def rules_with(trait: str) -> set[str]:
    return {rule for rule in RULES if getattr(module(rule).TRAITS, trait)}


@pytest.mark.parametrize("finding", FOUND, ids=lambda finding: finding.id)
def test_a_finding_is_about_what_its_rule_says(finding: Finding) -> None:
    traits = module(finding.rule).TRAITS
    assert (traits.about == "policy") is (":policy/" in finding.subject)
    assert (traits.about == "attached-policy") is (":policy/" in finding.key)
    about_principal = re.search(":(user|group|role)/", finding.subject)
    names = {each.name for each in LIVE.principals.values()} | {*WANTED.groups, *WANTED.users}
    assert about_principal or traits.about in ("subject", "policy")
    assert finding.key in names or traits.about != "membership"
    assert finding.policy_set or traits.about != "policy-set"
    known = {name for each in LIVE.principals.values() for name in each.inline or ()} | {"lacks", "edited"}
    assert finding.key in known or traits.about != "inline-policy"


@pytest.mark.parametrize("finding", [each for each in FOUND if each.fix], ids=lambda finding: finding.id)
def test_a_fix_adds_what_is_missing_removes_what_is_unexpected_and_overwrites_nothing_unsaid(finding: Finding) -> None:
    assert finding.fix is not None
    fix, live = finding.fix, LIVE.principals.get(finding.fix.entity)
    removes = fix.verb.value.startswith(("Detach", "Remove", "Delete"))
    puts_over = fix.verb.value.startswith("Put") and live is not None and fix.parameters["PolicyName"] in live.inline
    overwrites = puts_over or fix.verb is Verb.CREATE_POLICY_VERSION
    state = "unexpected" if removes else "changed" if overwrites else "missing"
    assert module(finding.rule).TRAITS.state == state
    assert module(finding.rule).TRAITS.fix_overwrites is overwrites
    assert (finding.change == "replace") is (removes or overwrites)


def test_the_rules_about_stacks_find_nothing_without_one() -> None:
    without = {finding.rule for finding in every_finding(replace(COMPARED, desired=replace(WANTED, stacks=())))}
    assert set(RULES) - without == rules_with("needs_stack")


def test_the_rules_about_the_use_of_waivers_find_nothing_where_all_are_used() -> None:
    without = {finding.rule for finding in every_finding(replace(COMPARED, unused_waivers=()))}
    assert set(RULES) - without == rules_with("needs_waiver_use")


def test_the_rules_that_decide_actions_give_the_statements_and_the_rules_about_quotas_the_quota() -> None:
    assert {finding.rule for finding in FOUND if "because" in finding.evidence} == rules_with("shows_unread_layers")
    assert {finding.rule for finding in FOUND if "quota" in finding.evidence} == rules_with("is_about_quota")


def test_a_fact_about_the_root_user_has_one_rule_which_is_silent_where_it_was_not_read() -> None:
    assert sorted(filter(None, (module(rule).TRAITS.root_fact for rule in RULES))) == sorted(get_args(RootFact))
    unread: Mapping[RootFact, Snapshot] = {
        "access-keys": replace(LIVE, summary=without_key("AccountAccessKeysPresent")),
        "mfa": replace(LIVE, summary=without_key("AccountMFAEnabled")),
        "password-use": replace(LIVE, root_use=root_use(keys=[ago(days=1), ago(days=2)])),
        "key-use": replace(LIVE, root_use=root_use(password=ago(days=1))),
    }
    for fact, live in unread.items():
        silent = set(RULES) - {finding.rule for finding in every_finding(replace(COMPARED, snapshot=live))}
        assert {module(rule).TRAITS.root_fact for rule in silent} == {fact}


def without_key(key: str) -> Mapping[str, int]:
    return {name: count for name, count in (LIVE.summary or {}).items() if name != key}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_something_in_the_big_example_and_under_its_own_name(rule: str) -> None:
    found = list(module(rule).check(COMPARED))
    assert found
    assert {finding.rule for finding in found} == {rule}


def test_ids_are_unique_in_a_run() -> None:
    ids = [finding.id for finding in FOUND]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("finding", FOUND, ids=lambda finding: finding.id)
def test_a_finding_is_one_plain_line_about_an_arn_with_evidence_that_is_json(finding: Finding) -> None:
    assert finding.severity in SEVERITIES
    assert finding.status == "open"
    assert re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}|aws):\S+", finding.subject)
    assert finding.message.isprintable()
    assert not finding.message.endswith(".")
    assert json.loads(json.dumps(finding.evidence)) == finding.evidence


@pytest.mark.parametrize("finding", [each for each in FOUND if each.fix], ids=lambda finding: finding.id)
def test_a_fix_has_an_inverse_and_names_whom_it_changes(finding: Finding) -> None:
    assert finding.fix is not None
    assert finding.fix.spec.inverse is not None
    assert finding.fix.entity[1]


@pytest.mark.parametrize("finding", [each for each in FOUND if each.fix], ids=lambda finding: finding.id)
def test_a_fix_has_the_parameters_of_its_verb_and_no_others(finding: Finding) -> None:
    assert finding.fix is not None
    required = set(finding.fix.spec.required)
    assert required <= set(finding.fix.parameters) <= required | set(finding.fix.spec.optional)


def test_only_an_error_is_ever_fixed() -> None:
    assert {finding.severity for finding in FOUND if finding.fix} == {"error"}


def test_each_fix_makes_its_finding_go_away() -> None:
    fixable = [finding for finding in FOUND if finding.fix]
    after = LIVE
    for finding in sorted(fixable, key=lambda each: not each.fix.verb.value.startswith("Create")):
        after = applied(after, finding.fix)
    left = {finding.id for finding in every_finding(compare(WANTED, after))}
    assert not left & {finding.id for finding in fixable}
    assert {Verb.CREATE_USER, Verb.CREATE_GROUP, Verb.REMOVE_USER_FROM_GROUP} <= {each.fix.verb for each in fixable}


def test_what_was_not_read_is_never_a_finding() -> None:
    unread = Snapshot(account=ACCOUNT, caller=None, taken_at=LIVE.taken_at, source="live")
    assert {finding.rule for finding in every_finding(compare(WANTED, unread))} == FROM_THE_FILE
    nothing = {"attached": None, "inline": None, "groups": None, "members": None}
    bare = {key: replace(each, **nothing) for key, each in LIVE.principals.items()}
    told = {finding.rule for finding in every_finding(compare(WANTED, replace(unread, principals=bare)))}
    # A principal was read by itself, and no more: its name, path and boundary are all there is to judge;
    # what would have to be attached to one whose name is taken in another case is known too.
    assert told - FROM_THE_FILE <= {
        "group-missing",
        "path-changed",
        "boundary-changed",
        "policy-missing",
        "policy-not-found",
        "trust-changed",
    }


def test_the_same_input_gives_the_same_findings_whatever_the_order_it_was_read_in() -> None:
    backwards = replace(LIVE, principals=dict(reversed(LIVE.principals.items())))
    again = every_finding(replace(compare(WANTED, backwards), unused_waivers=(UNUSED,)))
    assert sorted(again, key=by_id) == sorted(FOUND, key=by_id)


def test_nothing_is_ever_found_about_an_ignored_principal() -> None:
    assert not [finding for finding in FOUND if "hidden" in finding.id or "aws-reserved" in finding.id]


@pytest.mark.parametrize("rule", [*RULES, "not-checked"])
def test_the_docs_have_a_whole_section_for_each_rule(rule: str) -> None:
    labels = ["Severity", "Looks at", "Why it matters", "By hand", "Reads", "With `--fix`"]
    assert re.findall(r"^- \*\*(.+?)\*\*: \S", section(rule), re.MULTILINE) == labels
    assert f"\n```text\n{advice_for_rule(rule).help.finds}\n```\n" in section(rule)


def test_the_docs_have_no_section_for_a_rule_that_is_not_there() -> None:
    assert sorted(re.findall(r"^### (.+)$", DOCS.read_text(), re.MULTILINE)) == sorted([*RULES, "not-checked"])


@pytest.mark.parametrize("rule", RULES)
def test_an_explanation_says_what_the_rule_does(rule: str) -> None:
    told = advice_for_rule(rule).help
    assert {finding.severity for finding in FOUND if finding.rule == rule} <= set(re.findall(r"\w+", told.severity))
    mended = any(finding.fix for finding in FOUND if finding.rule == rule)
    assert told.with_fix.startswith(("no", "never")) is not mended


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_names_the_calls_of_each_of_its_facts(rule: str) -> None:
    facts = module(rule).FACTS
    kinds = [fact.value.title() for fact in (Fact.USER, Fact.GROUP, Fact.ROLE) if fact in facts]
    for fact in facts:
        for call in FACT_CALLS[fact]:
            assert {call.format(kind) for kind in kinds} <= set(advice_for_rule(rule).reads)
            assert "{}" not in call or kinds


def test_every_fact_has_its_calls_and_no_call_is_one_that_is_not_made() -> None:
    assert set(FACT_CALLS) == set(Fact)
    made = {f"iam:{name}" for name in reads()} | {"sts:GetCallerIdentity"}
    made |= reads_of_organizations("aws/organizations")
    assert set(calls_for_facts(Fact, ["user", "group", "role"])) <= made


def by_id(finding: Finding) -> str:
    return finding.id


def applied(live: Snapshot, action: Action) -> Snapshot:
    """The live state after one action, as IAM would have it."""
    given = action.parameters
    if action.verb is Verb.CREATE_GROUP:
        return holding(live, live_group(given["GroupName"], path=given.get("Path", "/")))
    if action.verb is Verb.CREATE_USER:
        return holding(live, live_user(given["UserName"], path=given.get("Path", "/")))
    if action.verb in (Verb.ADD_USER_TO_GROUP, Verb.REMOVE_USER_FROM_GROUP):
        return holding(live, *regrouped(live, action))
    if action.entity[0] == "policy":
        arn = given.get("PolicyArn") or ACCOUNT.policy_arn(given["PolicyName"], given.get("Path", "/"))
        policies = {**live.policies, arn: ManagedPolicy(arn, True, "ANPA", "v9", ("v9",))}
        return replace(live, policies=policies, documents={**live.documents, arn: given["PolicyDocument"]})
    changed = live.principals[action.entity]
    arn, inline = {given.get("PolicyArn")}, {given.get("PolicyName")}
    attached = changed.attached | arn if action.verb.value.startswith("Attach") else changed.attached - arn
    if not action.verb.value.startswith("Put"):
        return holding(live, replace(changed, attached=attached, inline=changed.inline - inline))
    texts = {**live.documents, inline_document_key(changed, given["PolicyName"]): given["PolicyDocument"]}
    return holding(replace(live, documents=texts), replace(changed, inline=changed.inline | inline))


def regrouped(live: Snapshot, action: Action) -> Iterator[Principal]:
    """The user and the group after the user was added or removed."""
    adds = action.verb is Verb.ADD_USER_TO_GROUP
    member, joined = {action.parameters["UserName"]}, {action.parameters["GroupName"]}
    found = live.principals[principal_key("user", *member)]
    yield replace(found, groups=found.groups | joined if adds else found.groups - joined)
    into = live.principals[principal_key("group", *joined)]
    if into.members is not None:
        yield replace(into, members=into.members | member if adds else into.members - member)


def holding(live: Snapshot, *changed: Principal) -> Snapshot:
    return replace(
        live, principals={**live.principals, **{principal_key(each.kind, each.name): each for each in changed}}
    )


def test_ages_are_reckoned_at_the_time_of_the_snapshot() -> None:
    later = replace(LIVE, taken_at=datetime.fromisoformat("2036-11-23T20:00:00+00:00"))
    told = {finding.rule for finding in every_finding(compare(WANTED, later))}
    assert "access-key-old" in told
    assert "root-used" not in told
