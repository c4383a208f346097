"""Claims about files that are written and read again: snapshot, plan, journal, report."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit import plugins
from koding_audit.io.codec.journal import decode_journal, journal_end, journal_header, journal_line
from koding_audit.io.codec.plan import decode_plan, encode_plan
from koding_audit.io.codec.snapshot import decode_snapshot, encode_snapshot
from koding_audit.io.json_text import parse_json
from koding_audit.model.account import Account, Caller, principal_key
from koding_audit.model.desired import Waiver
from koding_audit.model.errors import InputError
from koding_audit.model.finding import SEVERITIES, Action, Finding, Verb
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Basis, Entry, Journal, Plan, Step
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Audit, Baseline, Outline, OutlinePrincipal, Problem, Report, RootState
from koding_audit.model.snapshot import (
    AccessKey,
    Credentials,
    ManagedPolicy,
    Organization,
    OrganizationPolicy,
    Principal,
    RootUse,
    Snapshot,
)
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.codec import decode_report, encode_report
from koding_audit.report.status import is_unresolved
from tests.report.formats.reports import REPORTS, audit, policy_missing, rendered
from tests.values import journal_of

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=timezone.utc)
GROUP_ARN = "arn:aws:iam::123456789012:group/Developers"
ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": "arn:aws:iam::aws:policy/A"})
ENTRY = Entry(ATTACH, "started", unique_ids={principal_key("group", "Developers"): "AGPA1"})
KNOWN = Account("123456789012", "aws", "koding")

# --- values of every shape ------------------------------------------------------------------------

# Lone surrogates are left out: two of them beside each other are one character once they were in JSON.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
times = st.datetimes(timezones=st.just(timezone.utc))
kinds = st.sampled_from(["user", "group", "role"])
keys = st.builds(principal_key, kinds, texts)
name_sets = st.none() | st.frozensets(texts, max_size=3)
accounts = st.builds(Account, texts, texts, st.none() | texts)
files = st.lists(st.builds(SourceFile, texts, texts), max_size=2).map(tuple)
word_lists = st.lists(texts, max_size=2).map(tuple)
unique_ids = st.dictionaries(keys, texts, max_size=2)
tag_pairs = st.none() | st.dictionaries(texts, texts, max_size=2).map(lambda found: tuple(sorted(found.items())))
principals = st.builds(
    Principal, kinds, texts, texts, texts, texts, name_sets, name_sets, name_sets, name_sets, texts, texts, tag_pairs
)
access_keys = st.builds(AccessKey, st.text("ABC234", max_size=4), st.booleans(), times, st.none() | times)
flags = st.none() | st.booleans()
credentials = st.builds(
    Credentials,
    st.none() | st.lists(access_keys, max_size=2).map(tuple),
    flags,
    flags,
    st.none() | word_lists,
    st.none() | st.lists(times, max_size=1).map(tuple),
)
levels = st.none() | st.lists(
    st.lists(st.builds(OrganizationPolicy, texts, texts), max_size=2).map(tuple), max_size=2
).map(tuple)
organizations = st.builds(Organization, st.none() | texts, texts, levels, levels)
gaps = st.builds(Gap, st.sampled_from(Fact), texts, texts, texts, texts)


def _by_key(found: list[Principal]) -> dict[Any, Principal]:
    return {principal_key(each.kind, each.name): each for each in found}


def _policies(arns: dict[str, bool | None]) -> dict[str, ManagedPolicy | None]:
    return {arn: None if attachable is None else ManagedPolicy(arn, attachable) for arn, attachable in arns.items()}


snapshots = st.builds(
    Snapshot,
    account=accounts,
    caller=st.none() | st.builds(Caller, texts, st.booleans()),
    taken_at=times,
    source=texts,
    endpoint=st.none() | texts,
    principals=st.lists(principals, max_size=3).map(_by_key),
    absent=st.frozensets(keys, max_size=2),
    listed=st.frozensets(kinds),
    credentials=st.dictionaries(texts, credentials, max_size=2),
    policies=st.dictionaries(texts, flags, max_size=2).map(_policies),
    summary=st.none() | st.dictionaries(texts, st.integers(), max_size=2),
    root_use=st.none()
    | st.builds(RootUse, times, st.none() | times, st.lists(st.none() | times, max_size=2).map(tuple)),
    gaps=st.lists(gaps, max_size=2).map(tuple),
    policies_listed=st.booleans(),
    organization=organizations,
)
tags = st.lists(st.fixed_dictionaries({"Key": texts, "Value": texts}), max_size=2)
actions = st.one_of(
    st.builds(
        lambda verb, group, arn: Action(verb, {"GroupName": group, "PolicyArn": arn}),
        st.sampled_from([Verb.ATTACH_GROUP_POLICY, Verb.DETACH_GROUP_POLICY]),
        texts,
        texts,
    ),
    st.builds(lambda user, found: Action(Verb.CREATE_USER, {"UserName": user, "Tags": found}), texts, tags),
    st.builds(lambda user, group: Action(Verb.ADD_USER_TO_GROUP, {"GroupName": group, "UserName": user}), texts, texts),
    st.builds(
        lambda user, text: Action(
            Verb.PUT_USER_POLICY, {"UserName": user, "PolicyName": "inline", "PolicyDocument": text}
        ),
        texts,
        texts,
    ),
)
plans = st.builds(
    Plan,
    st.builds(Basis, accounts, times, files, word_lists, word_lists, word_lists, st.booleans(), st.booleans(), texts),
    st.lists(
        st.builds(Step, actions, texts, st.sampled_from(["add", "create", "replace"]), unique_ids), max_size=3
    ).map(tuple),
)
outcomes = st.sampled_from(["started", "done", "failed", "skipped", "pending", "unknown"])
entries = st.lists(st.builds(Entry, actions, outcomes, texts, unique_ids, texts, st.booleans()), max_size=3).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
severities = st.sampled_from(SEVERITIES)
sources = st.none() | st.builds(Location, texts, st.integers(1, 99), st.integers(1, 99))
waivers = st.builds(Waiver, st.just("policy-missing"), texts, texts, st.dates(), texts, texts, sources)
unwaived = st.builds(
    Finding,
    rule=texts | st.sampled_from(["not-checked", "policy-missing", "inline-changed"]),
    severity=severities,
    subject=texts,
    message=texts,
    key=texts,
    location=sources,
    policy_set=st.none() | texts,
    evidence=st.dictionaries(texts, json_values, max_size=2),
    fix=st.none() | actions,
    status=st.sampled_from(["open", "fixed", "failed", "pending", "waived"]),
)
waivers = st.builds(Waiver, st.just(""), texts, texts, st.dates(), texts, texts, sources)
findings = st.builds(
    lambda found, waiver: replace(found, waiver=waiver and replace(waiver, rule=found.rule)),
    unwaived,
    st.none() | waivers,
)


def as_known(audit: Audit) -> Iterator[Finding]:
    """The findings, with what may be known from a baseline as that."""
    for each in audit.findings:
        yield replace(
            each, known=bool(audit.baseline) and is_unresolved(each) and find_rule_traits(each.rule).is_waivable
        )


outlines = st.builds(
    Outline,
    declared=st.fixed_dictionaries(dict.fromkeys(("user", "group", "role"), st.integers(0, 9999))),
    principals=st.lists(
        st.builds(
            OutlinePrincipal,
            kind=st.sampled_from(["user", "group", "role"]),
            name=texts,
            arn=texts,
            groups=word_lists,
            members=st.integers(0, 99),
            required=word_lists,
            optional=st.lists(st.tuples(texts, st.none() | st.booleans()), max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    policy_sets=st.dictionaries(texts, word_lists, max_size=2),
)
roots = st.builds(
    RootState,
    access_keys=st.none() | st.booleans(),
    mfa=st.none() | st.booleans(),
    use=st.none() | st.builds(RootUse, times, st.none() | times, st.lists(st.none() | times, max_size=2).map(tuple)),
)
audits = st.builds(
    lambda found: replace(found, findings=tuple(as_known(found))),
    st.builds(
        Audit,
        root=roots,
        outline=st.none() | outlines,
        account=accounts,
        caller=st.none() | st.builds(Caller, texts, st.booleans()),
        taken_at=times,
        source=texts,
        endpoint=st.none() | texts,
        desired=files,
        findings=st.lists(findings, max_size=3).map(tuple),
        gaps=st.lists(gaps, max_size=2).map(tuple),
        blocked_rules=st.lists(word_lists, max_size=2).map(tuple),
        not_seen=word_lists,
        report_generated=st.none() | times,
        journal=st.none() | st.builds(Journal, texts, accounts, entries),
        baseline=st.none() | st.builds(Baseline, st.builds(SourceFile, texts, texts), times, word_lists),
    ),
)
problems = st.lists(st.builds(Problem, texts, texts, sources), max_size=2).map(tuple)
reports = st.builds(Report, st.lists(audits, max_size=2).map(tuple), severities, problems)


def snapshot_from(text: str) -> Snapshot:
    return decode_snapshot(parse_json(text, "x.json"), "x.json")


def plan_from(text: str) -> Plan:
    return decode_plan(parse_json(text, "x.json"), "x.json")


def journal_text(found: tuple[Entry, ...], account: Account = KNOWN, more: Iterable[str] = ()) -> str:
    """The lines of these entries, and of what else is to be said, each with its chain."""
    entries = (journal_line(NOW, index, each) for index, each in enumerate(found))
    return journal_of(journal_header(account, NOW, ()), *entries, *more)


def example_snapshot() -> Snapshot:
    group = Principal("group", "Developers", GROUP_ARN, "AGPA1", "/", frozenset({"arn:aws:iam::aws:policy/A"}))
    return Snapshot(
        account=KNOWN,
        caller=Caller("arn:aws:iam::123456789012:user/auditor", root=False),
        taken_at=NOW,
        source="live",
        principals={principal_key("group", "Developers"): group},
        absent=frozenset({principal_key("user", "koding-user")}),
        listed=frozenset({"user"}),
        credentials={"ada": Credentials((AccessKey("ABCD", True, NOW, None),), False, True, ("ssh",))},
        policies={
            "arn:aws:iam::aws:policy/A": ManagedPolicy("arn:aws:iam::aws:policy/A", True, "ANPA1", "v2", ("v1", "v2")),
            "gone": None,
        },
        summary={"Users": 1},
        root_use=RootUse(NOW, None, (NOW, None)),
        gaps=(Gap(Fact.MFA, "iam:ListMFADevices", "AccessDenied", "user/ada", "iam:ListMFADevices"),),
        organization=Organization("o-1", "999999999999", ((OrganizationPolicy("FullAWSAccess", "{}"),),)),
    )


def example_plan() -> Plan:
    files = (SourceFile("policies/koding.yaml", "ab" * 32),)
    basis = Basis(KNOWN, NOW, files, ("route53",), (), (), False, False, "cd" * 32)
    return Plan(
        basis, (Step(ATTACH, f"policy-missing/{GROUP_ARN}", "add", {principal_key("group", "Developers"): "AGPA1"}),)
    )


# --- there and back -------------------------------------------------------------------------------


@given(snapshots)
def test_a_snapshot_is_read_back_as_it_was(snapshot: Snapshot) -> None:
    assert snapshot_from(encode_snapshot(snapshot)) == snapshot


@given(plans)
def test_a_plan_is_read_back_as_it_was(plan: Plan) -> None:
    assert plan_from(encode_plan(plan)) == plan


def test_a_journal_knows_the_files_of_its_plan() -> None:
    files = (SourceFile("policies/koding.yaml", "ab" * 32), SourceFile("policies/guards.yaml", "cd" * 32))
    found, _ = decode_journal(journal_of(journal_header(KNOWN, NOW, files)), "j")
    assert found.desired == files


@given(reports)
@settings(max_examples=60)
def test_a_report_that_is_read_back_is_the_same_bytes_in_every_format(report: Report) -> None:
    again = decode_report(parse_json(encode_report(report), "x.json"), "x.json")
    for name in plugins.plugin_names("report.formats"):
        assert rendered(name, again) == rendered(name, report)


@given(entries, accounts)
def test_a_journal_is_read_back_as_it_was(found: tuple[Entry, ...], account: Account) -> None:
    assert decode_journal(journal_text(found, account), "j") == (Journal("j", account, found), None)


def test_the_same_value_gives_the_same_bytes_in_whatever_order_it_was_built() -> None:
    one = example_snapshot()
    other = replace(
        one,
        policies=dict(reversed(one.policies.items())),
        principals=dict(reversed(one.principals.items())),
        absent=frozenset(sorted(one.absent, reverse=True)),
    )
    assert encode_snapshot(one) == encode_snapshot(other)


@pytest.mark.parametrize("text", [encode_snapshot(example_snapshot()), encode_plan(example_plan())])
def test_a_file_starts_with_its_version_and_kind(text: str) -> None:
    assert list(json.loads(text))[:2] == ["version", "kind"]
    assert text.isascii()
    assert text.endswith("}\n")


# --- what is refused ------------------------------------------------------------------------------


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container in a JSON value with each key or index in it."""
    for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(each, (dict, list)):
            yield from places(each)


