"""The command lines that two revisions are compared by, in scenarios: one folder and one server each, step by step."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.revisions.inputs import BAD

COMMANDS = (
    *(
        "scan",
        "plan",
        "apply",
        "undo",
        "setup",
        "init",
        "snapshot",
        "can",
        "why",
        "stack",
        "diff",
        "permissions",
        "doctor",
    ),
    *("merge", "render", "history", "notify", "validate", "explain", "schema", "completion", "demo"),
)
FORMATS = ("csv", "github", "gitlab", "html", "json", "jsonl", "junit", "markdown", "sarif", "table")
ACCOUNT = "--account 123456789012"
GUIDE = "policies/koding.yaml"


@dataclass(frozen=True)
class Step:
    """One command line, as it would be typed behind `koding-audit`.

    @ in it stands for the server's --endpoint-url. saves: of the mixed side (see Scenario.mixed) the old tree does it;
    code: what it prints is a program with comments.
    """

    line: str
    saves: bool = False
    code: bool = False

    def arguments(self, url: str) -> list[str]:
        at = ["--endpoint-url", url]
        return [each for word in shlex.split(self.line) for each in (at if word == "@" else [word])]


@dataclass(frozen=True)
class Scenario:
    """Steps in one folder. server: a kind of accounts.KINDS, "" for none; bare: the folder is empty."""

    name: str
    steps: Sequence[Step]
    server: str = ""
    bare: bool = False

    @property
    def mixed(self) -> bool:
        """Whether some step saves what later ones read: then the new tree also has to read what the old one saved."""
        return any(step.saves for step in self.steps)


def _steps(lines: Iterable[str]) -> list[Step]:
    return [Step(line) for line in lines]


def _help() -> Scenario:
    wrong = (
        *("", "nonsense", "--nonsense", "scan --ouput json", "scan -- --x", "scan --timeout 0", "scan --account 12"),
        *("scan --shard 5/4", "scan --output nonsense", "scan --only nonsense", "scan --fail-on never", "plan x"),
        *("scan --create", "scan --fix", "scan --source nowhere", "notify x --to nobody", "completion tcsh", "can"),
        *("schema x", "history nothing.db", "render nothing.json", "apply nothing.plan", "undo nothing.jsonl"),
    )
    helps = [f"{command} --help" for command in COMMANDS]
    return Scenario("help", _steps(["--version", "--help", *helps, *wrong]))


def _printing(rules: Sequence[str]) -> Scenario:
    lines = [
        *("explain", "explain nonsense", "explain policy-mising"),
        *(f"explain {rule}" for rule in rules),
        *(f"completion {shell}" for shell in ("bash", "zsh", "fish")),
        *(f"schema {name}" for name in ("", "desired", "guards", "report")),
        *(f"permissions {mode} {GUIDE}" for mode in ("", "audit", "fix", "create", "replace", "setup")),
        *("permissions audit team.yaml", "permissions audit targets.yaml", "permissions fix units.yaml"),
    ]
    return Scenario("printing", _steps(lines))


def _validate() -> Scenario:
    lines = [
        *("validate", f"validate {GUIDE} policies/service-users.yaml", "validate team.yaml", "validate targets.yaml"),
        *("validate guarded/team.yaml", "validate guarded/guards.yaml", "validate forbidden/admin.yaml"),
        *("validate guards-bad/team.yaml", "validate nothing.yaml", "validate policies", "validate -q team.yaml"),
        *(f"validate bad/{name}.yaml" for name in BAD),
        *("scan bad/type.yaml --source snapshot:details.json --output json", "scan bad/set.yaml --source demo"),
    ]
    return Scenario("validate", _steps(lines))


def _bare() -> Scenario:
    """An empty folder: the packaged guide, and the file that `init` writes."""
    lines = ("validate", "scan", "plan --out a.plan", "init", "init", "validate", "scan --source snapshot:no.json")
    return Scenario("bare", _steps(lines), bare=True)


def _snapshot() -> Scenario:
    """One account is saved, and all that can be asked of that is asked."""
    source = "--source snapshot:account.json"
    files = " ".join(f"--output {name}:report.{name}" for name in FORMATS)
    scan = f"scan team.yaml {source}"
    lines = [
        *(f"{scan} --output {name}" for name in FORMATS),
        f"{scan} {files} --exit-zero",
        *(f"{scan} --strict", f"{scan} --with dns --fail-on error", f"{scan} -q", f"{scan} --skip waiver-unused"),
        *(f"scan people.yaml {source}", f"scan people.yaml {source} --output json --fail-on error"),
        *(f"{scan} --only policy-missing --only membership-missing --output json", f"{scan} --only policy-mising"),
        *(f"{scan} --scp policies/one-region-scp.json", f"{scan} --scp broken.json", f"{scan} --account 210987654321"),
        *(f"scan {GUIDE} policies/waivers.yaml {source}", f"scan {GUIDE} policies/stack-actions.yaml {source}"),
        *(f"scan {GUIDE} {source} --stack policies/stacks/web.yml", f"scan {GUIDE} {source} --stack broken.tf"),
        *("scan policies/service-users.yaml --source snapshot:details.json", f"scan {GUIDE} {source} --fix"),
        f"scan {GUIDE} --source snapshot:details.json --output json",
        *_questions(source),
        f"init --adopt {source}",
        *("snapshot --out account.json @", f"snapshot --out copy.json {source}"),
    ]
    codes = [Step(f"plan replacing.yaml {source} --as {form}", code=True) for form in _EXPORTS]
    return Scenario("snapshot", [Step("snapshot --out account.json @", saves=True), *_steps(lines), *codes], "drifted")


def _questions(source: str) -> list[str]:
    """What `can`, `stack` and `diff` are asked about one account."""
    return [
        *(f"can user/ada {action} {source}" for action in ("ec2:RunInstances", "sqs:SendMessage", "iam:CreateUser")),
        *(f"can user/ada {action} {source} --output json" for action in ("'s3:Get*'", "s3:GetObject arn:aws:s3:::l/k")),
        *(f"can --who iam:CreateUser {source}", f"can --who ec2:RunInstances {source} --output json"),
        *(f"can user/nobody s3:GetObject {source}", f"can ada s3:GetObject {source}", f"can user/ada s3:Gt {source}"),
        *(f"can user/mallory iam:CreateUser {source} --scp policies/one-region-scp.json --strict",),
        *("can --cases cases.jsonl", "can --cases broken.json"),
        *(f"stack policies/stacks/web.yml {GUIDE} {source}", f"stack scripts {GUIDE} {source} --principal user/ada"),
        *(f"stack stack.tf {GUIDE} {source} --output json", f"stack policies/stacks/web.yml {GUIDE} {source} --policy"),
        *(f"stack broken.tf {GUIDE} {source}", f"stack scripts/koding.yml {GUIDE} {source} --output json"),
        *("diff old.json new.json", "diff old.json new.json --output json", "diff new.json new.json"),
        *("diff broken.json new.json", "diff snapshot:account.json#team-logs new.json"),
    ]


_EXPORTS = ("aws-cli", "cloudformation", "terraform")


def _reports() -> Scenario:
    """Saved reports: rendered, merged, compared, notified of, kept in a history."""
    saved = [
        Step("scan people.yaml --output json:first.json @ --history kept.db", saves=True),
        Step("scan people.yaml --skip policy-missing --output json:part.json @ --exit-zero", saves=True),
        Step(f"scan replacing.yaml --fix --create {ACCOUNT} --yes --output json:fixed.json @ --journal j", saves=True),
    ]
    lines = [
        "scan people.yaml --output json:second.json @ --history kept.db",
        *(f"render first.json --output {name}" for name in FORMATS),
        *("render fixed.json", "render fixed.json --output html:page.html", "render team.yaml"),
        *(
            f"scan people.yaml @ --baseline first.json --output {name}"
            for name in ("json", "sarif", "table", "html", "csv")
        ),
        *("scan people.yaml @ --baseline part.json", "scan people.yaml @ --baseline old.json"),
        *("merge first.json", "merge first.json part.json", "merge first.json old.json"),
        *(f"history kept.db {more}" for more in ("", "--output json", "--last 1", f"{ACCOUNT} -q")),
        *(f"notify first.json --to {name} --dry-run" for name in ("slack", "sns", "webhook")),
        *(f"notify second.json --since {old} --to webhook --dry-run" for old in ("first.json", "part.json")),
        *("notify second.json --since second.json --to slack --heartbeat --dry-run", "notify first.json --to slack"),
    ]
    return Scenario("reports", [*saved, *_steps(lines)], "drifted")


def _demo() -> Scenario:
    source = "--source demo"
    lines = [
        *("demo", f"scan {GUIDE} policies/service-users.yaml {source}", f"scan {GUIDE} {source} --output json"),
        f"scan {GUIDE} {source} --fix --yes --journal j.jsonl --output json --output html:page.html",
        *(f"scan {GUIDE} {source} --fix", f"plan {GUIDE} {source} --out demo.plan", f"apply demo.plan {ACCOUNT} --yes"),
        f"can user/koding-user ec2:RunInstances {source}",
    ]
    return Scenario("demo", [*_steps(lines), Step(f"plan {GUIDE} {source} --as terraform --quiet", code=True)])


def _writing() -> Scenario:
    """Plan, apply and undo, each by what the one before saved."""
    first = [
        Step("plan replacing.yaml --create --replace --out change.plan @", saves=True),
        Step(f"apply change.plan {ACCOUNT} --dry-run @"),
        Step("apply change.plan @"),
        Step(f"apply change.plan {ACCOUNT} --yes --max-changes 2 @"),
        Step(f"apply change.plan {ACCOUNT} --yes --journal run.jsonl --output json @", saves=True),
    ]
    lines = (
        *(f"apply change.plan {ACCOUNT} --yes @", "undo run.jsonl @", "undo run.jsonl --dry-run @"),
        *(f"undo run.jsonl {ACCOUNT} --yes @", f"undo run.jsonl {ACCOUNT} --yes @", "scan replacing.yaml @"),
    )
    return Scenario("writing", [*first, *_steps(lines)], "drifted")


def _saved_plan() -> Scenario:
    """A plan that one revision saved is carried out by another, and what a third run wrote is taken back."""
    return Scenario(
        "saved plan",
        [
            Step(f"plan {GUIDE} --create --out change.plan @", saves=True),
            Step(f"apply change.plan {ACCOUNT} --yes --journal run.jsonl --output json @"),
            Step(f"scan {GUIDE} --with route53 --fix --yes {ACCOUNT} @ --journal second.jsonl", saves=True),
            Step(f"undo second.jsonl {ACCOUNT} --yes @"),
            Step(f"undo run.jsonl {ACCOUNT} --yes @"),
            Step("plan admin.yaml --create --out admin.plan @", saves=True),
            Step(f"apply admin.plan {ACCOUNT} --yes --allow-admin @"),
        ],
        "guide",
    )


def _fixing() -> Scenario:
    lines = (
        *("scan team.yaml @ --output json", "scan people.yaml @", "scan team.yaml @ --fix --dry-run"),
        "scan team.yaml --fix --yes @",
        *(f"scan guarded/team.yaml --fix --create --yes {ACCOUNT} @", "scan replacing.yaml --fix --yes @ --dry-run"),
        *(f"scan admin.yaml --fix --yes {ACCOUNT} @", f"scan forbidden/admin.yaml --fix --yes {ACCOUNT} @"),
        *(f"scan admin.yaml --fix --allow-admin --yes {ACCOUNT} @", "scan team.yaml --account 210987654321 @"),
        *("scan replacing.yaml --fix --create --replace --yes --output json --output markdown:m.md @",),
        *("scan replacing.yaml @", "can --who iam:CreateUser @", "can user/ada sqs:SendMessage @ --output json"),
        *("diff arn:aws:iam::123456789012:policy/team/team-logs old.json @", "init --adopt @", "doctor team.yaml @"),
        *("doctor team.yaml --output json @", f"stack policies/stacks/web.yml {GUIDE} @"),
        *("can user/ada s3:GetObject --simulate @", "plan people.yaml --out people.plan @"),
    )
    return Scenario("fixing", _steps(lines), "drifted")


def _setup() -> Scenario:
    setup = f"setup {GUIDE}"
    lines = (
        *(f"{setup} --dry-run @", f"{setup} @", f"{setup} --yes @", f"{setup} --yes {ACCOUNT} --save-key nonsense @"),
        *(f"{setup} --yes {ACCOUNT} --save-key profile:koding --output table --output json:report.json @",),
        *(f"{setup} --yes {ACCOUNT} @", f"scan {GUIDE} @", "setup team.yaml --dry-run @"),
    )
    return Scenario("setup", _steps(lines), "empty")


def _denied() -> Scenario:
    lines = (
        *(f"scan {GUIDE} @", f"scan {GUIDE} @ --output json", f"scan {GUIDE} @ --output sarif", f"doctor {GUIDE} @"),
        *(f"doctor {GUIDE} @ --output json", f"plan {GUIDE} --out a.plan @", "init --adopt @", "can --who s3:Get @"),
        *(f"scan {GUIDE} --fix --yes {ACCOUNT} @", "snapshot --out a.json @", f"scan {GUIDE} @ --history kept.db"),
        *(
            "scan --endpoint-url http://example.org",
            "scan --profile nobody @",
            "scan --endpoint-url http://127.0.0.1:1",
        ),
    )
    return Scenario("denied", _steps(lines), "denied")


def _organization() -> Scenario:
    first = [
        Step("scan targets.yaml --output json:all.json --resume run.db --parallel 1 @", saves=True),
        Step("scan targets.yaml --shard 1/2 --output json:shard-1.json @", saves=True),
    ]
    lines = (
        *(
            "scan targets.yaml --resume run.db --parallel 1 @",
            "scan targets.yaml @ --output table --output json:b.json",
        ),
        *("scan targets.yaml --shard 2/2 --output json:shard-2.json @", "merge shard-1.json shard-2.json"),
        *("scan targets.yaml @ --baseline all.json", "scan targets.yaml --target test @", "scan targets.yaml --fix @"),
        *("scan targets.yaml --target nobody @", "scan units.yaml @ --output csv", "scan units.yaml @ --output junit"),
        *("scan targets.yaml --account 222222222222 @", "plan targets.yaml --out a.plan @", "doctor targets.yaml @"),
        *("scan targets.yaml --engine dask --workers 1 @", "scan targets.yaml --fix --yes --keep-going @"),
        "scan targets.yaml @ --output html",
    )
    return Scenario("organization", [*first, *_steps(lines)], "organization")


def scenarios(rules: Sequence[str]) -> list[Scenario]:
    """All of them, the longest first. rules: whose explanations are compared."""
    return [
        *(_demo(), _snapshot(), _reports(), _organization(), _fixing(), _printing(rules), _help(), _validate()),
        *(_writing(), _setup(), _denied(), _saved_plan(), _bare()),
    ]
