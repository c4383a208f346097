"""A report as JSON, and every file of this project in JSON: read back as it was, or refused by name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit import plugins
from koding_audit.io.codec.plan import decode_plan, encode_plan
from koding_audit.io.codec.snapshot import decode_snapshot, encode_snapshot
from koding_audit.io.json_text import parse_json
from koding_audit.model.account import Caller
from koding_audit.model.desired import Waiver
from koding_audit.model.errors import InputError
from koding_audit.model.finding import SEVERITIES, Action, Finding
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.report import (
    Audit,
    AuditNote,
    AuditScope,
    Baseline,
    Outline,
    OutlinePrincipal,
    Problem,
    Report,
    RootState,
    RunIdentity,
    Shard,
    SkippedAccount,
    WaiverUse,
)
from koding_audit.model.snapshot import RootUse
from koding_audit.model.traits import find_rule_traits
from koding_audit.model.verb import Verb
from koding_audit.report.codec import decode_report, encode_report
from koding_audit.report.status import is_unresolved
from tests.io.codec.shapes import (
    KNOWN,
    accounts,
    actions,
    entries,
    example_plan,
    example_snapshot,
    files,
    gaps,
    texts,
    times,
    word_lists,
)
from tests.report.formats.reports import REPORTS, audit, policy_missing, rendered

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
severities = st.sampled_from(SEVERITIES)
sources = st.none() | st.builds(Location, texts, st.integers(1, 99), st.integers(1, 99))
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
about_use = st.builds(lambda found: replace(found, rule="waiver-unused", waiver=None), unwaived)
waiver_uses = st.builds(
    WaiverUse,
    st.lists(st.builds(Location, texts, st.integers(1, 99), st.integers(1, 99)), max_size=2).map(tuple),
    st.lists(about_use, max_size=2).map(tuple),
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
        hosts=word_lists,
        scope=st.none() | st.builds(AuditScope, word_lists, word_lists, word_lists, word_lists, word_lists),
        desired=files,
        findings=st.lists(findings, max_size=3).map(tuple),
        gaps=st.lists(gaps, max_size=2).map(tuple),
        blocked_rules=st.lists(word_lists, max_size=2).map(tuple),
        not_seen=word_lists,
        report_generated=st.none() | times,
        credentials_as_of=st.none() | times,
        notes=st.lists(st.builds(AuditNote, texts, texts, texts), max_size=2).map(tuple),
        journal=st.none() | st.builds(Journal, texts, accounts, entries),
        baseline=st.none() | st.builds(Baseline, st.builds(SourceFile, texts, texts), times, word_lists),
        waiver_use=st.none() | waiver_uses,
        allowed_later=word_lists,
    ),
)
skipped_accounts = st.lists(st.builds(SkippedAccount, texts, texts), max_size=2).map(tuple)
problems = st.lists(st.builds(Problem, texts, texts, sources), max_size=2).map(tuple)
shards = st.builds(Shard, st.integers(1, 9), st.integers(9, 99), texts, texts)
runs = st.builds(RunIdentity, texts, st.none() | shards, texts)
reports = st.builds(
    Report,
    st.lists(audits, max_size=2).map(tuple),
    severities,
    problems,
    run=st.none() | runs,
    skipped=skipped_accounts,
)


@pytest.mark.slow
@given(reports)
@settings(max_examples=60)
def test_a_report_that_is_read_back_is_the_same_bytes_in_every_format(report: Report) -> None:
    again = decode_report(parse_json(encode_report(report), "x.json"), "x.json")
    for name in plugins.plugin_names("report.formats"):
        assert rendered(name, again) == rendered(name, report)


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


@pytest.mark.slow
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


LATER = {
    "known",
    "baseline",
    "trend",
    "certificates",
    "credential_cutoff",
    "credentials_as_of",
    "notes",
    "run",
    "waiver_use",
    "delegated",
    "skipped",
    "allowed_later",
    "hosts",
    "scope",
    "inputs",
}
"""Keys that files of earlier versions lack."""


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
        later = key in LATER  # files were written without these
        if not free and not later:
            with pytest.raises(InputError):
                decode(value, "x.json")


# --- the report -----------------------------------------------------------------------------------


def test_the_report_has_the_keys_of_the_contract_in_its_order() -> None:
    value = json.loads(encode_report(REPORTS["full"]))
    assert list(value) == ["version", "tool", "status", "fail_on", "run", "errors", "skipped", "audits"]
    assert value["version"] == 1
    [found] = value["audits"]
    added = ("credential_report_generated", "credentials_as_of", "notes", "hosts", "scope")
    assert [name for name in found if name not in added] == [
        *("account", "caller", "taken_at", "source", "endpoint", "status", "desired", "summary", "findings"),
        *("gaps", "not_seen", "journal", "root", "outline", "trend", "baseline", "waiver_use", "allowed_later"),
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


def test_a_report_from_before_there_were_baselines_and_runs_is_read() -> None:
    value = json.loads(encode_report(REPORTS["full"]))
    (old,) = value["audits"]
    del old["baseline"], old["trend"], old["waiver_use"], value["run"], old["allowed_later"], value["skipped"]
    del old["hosts"], old["scope"]
    for each in old["findings"]:
        del each["known"]
    full = REPORTS["full"]
    without_scope = replace(full, audits=(replace(full.audits[0], scope=None),))
    assert encode_report(decode_report(value, "x.json")) == encode_report(without_scope)


@pytest.mark.parametrize(
    "changes",
    [{"rule": "root-used"}, {"rule": "not-checked"}, {"rule": "caller-is-root"}, {"status": "fixed"}],
    ids=str,
)
def test_a_report_that_says_known_of_what_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    (known,) = (each for each in REPORTS["compared"].audits[1].findings)
    found = replace(REPORTS["compared"].audits[1], findings=(replace(known, **changes),))
    text = encode_report(Report((found,)))
    with pytest.raises(InputError, match=r"findings\[0\]: this finding cannot be known"):
        decode_report(json.loads(text), "x.json")


def test_a_report_that_says_known_without_a_baseline_is_refused() -> None:
    text = encode_report(Report((audit(findings=(policy_missing(known=True),)),)))
    with pytest.raises(InputError, match="this finding cannot be known"):
        decode_report(json.loads(text), "x.json")


@pytest.mark.parametrize("shard", [{"number": 0}, {"number": 4}, {"number": 1, "count": 0}], ids=str)
def test_a_shard_that_cannot_be_is_refused(shard: dict[str, int]) -> None:
    value = json.loads(encode_report(replace(REPORTS["clean"], run=RunIdentity("a", Shard(1, 3)))))
    value["run"]["shard"].update(shard)
    with pytest.raises(InputError, match=r"run\.shard\.number: must be from 1 to the count"):
        decode_report(value, "x.json")


def test_only_findings_about_unused_waivers_wait_for_a_merge() -> None:
    held = audit(waiver_use=WaiverUse((), (policy_missing(),)))
    text = encode_report(Report((held,)))
    with pytest.raises(InputError, match=r"unused\[0\]: must be a finding about an unused waiver"):
        decode_report(json.loads(text), "x.json")


@pytest.mark.parametrize("day", ["2027-02-30", "20270131", "2027-W04-7", "soon", ""])
def test_a_waiver_whose_end_is_no_day_is_refused(day: str) -> None:
    value = json.loads(encode_report(REPORTS["full"]))
    (waiver,) = [each["waiver"] for each in value["audits"][0]["findings"] if each["waiver"]]
    waiver["expires"] = day
    with pytest.raises(InputError, match=r"waiver\.expires: must be a date such as 2027-01-31"):
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


def test_evidence_is_written_with_its_keys_in_order() -> None:
    finding = policy_missing(evidence={"b": ({"z": 1, "a": None},), "a": [1, "x", True]})
    [found] = json.loads(encode_report(Report((audit(findings=(finding,)),))))["audits"][0]["findings"]
    assert json.dumps(found["evidence"]) == '{"a": [1, "x", true], "b": [{"a": null, "z": 1}]}'