DECODERS: list[tuple[Callable[[object, str], object], Any]] = [
    (decode_snapshot, json.loads(encode_snapshot(example_snapshot()))),
    (decode_plan, json.loads(encode_plan(example_plan()))),
    (decode_report, json.loads(encode_report(REPORTS["fixed"]))),
    (decode_report, json.loads(encode_report(REPORTS["several"]))),
]


@given(st.sampled_from(DECODERS), st.data())
@settings(max_examples=400)
def test_any_value_in_any_place_is_read_or_refused_by_name(decoder: tuple[Any, Any], data: st.DataObject) -> None:
    decode, good = decoder
    value = copy.deepcopy(good)
    container, key = data.draw(st.sampled_from(list(places(value))))
    container[key] = data.draw(json_values)
    message = "x.json: read"
    try:
        decode(value, "x.json")
    except InputError as error:
        message = error.message
    assert message.startswith("x.json: ")


@given(json_values)
def test_no_json_value_is_more_than_refused(value: object) -> None:
    for decode in (decode_snapshot, decode_plan, decode_report):
        with pytest.raises(InputError):
            decode(value, "x.json")


@pytest.mark.parametrize("decoder", DECODERS)
def test_each_key_is_needed(decoder: tuple[Callable[[object, str], object], Any]) -> None:
    decode, good = decoder
    names = [key for container, key in places(good) if isinstance(container, dict)]
    for position in range(len(names)):
        value = copy.deepcopy(good)
        found = [(container, key) for container, key in places(value) if isinstance(container, dict)]
        container, key = found[position]
        del container[key]
        free = key in {"ada", "Users"} or str(key).startswith("arn:") or key == "gone"  # names from the account
        later = key in {"known", "baseline", "trend"}  # reports were written without these
        if not free and not later:
            with pytest.raises(InputError):
                decode(value, "x.json")


