"""The reports that every format is tried on: all that can stand in a report, and what outsiders may put there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from koding_audit import plugins
from koding_audit.model.account import Account, Caller
from koding_audit.model.desired import Waiver
from koding_audit.model.finding import Action, Finding, Severity
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import (
    Audit,
    AuditNote,
    Baseline,
    Outline,
    OutlinePrincipal,
    Problem,
    Report,
    RootState,
    RunIdentity,
    Shard,
    SkippedAccount,
    TrendPoint,
    WaiverUse,
)
from koding_audit.model.snapshot import RootUse
from koding_audit.model.verb import Verb
from koding_audit.scan.catalog import advice_for_rule

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 23, 20, 0, tzinfo=timezone.utc)
ACCOUNT = Account("123456789012", "aws", "koding-prod")
CALLER = Caller("arn:aws:iam::123456789012:user/auditor", root=False)
FILE = "policies/koding.yaml"
GROUP = ACCOUNT.arn("group", "Developers")
USER = ACCOUNT.arn("user", "koding-user")
EC2 = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"
READ = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"


def audit(**changes: object) -> Audit:
    fields: dict[str, object] = {
        "account": ACCOUNT,
        "caller": CALLER,
        "taken_at": NOW,
        "source": "live",
        "endpoint": None,
        "desired": (SourceFile(FILE, "ab" * 32),),
        "findings": (),
    }
    return Audit(**{**fields, **changes})  # type: ignore[arg-type]


def attach(arn: str, group: str = "Developers") -> Action:
    return Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": group, "PolicyArn": arn})


def policy_missing(arn: str = READ, line: int = 6, **changes: object) -> Finding:
    fields: dict[str, object] = {
        "rule": "policy-missing",
        "severity": "error",
        "subject": GROUP,
        "message": f"group Developers lacks {arn.rpartition('/')[2]}, which set stack-build requires",
        "key": arn,
        "location": Location(FILE, line, 16),
        "policy_set": "stack-build",
        "fix": attach(arn),
    }
    return Finding(**{**fields, **changes})  # type: ignore[arg-type]


ROOT = RootState(access_keys=False, mfa=True, use=RootUse(NOW - timedelta(hours=3), NOW - timedelta(days=400), ()))


def outline(*optional: tuple[str, bool | None]) -> Outline:
    """What the guide asks for; optional: its sets, each with whether it is attached."""
    route53 = (f"arn:aws:iam::aws:policy/AmazonRoute53{name}FullAccess" for name in ("", "Domains"))
    return Outline(
        declared={"user": 2, "group": 1, "role": 0},
        principals=(
            OutlinePrincipal("group", "Developers", GROUP, members=2, required=("stack-build",), optional=optional),
            OutlinePrincipal("user", "koding-user", USER, groups=("Developers",)),
            OutlinePrincipal("user", "new-user", ACCOUNT.arn("user", "new-user"), groups=("Developers",)),
        ),
        policy_sets={"stack-build": (EC2, READ), "route53": tuple(route53)},
    )


def trend(*numbers: tuple[int, int, int] | None) -> tuple[TrendPoint, ...]:
    """An audit a day with so many errors, warnings and notes, the last of them NOW; None: it could not see all."""
    first = NOW - timedelta(days=len(numbers) - 1)
    return tuple(
        TrendPoint(first + timedelta(days=day), "findings" if each else "incomplete", False, *(each or (0, 0, 1)))
        for day, each in enumerate(numbers)
    )


ADVICE = {
    name: advice_for_rule(name)
    for name in ("policy-missing", "optional-set-incomplete", "user-missing", "access-key-old", "root-access-key")
}
"""As the command line takes it from the rules; some rules are left out on purpose."""


def _drift() -> tuple[Finding, ...]:
    """A finding of each sort: for --fix, for --create, for --replace and for a person; open, waived."""
    key = "ABCD"
    return (
        policy_missing(EC2),
        policy_missing(READ, 6),
        Finding(
            rule="optional-set-incomplete",
            severity="warning",
            subject=GROUP,
            key="route53",
            message="group Developers has only a part of optional set route53:"
            " AmazonRoute53DomainsFullAccess is missing (--with route53 completes it)",
            location=Location(FILE, 14, 16),
            policy_set="route53",
            evidence={"missing": ["arn:aws:iam::aws:policy/AmazonRoute53DomainsFullAccess"], "attached": []},
        ),
        Finding(
            rule="policy-unexpected",
            severity="error",
            subject=GROUP,
            key="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
            message="group Developers has AmazonS3ReadOnlyAccess, which none of its sets contains",
            location=Location(FILE, 12, 3),
            evidence={"exclusive": True},
            fix=Action(
                Verb.DETACH_GROUP_POLICY,
                {"GroupName": "Developers", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
            ),
        ),
        Finding(
            rule="inline-unexpected",
            severity="note",
            subject=GROUP,
            key="scratch",
            message="group Developers has the inline policy scratch, which nothing names",
            location=Location(FILE, 12, 3),
            status="waived",
            waiver=Waiver(
                "inline-unexpected",
                "it moves",
                "platform",
                date(2027, 1, 31),
                "group/*",
                "scratch",
                Location(FILE, 30, 5),
            ),
        ),
        Finding(
            rule="user-missing",
            severity="error",
            subject=ACCOUNT.arn("user", "new-user"),
            message="user new-user does not exist",
            location=Location(FILE, 15, 16),
            fix=Action(Verb.CREATE_USER, {"UserName": "new-user", "Tags": [{"Key": "team", "Value": "web"}]}),
        ),
        Finding(
            rule="membership-missing",
            severity="error",
            subject=GROUP,
            key="new-user",
            message="user new-user is not in group Developers",
            location=Location(FILE, 15, 16),
            fix=Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "new-user"}),
        ),
        Finding(
            rule="access-key-old",
            severity="warning",
            subject=USER,
            key=key,
            message="access key ...ABCD of user koding-user was created on 2026-01-01T00:00:00Z, more than 90 days ago",
            location=Location(FILE, 20, 5),
            evidence={"created": "2026-01-01T00:00:00Z", "max_age_days": 90},
        ),
        Finding(
            rule="membership-unexpected",
            severity="note",
            subject=USER,
            key="Testers",
            message="user koding-user is in group Testers, which nothing names",
            location=Location(FILE, 15, 16),
        ),
        Finding(
            rule="root-access-key",
            severity="error",
            subject=ACCOUNT.root_arn,
            message="the root user has an access key",
            evidence={"AccountAccessKeysPresent": 1},
        ),
    )


def clean() -> Report:
    return Report((audit(root=ROOT, outline=outline(("route53", True))),), advice=ADVICE)


def empty() -> Report:
    problem = Problem("no such key: polices", "did you mean policies?", Location(FILE, 12, 40))
    return Report((), errors=(problem,), advice=ADVICE)


def full() -> Report:
    found = audit(
        findings=_drift(),
        report_generated=NOW - timedelta(hours=3),
        credentials_as_of=NOW - timedelta(hours=3),
        notes=(
            AuditNote(
                "credentials-as-of",
                "keys and sign-in as of 2026-11-23T17:00:00Z: later changes are not known"
                " (cloudtrail:LookupEvents: AccessDeniedException)",
                "grant the caller cloudtrail:LookupEvents",
            ),
        ),
        root=RootState(access_keys=True, mfa=False, use=ROOT.use),
        outline=outline(("route53", False)),
    )
    return Report((found,), advice=ADVICE)


def gapped() -> Report:
    """Half was read: a finding stands, and what was denied is named."""
    gaps = (
        Gap(Fact.CREDENTIAL_REPORT, "iam:GenerateCredentialReport", "AccessDenied", "", "iam:GenerateCredentialReport"),
        *(
            Gap(Fact.ACCESS_KEYS, "iam:ListAccessKeys", "AccessDenied", f"user/builder-{number}", "iam:ListAccessKeys")
            for number in range(10, 22)
        ),
        Gap(Fact.SUMMARY, "iam:GetAccountSummary", "ReadTimeout"),
    )
    rules = (("root-used", "root-key-used"), *(("access-key-old",),) * 12, ("root-access-key", "root-mfa-missing"))
    not_checked = tuple(
        Finding(
            rule="not-checked",
            severity="error",
            subject=ACCOUNT.arn("user", gap.subject[5:]) if gap.subject else ACCOUNT.root_arn,
            key=gap.fact.value,
            message=f"{gap.fact.value} could not be read: {gap.call}: {gap.reason}",
            evidence={"fact": gap.fact.value, "call": gap.call, "reason": gap.reason, "permission": gap.permission},
        )
        for gap in gaps
    )
    return Report(
        (
            audit(
                findings=(policy_missing(), *not_checked),
                gaps=gaps,
                blocked_rules=rules,
                not_seen=("scp",),
                trend=trend((0, 2, 4), (1, 2, 4), None, (1, 1, 4), None),
            ),
        ),
        advice=ADVICE,
    )


def fixed() -> Report:
    """After --fix: one is mended, one write failed, one is not visible yet, one was there already."""
    late = "arn:aws:iam::aws:policy/AmazonVPCReadOnlyAccess"
    entries = (
        Entry(attach(EC2), "done"),
        Entry(attach(READ), "failed", "LimitExceeded: Cannot exceed quota for PoliciesPerGroup: 10"),
        Entry(attach(late), "pending", "accepted, and not to be seen after 120 s"),
        Entry(
            Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "koding-user"}),
            "skipped",
            "already there",
        ),
    )
    findings = (
        policy_missing(EC2, status="fixed"),
        policy_missing(READ, status="failed"),
        policy_missing(late, status="pending"),
    )
    journal = Journal("/home/ada/.local/state/koding-audit/123456789012/2026-11-23T20-00-00Z.jsonl", ACCOUNT, entries)
    found = audit(
        findings=findings,
        journal=journal,
        root=ROOT,
        outline=outline(("route53", None)),
        trend=trend((4, 0, 12), (4, 1, 12), (2, 1, 11), (3, 0, 11), (2, 0, 0)),
        allowed_later=("iam:GetGroupPolicy", "iam:ListAttachedGroupPolicies"),
    )
    return Report((found,), advice=ADVICE)


HOSTILE = "\x1b[31m\x9b2Jred\u202eder\u200b\r\n::set-output name=x::1 | =1+1 <script>alert(1)</script>\x7f\U000e0041"


def hostile(text: str = HOSTILE) -> Report:
    """Names that IAM or a file would hardly let through, in every place that text from outside can reach."""
    arn = f"arn:aws:iam::123456789012:group/{text}/{'x' * 200}"
    finding = Finding(
        rule="policy-missing",
        severity="error",
        subject=arn,
        key=text,
        message=f"group {text} lacks {'y' * 300}",
        location=Location(f"{text}.yaml", 1, 1),
        policy_set=text,
        evidence={text: [text, {"nested": text}]},
        fix=Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": text, "PolicyArn": text}),
    )
    accepted = replace(
        finding,
        key=f"{text}/accepted",
        status="waived",
        waiver=Waiver("policy-missing", text, text, date(2027, 1, 31), text, text, Location(f"{text}.yaml", 1, 1)),
    )
    blank = Finding(rule="policy-unexpected", severity="note", subject=f"{text}", message=" \u3000\xa0 ")
    return Report(
        (
            audit(
                account=Account("123456789012", "aws", text),
                caller=Caller(text, root=True),
                source=f"snapshot:{text}",
                endpoint=text,
                hosts=(text,),
                desired=(SourceFile(text, "00" * 32),),
                findings=(finding, accepted, blank, replace(finding, key=f"{text}/known", known=True)),
                gaps=(Gap(Fact.USER, "iam:GetUser", text, f"user/{text}", text),),
                notes=(AuditNote(text, text, text),),
                journal=Journal(text, ACCOUNT, (Entry(attach(text), "failed", text),)),
                outline=Outline(
                    {"user": 1, "group": 0, "role": 0},
                    (OutlinePrincipal("user", text, text, (text,), 0, (text,), ((f"{text}-", None),)),),
                    {text: (text, arn), f"{text}-": (text,)},
                ),
                baseline=Baseline(SourceFile(text, "00" * 32), NOW, (text, arn)),
                allowed_later=(text,),
            ),
        ),
        errors=(Problem(text, text, Location(text, 1, 1)),),
        skipped=(SkippedAccount(text, text),),
    )


def compared() -> Report:
    """Beside a baseline: what is known of each severity, what is new, a known one whose fix failed, what is gone."""
    severities = {"access-key-old", "membership-unexpected", "user-missing"}
    findings = tuple(replace(each, known=each.rule in severities or each.key == EC2) for each in _drift())
    stuck = policy_missing("arn:aws:iam::aws:policy/AmazonVPCReadOnlyAccess", known=True, status="failed")
    gone = tuple(f"policy-unexpected/{GROUP}/{ACCOUNT.arn('policy', f'team/p{number}')}" for number in range(12))
    baseline = Baseline(SourceFile("iam/known.json", "cd" * 32), NOW - timedelta(days=23), gone)
    here = audit(findings=findings, baseline=baseline, hosts=("iam.amazonaws.com", "sts.eu-west-1.amazonaws.com"))
    other = audit(
        account=Account("210987654321", "aws"),
        findings=(stuck,),
        baseline=replace(baseline, taken_at=NOW, gone=gone[:1]),
    )
    return Report((here, other), advice=ADVICE)


def several() -> Report:
    """Two accounts of a shard, one of them clean."""
    run = RunIdentity("8147", Shard(1, 3, "1" * 64, "2" * 64))
    other = Account("210987654321", "aws-cn")
    caller = Caller("arn:aws-cn:iam::210987654321:user/auditor", root=False)
    waivers = WaiverUse((Location(FILE, 20, 5),))
    here = audit(
        findings=(policy_missing(),),
        endpoint="http://127.0.0.1:5000",
        waiver_use=waivers,
        allowed_later=("iam:GetGroup",),
    )
    closed = (SkippedAccount("300000000001", "CLOSED"), SkippedAccount("300000000002", "SUSPENDED"))
    return Report((here, audit(account=other, caller=caller)), fail_on="error", advice=ADVICE, run=run, skipped=closed)


def organization() -> Report:
    """More accounts than are shown one by one: a few clean, two incomplete, one with more than is shown of one account.

    More could not be reached than a person is told one by one.
    """

    def of(number: int) -> Audit:
        account = Account(f"{100_000_000_000 + number}", "aws", f"team-{number}" if number % 3 else None)
        if number in (11, 30):
            gap = Gap(Fact.SUMMARY, "iam:GetAccountSummary", "AccessDenied", "", "iam:GetAccountSummary")
            return audit(account=account, gaps=(gap,), blocked_rules=(("root-access-key",),))
        group = account.arn("group", "Developers")
        many = (policy_missing(f"a/P{each:02}", subject=group, fix=None) for each in range(24))
        severity: Severity = "warning" if number % 5 else "error"
        usual = () if number % 7 == 1 else (policy_missing(severity=severity, subject=group),)
        findings = {8: _drift()[:8], 23: tuple(many)}
        notes = (AuditNote("credentials-as-of", "keys and sign-in as of 2026-11-23T17:00:00Z"),) if number == 1 else ()
        return audit(account=account, findings=findings.get(number, usual), notes=notes)

    denied = "its role cannot be assumed: AccessDenied"
    errors = (Problem(f"account {200_000_000_000 + each}: {denied}", "see to its trust") for each in range(23))
    closed = tuple(SkippedAccount(f"{300_000_000_000 + each}", "SUSPENDED") for each in range(23))
    return Report(tuple(map(of, range(1, 36))), errors=tuple(errors), advice=ADVICE, skipped=closed)


REPORTS: Mapping[str, Report] = {
    make.__name__: make() for make in (clean, empty, full, gapped, fixed, hostile, compared, several, organization)
}


def rendered(name: str, report: Report, **said: object) -> str:
    """The whole report in a format, whose parts are texts; said: what that format can be told."""
    parts = list(plugins.load_plugin("report.formats", name).render(report, **said))
    assert all(isinstance(each, str) for each in parts)
    return "".join(parts)


def rewrite() -> None:
    """Write the golden files again: python -m tests.report.formats.reports; then read what changed."""
    for format_name in plugins.plugin_names("report.formats"):
        for name, report in REPORTS.items():
            (GOLDEN / f"{name}.{format_name}").write_bytes(rendered(format_name, report).encode())


if __name__ == "__main__":
    sys.exit(rewrite())