@pytest.mark.parametrize(
    ("path", "bad", "message"),
    [
        ("principals.0.arn", 5, "principals[0].arn: must be text"),
        ("principals.0.kind", "team", "principals[0].kind: must be one of user, group, role"),
        ("principals.0.attached", "A", "principals[0].attached: must be a list"),
        ("principals.0.attached.0", None, "principals[0].attached[0]: must be text"),
        ("taken_at", "yesterday", "taken_at: must be a UTC time such as 2026-11-23T20:00:00Z"),
        ("credentials.ada.mfa", "yes", 'credentials["ada"].mfa: must be true or false'),
        ("credentials.ada.keys.0.suffix", "AKIAIOSFODNN7EXAMPLE", "at most the last four characters of a key's id"),
        ("summary.Users", True, 'summary["Users"]: must be a number'),
        ("gaps.0.fact", "weather", "gaps[0].fact: must be one of caller, user"),
        ("listed.0", "users", "listed[0]: must be one of user, group, role"),
        (
            "policies.gone",
            {"attachable": True, "unique_id": "", "default_version": "", "versions": [], "more": 1},
            'policies["gone"]: unknown key "more"',
        ),
    ],
)
def test_what_is_wrong_in_a_snapshot_is_named_by_its_place(path: str, bad: object, message: str) -> None:
    value: Any = json.loads(encode_snapshot(example_snapshot()))
    container: Any = value
    *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parts:
        container = container[part]
    container[last] = bad
    with pytest.raises(InputError, match=re.escape(message)):
        decode_snapshot(value, "x.json")


def test_two_principals_of_one_name_in_two_cases_are_refused() -> None:
    value: Any = json.loads(encode_snapshot(example_snapshot()))
    value["principals"].append({**value["principals"][0], "name": "DEVELOPERS"})
    with pytest.raises(InputError, match=r'principals\[1\]: duplicate group "DEVELOPERS"'):
        decode_snapshot(value, "x.json")


@pytest.mark.parametrize(
    ("verb", "parameters", "lacks"),
    [
        ("AttachGroupPolicy", {"PolicyArn": "A"}, "GroupName"),
        ("AttachUserPolicy", {"UserName": "ada"}, "PolicyArn"),
        ("AddUserToGroup", {"GroupName": "g"}, "UserName"),
        ("DeleteGroupPolicy", {"GroupName": "g"}, "PolicyName"),
        ("PutUserPolicy", {"UserName": "ada", "PolicyName": "p"}, "PolicyDocument"),
        ("DeleteUser", {}, "UserName"),
    ],
)
def test_an_action_without_its_target_is_refused(verb: str, parameters: dict[str, str], lacks: str) -> None:
    value = json.loads(encode_plan(example_plan()))
    value["steps"][0] |= {"action": verb, "parameters": parameters}
    with pytest.raises(InputError, match=rf"steps\[0\]\.parameters: {verb} needs {lacks}"):
        decode_plan(value, "x.json")


@pytest.mark.parametrize("verb", Verb)
def test_every_action_that_is_read_changes_something(verb: Verb) -> None:
    value = json.loads(encode_plan(example_plan()))
    said = ("UserName", "GroupName", "RoleName", "PolicyArn", "PolicyName", "PolicyDocument", "VersionId")
    everything = dict.fromkeys(said, "x")
    value["steps"][0] |= {"action": verb.value, "parameters": everything}
    assert decode_plan(value, "x.json").steps[0].action.entity[1] == "x"
    value["steps"][0]["parameters"] = {}
    with pytest.raises(InputError, match=r"needs (User|Group|Role|Policy)(Name|Arn)"):
        decode_plan(value, "x.json")


def test_a_principal_has_one_unique_id() -> None:
    value = json.loads(encode_plan(example_plan()))
    value["steps"][0]["unique_ids"] *= 2
    with pytest.raises(InputError, match=r"unique_ids\[1\]: duplicate entity"):
        decode_plan(value, "x.json")


# --- the journal ----------------------------------------------------------------------------------


def test_the_last_line_of_an_entry_holds() -> None:
    text = journal_text((ENTRY,), more=[journal_line(NOW, 0, replace(ENTRY, outcome="done"))])
    journal, torn = decode_journal(text, "j")
    assert [each.outcome for each in journal.entries] == ["done"]
    assert torn is None


def test_a_torn_last_line_is_told_and_the_others_are_used() -> None:
    text = journal_text((ENTRY,))
    last = journal_text((ENTRY, replace(ENTRY, outcome="done"))).removeprefix(text)
    for kept in range(1, len(last) - 1):
        journal, torn = decode_journal(text + last[:kept], "j")
        assert journal.entries == (ENTRY,)
        assert torn is not None
        assert torn.message == "the journal's last line is incomplete"
        assert torn.location == Location("j", 3, 1)


def test_a_last_line_that_lacks_only_its_newline_is_used() -> None:
    journal, torn = decode_journal(journal_text((ENTRY,)).rstrip("\n"), "j")
    assert journal.entries == (ENTRY,)
    assert torn is None


def test_zeros_that_a_power_loss_left_are_a_torn_line() -> None:
    journal, torn = decode_journal(journal_text((ENTRY,)) + "\0" * 4096, "j")
    assert journal.entries == (ENTRY,)
    assert torn is not None


def test_a_bad_line_before_the_last_is_refused_with_its_number() -> None:
    text = journal_text((), more=['{"time": }', journal_line(NOW, 0, ENTRY)])
    with pytest.raises(InputError, match="not JSON") as caught:
        decode_journal(text, "j")
    assert caught.value.location is not None
    assert (caught.value.location.path, caught.value.location.line) == ("j", 2)


@pytest.mark.parametrize("text", ["", '{"version": 1, "kind"'])
def test_a_journal_without_its_first_line_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="the journal is empty"):
        decode_journal(text, "j")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"index": -1}, "j:2: index: must be 0 or more"),
        ({"index": "0"}, "j:2: index: must be a number"),
        ({"outcome": "perhaps"}, "j:2: outcome: must be one of started"),
        ({"time": None}, "j:2: time: must be a UTC time"),
        ({"action": "DeleteRole"}, "j:2: action: must be one of CreateGroup"),
        ({"parameters": {"GroupName": "g", "PolicyArn": ["A"]}}, 'j:2: parameters["PolicyArn"]: must be text'),
        ({"more": 1}, 'j:2: unknown key "more"'),
        ({"absent_before": None}, "j:2: absent_before: must be true or false"),
        ({"ended": True}, 'j:2: unknown key "index"'),
    ],
)
def test_a_bad_entry_is_refused_with_its_line(changed: dict[str, object], message: str) -> None:
    line = json.loads(journal_line(NOW, 0, ENTRY)) | changed
    with pytest.raises(InputError, match=re.escape(message)):
        decode_journal(journal_text((), more=[json.dumps(line)]), "j")


def test_an_entry_cannot_become_another_action() -> None:
    other = Entry(Action(Verb.CREATE_GROUP, {"GroupName": "Developers"}), "done")
    with pytest.raises(InputError, match="j:3: entry 0 has another action than in a line before"):
        decode_journal(journal_text((ENTRY,), more=[journal_line(NOW, 0, other)]), "j")


@given(st.text(alphabet='{}[]":,\n\\0123456789 abvk') | st.text())
def test_no_text_after_the_first_line_is_more_than_refused(tail: str) -> None:
    message = "j"
    try:
        decode_journal(journal_text((ENTRY,)) + tail, "j")
    except InputError as error:
        message = error.message if error.location is None else error.location.path
    assert message.startswith("j")


def test_a_newer_journal_is_refused() -> None:
    head = json.loads(journal_header(KNOWN, NOW, ())) | {"version": 2, "chained": "in another way"}
    with pytest.raises(InputError, match="j:1: version 2 is newer"):
        decode_journal(json.dumps(head) + "\n", "j")


def test_the_end_of_a_run_is_the_last_line_of_its_journal() -> None:
    end = journal_end(NOW)
    assert decode_journal(journal_text((ENTRY,), more=[end]), "j")[0] == Journal("j", KNOWN, (ENTRY,), True)
    assert not decode_journal(journal_text((ENTRY,)), "j")[0].ended
    with pytest.raises(InputError, match="j:2: index: missing"):
        decode_journal(journal_text((), more=[end, journal_line(NOW, 0, ENTRY)]), "j")


LINES = journal_text(
    (ENTRY, replace(ENTRY, outcome="done"), replace(ENTRY, outcome="failed")), more=[journal_end(NOW)]
).splitlines()


def refused_at(lines: list[str]) -> int:
    """The line at which a journal of these lines is refused."""
    with pytest.raises(InputError, match="was changed after its run") as caught:
        decode_journal("".join(f"{line}\n" for line in lines), "j")
    assert caught.value.hint.startswith("restore the journal")
    assert caught.value.location is not None
    return caught.value.location.line


@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_an_edited_line_of_a_journal_is_refused_by_its_number(number: int) -> None:
    line = LINES[number - 1]
    edits = [line.replace(":", ": ", 1), line.replace("2026", "2025", 1), line[:-10] + "0123abcd" + line[-2:]]
    edits += [line.replace(',"chain"', ',"more":1,"chain"'), line[: line.index(',"chain"')] + "}"]
    for edited in edits:
        assert edited != line
        assert refused_at([*LINES[: number - 1], edited, *LINES[number:]]) == number


@pytest.mark.parametrize("number", range(2, len(LINES)))
def test_a_removed_moved_or_inserted_line_of_a_journal_is_refused_by_its_number(number: int) -> None:
    before, line, after = LINES[: number - 1], LINES[number - 1], LINES[number:]
    assert refused_at([*before, *after]) == number
    assert refused_at([*before, after[0], line, *after[1:]]) == number
    assert refused_at([*before, line, line, *after]) == number + 1
    assert refused_at([*before, LINES[0], line, *after]) == number


def test_a_line_of_another_journal_does_not_follow() -> None:
    others = journal_text((replace(ENTRY, detail="x"), ENTRY)).splitlines()
    assert refused_at([LINES[0], LINES[1], others[2]]) == 3


def test_a_journal_whose_last_lines_are_gone_has_no_end() -> None:
    for kept in range(1, len(LINES)):
        journal, torn = decode_journal("".join(f"{line}\n" for line in LINES[:kept]), "j")
        assert (journal.ended, torn) == (False, None)


def test_a_key_named_chain_within_a_line_is_not_its_chain() -> None:
    hostile = Action(Verb.CREATE_GROUP, {"GroupName": "g", "chain": "0" * 64})
    entry = Entry(hostile, "started", f'","chain":"{"0" * 64}"}}')
    assert decode_journal(journal_text((entry,)), "j")[0].entries == (entry,)


# --- the report -----------------------------------------------------------------------------------


def test_the_report_has_the_keys_of_the_contract_in_its_order() -> None:
    value = json.loads(encode_report(REPORTS["full"]))
    assert list(value) == ["version", "tool", "status", "fail_on", "errors", "audits"]
    assert value["version"] == 1
    [found] = value["audits"]
    assert [name for name in found if name != "credential_report_generated"] == [
        *("account", "caller", "taken_at", "source", "endpoint", "status", "desired", "summary", "findings"),
        *("gaps", "not_seen", "journal", "root", "outline", "trend", "baseline"),
    ]
    assert list(found["account"]) == ["id", "partition", "alias"]
    assert list(found["caller"]) == ["arn", "root"]
    assert list(found["desired"][0]) == ["path", "sha256"]
    assert list(found["summary"]) == ["error", "warning", "note", "waived", "fixed", "not_checked"]
    assert list(found["findings"][0]) == [
        *("id", "rule", "severity", "status", "subject", "policy_set", "message", "evidence", "location", "fix"),
        *("waiver", "known"),
    ]
    (waiver,) = [each["waiver"] for each in found["findings"] if each["waiver"]]
    assert list(waiver) == ["subject", "policy", "reason", "owner", "expires", "location"]
    assert waiver["expires"] == "2027-01-31"
    assert list(found["findings"][0]["location"]) == ["path", "line", "column"]
    assert list(found["findings"][0]["fix"]) == ["action", "parameters"]


def test_a_report_from_before_there_were_baselines_is_read() -> None:
    value = json.loads(encode_report(REPORTS["full"]))
    (old,) = value["audits"]
    del old["baseline"], old["trend"]
    for each in old["findings"]:
        del each["known"]
    assert encode_report(decode_report(value, "x.json")) == encode_report(REPORTS["full"])


@pytest.mark.parametrize(
    "changes",
    [{"rule": "root-used"}, {"rule": "not-checked"}, {"rule": "caller-is-root"}, {"status": "fixed"}],
    ids=str,
)
def test_a_report_that_says_known_of_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    (known,) = (each for each in REPORTS["compared"].audits[1].findings)
    found = replace(REPORTS["compared"].audits[1], findings=(replace(known, **changes),))
    text = encode_report(Report((found,)))
    with pytest.raises(InputError, match=r"findings\[0\]: it is said to be known, which it cannot be"):
        decode_report(json.loads(text), "x.json")


def test_a_report_that_says_known_without_a_baseline_is_refused() -> None:
    text = encode_report(Report((audit(findings=(policy_missing(known=True),)),)))
    with pytest.raises(InputError, match="it is said to be known"):
        decode_report(json.loads(text), "x.json")


@pytest.mark.parametrize("day", ["2027-02-30", "20270131", "2027-W04-7", "soon", ""])
def test_a_waiver_whose_end_is_no_day_is_refused(day: str) -> None:
    value = json.loads(encode_report(REPORTS["full"]))
    (waiver,) = [each["waiver"] for each in value["audits"][0]["findings"] if each["waiver"]]
    waiver["expires"] = day
    with pytest.raises(InputError, match=r"waiver\.expires: a day like 2027-01-31 is needed"):
        decode_report(value, "x.json")


def test_a_gap_and_a_journal_have_the_keys_of_the_contract() -> None:
    gap = json.loads(encode_report(REPORTS["gapped"]))["audits"][0]["gaps"][-1]
    assert gap == {
        "fact": "credential-report",
        "call": "iam:GenerateCredentialReport",
        "reason": "AccessDenied",
        "rules": ["root-used", "root-key-used"],
        "subject": "",
        "permission": "iam:GenerateCredentialReport",
    }
    journal = json.loads(encode_report(REPORTS["fixed"]))["audits"][0]["journal"]
    assert list(journal) == ["path", "entries"]
    assert {tuple(entry) for entry in journal["entries"]} == {("action", "parameters", "outcome", "detail")}


def test_where_no_audit_was_possible_the_report_has_its_errors() -> None:
    value = json.loads(encode_report(REPORTS["empty"]))
    assert value["audits"] == []
    assert value["status"] == "incomplete"
    assert value["errors"] == [
        {
            "message": "no such key: polices",
            "hint": "did you mean policies?",
            "location": {"path": "policies/koding.yaml", "line": 12, "column": 40},
        }
    ]


@given(st.permutations(REPORTS["full"].audits[0].findings))
@settings(max_examples=20)
def test_findings_stand_by_severity_then_id_however_they_were_found(found: list[Finding]) -> None:
    shuffled = Report((replace(REPORTS["full"].audits[0], findings=tuple(found)),))
    assert encode_report(shuffled) == encode_report(REPORTS["full"])
    listed = json.loads(encode_report(shuffled))["audits"][0]["findings"]
    ranks = {"error": 0, "warning": 1, "note": 2}
    order = [(ranks[each["severity"]], each["id"]) for each in listed]
    assert order == sorted(order)


def test_gaps_keep_their_rules_in_whatever_order_they_were_met() -> None:
    [one] = REPORTS["gapped"].audits
    other = replace(one, gaps=one.gaps[::-1], blocked_rules=one.blocked_rules[::-1])
    assert encode_report(Report((one,))) == encode_report(Report((other,)))


def test_a_report_holds_no_policy_document() -> None:
    put = Action(Verb.PUT_GROUP_POLICY, {"GroupName": "g", "PolicyName": "p", "PolicyDocument": '{"Statement": []}'})
    found = audit(findings=(policy_missing(fix=put),), journal=Journal("j", KNOWN, (Entry(put, "done"),)))
    text = encode_report(Report((found,)))
    assert "Statement" not in text
    assert "PolicyDocument" not in text
    assert json.loads(text)["audits"][0]["findings"][0]["fix"]["parameters"] == {"GroupName": "g", "PolicyName": "p"}


def test_of_a_key_four_characters_are_written_whatever_was_kept() -> None:
    careless = Credentials((AccessKey("AKIAIOSFODNN7EXAMPLE", True, NOW, None),))
    text = encode_snapshot(replace(example_snapshot(), credentials={"ada": careless}))
    assert "AKIA" not in text
    assert "MPLE" in text


def test_evidence_is_written_with_its_keys_in_order() -> None:
    finding = policy_missing(evidence={"b": ({"z": 1, "a": None},), "a": [1, "x", True]})
    [found] = json.loads(encode_report(Report((audit(findings=(finding,)),))))["audits"][0]["findings"]
    assert json.dumps(found["evidence"]) == '{"a": [1, "x", true], "b": [{"a": null, "z": 1}]}'
