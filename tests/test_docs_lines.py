"""The command lines that the documents show, each run as it stands, page by page, over an account on loopback.

What a line names is there before it: made by the command that makes such a thing, or brought by the reader. A line that
writes to IAM finds the account as a year left it. Blocks whose output is shown are followed elsewhere: see test_docs,
test_docs_account.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from koding_audit import desired
from koding_audit.reference import managed_policies
from tests.servers.always import always, self_signed
from tests.servers.wire import Call
from tests.simulator.account import ACCOUNT, ALLOW_ALL, AWS, Account
from tests.simulator.faults import Reply
from tests.simulator.organization import Organization
from tests.simulator.server import listening
from tests.stack.script_files import plan
from tests.test_docs import CHECKOUT, FENCED, FROM_THE_DEMO, TEXTS, arguments_in
from tests.test_docs_account import FROM_AN_ACCOUNT, followed

pytestmark = pytest.mark.slow

NOT_RUN: Mapping[str, str] = {
    "pipx install": "asks a package index; tests/test_packaging.py installs the tool and runs it",
    "koding-audit scan koding-audit.yaml --scheduler": "needs a cluster; tests/endtoend/test_engines.py has one",
    "docker build": "needs an engine and a registry; `make deploy-check` runs the image's commands in a folder",
    "docker run": "needs that image; tests/deploy/test_kubernetes.py runs its entry point",
    "kubectl ": "needs a cluster; tests/deploy/test_kubernetes.py runs what the CronJob says",
    "systemctl ": "needs root; tests/deploy/test_systemd.py runs what the service says",
    "install -": "writes to /etc; tests/deploy/test_systemd.py runs what the service says",
    "aws cloudformation": "needs an organization; tests/deploy/test_aws_roles.py reads the template",
    "aws iam get-account-authorization-details": "needs the AWS CLI; details.json is made here by the same call",
    "aws iam attach-group-policy --group-name=Developers": "is a line of change.sh",
    "sh change.sh": "needs the AWS CLI; tests/endtoend/test_export.py runs such a script over a stand-in",
    "aws ": "is of a rule's help; tests/scan/rules/test_explanations.py checks it against AWS's service descriptions",
    "make data": "asks AWS's servers for what is new",
    "make ": "is of the checkout that this test runs in",
    "koding-audit demo": "tests/cli/commands/test_demo.py takes the whole tour",
    "koding-audit can user/koding-user ec2:RunInstances --simulate": "needs AWS; tests/cli/test_simulator.py",
}
"""How a line begins that is not run here, and why; the first that fits."""

FILLED_IN: Mapping[str, str] = {
    r"^\[.*\] \|\| | \|\| .*| {2,}.*| # .*": "",
    r"history FILE": "history history.db",
    r"--cases FILE": "--cases cases.jsonl",
    r"\bFILE\b": "koding-audit.yaml",
    r"\bRULE\b": "policy-missing",
    r"\bSCRIPT\b": "bucket.yml",
    r"user/NAME ACTION": "user/koding-user ec2:RunInstances",
    r"user/ada\b": "user/koding-user",
    r"profile:NAME": "profile:new",
    r"\bJOURNAL\b|~/\.local/state/\S+": "run.jsonl",
    r"shard-\*\.json": "shard-1.json shard-2.json",
    r"/srv/iam/|/etc/koding-audit/": "",
}
"""What is not the command's, or stands for something of the reader's, and what takes its place."""

POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
BUCKET = "resource: {aws_s3_bucket: {logs: {bucket: acme-logs}}}\n"
DENIED = (
    f"User: arn:aws:iam::{ACCOUNT}:user/koding-user is not authorized to perform: ec2:RunInstances on resource: * "
    "because no identity-based policy allows the ec2:RunInstances action"
)
PROFILE = "[{}]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
(CASE,) = re.findall(r'^(\{"id".*?"request.*?\})\n```', TEXTS["docs/evaluation.md"], re.MULTILINE | re.DOTALL)
(TARGETS,) = (each["body"] for each in FENCED.finditer(TEXTS["docs/organizations.md"]) if each["kind"] == "yaml")
BROUGHT: Mapping[str, str] = {
    "koding-audit.yaml": desired.starter_text(),
    "bucket.yml": BUCKET,
    "build.log": f"{DENIED}\n",
    "texts.jsonl": json.dumps({"id": "1", "input": DENIED}) + "\n",
    "web.yml": BUCKET,
    "plan.json": json.dumps(plan()),
    "cases.jsonl": CASE.replace("\n", " "),
    ".aws/credentials": "".join(PROFILE.format(name) for name in ("default", "admin", "audit", "notifier")),
    **dict.fromkeys(("old.json", "new.json", "team-s3.json"), POLICY),
    **dict.fromkeys(("root.json", "member.json"), ALLOW_ALL),
    "workloads.json": (CHECKOUT / "policies" / "one-region-scp.json").read_text(encoding="utf-8"),
    **dict.fromkeys(
        ("root-rcp.json", "endpoints.json", "sqs-endpoint.json"),
        ALLOW_ALL.replace('"Resource"', '"Principal": "*", "Resource"'),
    ),
}
"""The files that a reader has, each with its text."""

SCAN = "koding-audit scan koding-audit.yaml"
MADE: Mapping[str, str] = {
    "account.json": "koding-audit snapshot --out account.json",
    "change.plan": "koding-audit plan policies/koding.yaml --out change.plan",
    "run.jsonl": f"koding-audit scan policies/koding.yaml --fix --yes --account {ACCOUNT} --journal run.jsonl",
    **{f"{each}.json": f"{SCAN} --output json:{each}.json" for each in ("report", "last", "known", "iam-baseline")},
    **{name: f"{SCAN} --history {name}" for name in ("history.db", "iam-history.db")},
    **{f"shard-{each}.json": f"{SCAN} --shard {each}/2 --output json:shard-{each}.json" for each in (1, 2)},
}
"""By what a line reads: the command that makes it, where it is not there."""
LOOKING = ("scan", "can", "why", "stack", "diff", "merge")
"""What judges, and ends with 1 where something is not as asked for."""
ONCE = ("--out", "--journal")
"""Before a file that a command makes, and never writes over."""

VARIABLES = {"script": "policies/stacks/web.yml", "GITHUB_STEP_SUMMARY": "summary.md"}
ROUTE53 = ("AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess")
POLICIES = ("AmazonEC2FullAccess", "IAMReadOnlyAccess", "AmazonS3ReadOnlyAccess", "ReadOnlyAccess", *ROUTE53)
UNIT = "ou-abcd-12345678"
PUBLISHED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:iam-audit"
PROGRAM = re.compile(r"(pipx|docker|kubectl|systemctl|install|aws|sh|make|koding-audit) ")
OF_MANY = re.compile(r"--shard|--target|shard-")
"""In lines about the accounts of an organization."""


def shown() -> Iterator[tuple[str, str]]:
    """Each command line with its page: of shells, of other blocks where a program begins it, and between backquotes."""
    for page, text in TEXTS.items():
        for block in FENCED.finditer(text):
            if block["mark"] not in (FROM_THE_DEMO, FROM_AN_ACCOUNT):
                yield from ((page, line) for line in lines_of(block["kind"], block["body"]))
        # One word alone is the name of a command, and no line.
        for inline in re.findall(r"`(koding-audit [^\s`]+ [^`\n]+)`", FENCED.sub("", text)):
            if "..." not in inline:
                yield page, inline


def lines_of(kind: str, body: str) -> Iterator[str]:
    """The lines of a block that begin with a program, or have the tool within."""
    for line in body.splitlines():
        command = line.removeprefix("$ ").strip()
        typed = kind in ("sh", "cron", "text") or (kind == "console" and line.startswith("$ "))
        if typed and (PROGRAM.match(command) or (kind != "text" and arguments_in(command))):
            yield command


def as_typed(line: str) -> str:
    """The command of a line, with what is the reader's filled in."""
    for found, own in FILLED_IN.items():
        line = re.sub(found, own, line)
    return line


def why_not(line: str) -> str | None:
    """How a line that is not run begins."""
    return next((begins for begins in NOT_RUN if line.startswith(begins)), None)


SHOWN = list(shown())
RUN = list(dict.fromkeys((page, as_typed(line)) for page, line in SHOWN if why_not(line) is None))
MANY = [(page, line) for page, line in RUN if page == "docs/organizations.md" or OF_MANY.search(line)]
ONE = [each for each in RUN if each not in MANY]


@cache
def documents() -> Mapping[str, str]:
    """AWS's policies that the pages name, by ARN."""
    shipped = managed_policies.load_managed_policies()
    return {arn: json.dumps(shipped[arn].document) for arn in (f"{AWS}{name}" for name in POLICIES)}


class World(Organization):
    """An organization whose replies say when they were made, as AWS's do: `doctor` looks at the clock."""

    def reply(self, call: Call) -> Reply:
        reply = super().reply(call)
        return replace(reply, headers={**(reply.headers or {}), "Date": formatdate(usegmt=True)})


@dataclass
class Reader:
    """Follows lines in a folder. world: what answers as AWS; hook, topic: the addresses of whom `notify` tells."""

    world: World
    patch: pytest.MonkeyPatch
    hook: str
    topic: str

    def runs(self, line: str) -> tuple[int, list[str]]:
        """Its status and what is on the screen, where everything that it names is there."""
        words = arguments_in(line) or []
        if "--fix" in words or words[0] in ("apply", "undo", "setup"):
            self.a_year_passes()
        made = {"koding-audit.yaml", "koding-audit.schema.json"} if words[0] == "init" else after(ONCE, words)
        for name in made:
            Path(name).unlink(missing_ok=True)
        for name in read_by(words):
            if name in MADE and not Path(name).exists():
                self.runs(MADE[name])
        where, address = self.world.url, self.hook
        if words[0] == "notify":
            where, address = (self.topic, TOPIC) if "sns" in words else ("", self.hook)
        self.patch.setenv("KODING_AUDIT_NOTIFY_URL", address)
        return followed(line, "yes\n", where, self.patch)

    def does(self, lines: Sequence[str]) -> None:
        """Run lines after each other: what only looks may find something (1), and nothing may go wrong."""
        for line in lines:
            words = arguments_in(line) or []
            looks = words[0] in LOOKING and ("--fix" not in words or "--dry-run" in words)
            status, seen = self.runs(line)
            assert status in ((0, 1) if looks else (0,)), (line, seen)
            for file in {*after(("--out",), words), *re.findall(r" --output \w+:([^ $]+)", line)}:
                assert Path(file).stat().st_size, line

    def a_year_passes(self) -> None:
        """Over the account, so that there is something to mend; plans and journals are of another one then."""
        self.world.account = account = Account()
        for arn, document in documents().items():
            account.add_policy(arn, document)
            account.state.policies[arn].versions.update(dict.fromkeys(("v4", "v100"), POLICY))
        attached = [f"{AWS}AmazonEC2FullAccess", f"{AWS}AmazonS3ReadOnlyAccess"]
        account.add("Group", "Developers", attached=attached, inline={"team-s3": POLICY})
        account.add("User", "koding-user")
        account.add("Role", "deploy")
        for name in ("change.plan", "run.jsonl"):
            Path(name).unlink(missing_ok=True)


def after(options: Sequence[str], words: Sequence[str]) -> set[str]:
    """The words that stand after the options."""
    return {each for option, each in pairwise(words) if option in options}


def read_by(words: Sequence[str]) -> list[str]:
    """The words of a command that may name a file that it reads."""
    made = after((*ONCE, "--history"), words)
    return [word.removeprefix("snapshot:").partition("#")[0] for word in words if word not in made]


@pytest.fixture
def reader(aws_environment: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Reader]:
    """In a folder with what readers have, with no keys but those of profiles."""
    certificate = self_signed(tmp_path / "server.pem")
    aws_environment.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws_environment.delenv(name)
    for name, value in {"SSL_CERT_FILE": str(certificate), **VARIABLES}.items():
        aws_environment.setenv(name, value)
    shutil.copytree(CHECKOUT / "policies", "policies")
    shutil.copytree(CHECKOUT / "policies" / "stacks", "stacks")
    for path, text in BROUGHT.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    members = {str(number) * 12: Account() for number in range(1, 4)}
    world = World(Account(), members=members, placed=dict.fromkeys(members, UNIT))
    world.tags = {each: {"stage": "production"} for each in members}
    with always(200, b"ok", certificate=certificate) as told, always(200, PUBLISHED) as topic, listening(world):
        Path("address").write_text(f"{told.url}/hook", encoding="utf-8")
        Path("address").chmod(0o600)
        made = Reader(world, aws_environment, f"{told.url}/hook", topic.url)
        made.a_year_passes()
        details = world.account.answer(
            "GetAccountAuthorizationDetails", {f"Filter.member.{kind}": kind for kind in ("User", "Group", "Role")}
        )
        Path("details.json").write_text(json.dumps(details, default=str), encoding="utf-8")
        yield made


@pytest.mark.parametrize("page", dict.fromkeys(page for page, _ in ONE))
def test_the_lines_of_a_page_do_their_work(page: str, reader: Reader) -> None:
    reader.world.secretive = True  # as for most members
    reader.does([line for where, line in ONE if where == page])


def test_the_lines_about_an_organization_do_their_work(reader: Reader) -> None:
    reader.world.members[ACCOUNT] = Account()
    Path("koding-audit.yaml").write_text(TARGETS, encoding="utf-8")
    reader.does([line for _, line in MANY])


def test_each_reason_not_to_run_a_line_is_of_one_that_is_shown() -> None:
    assert set(NOT_RUN) == {why_not(line) for _, line in SHOWN} - {None}
    for reason in NOT_RUN.values():
        for test in re.findall(r"tests/\S+\.py", reason):
            assert (CHECKOUT / test).is_file()


def test_a_line_that_goes_wrong_would_be_noticed(reader: Reader) -> None:
    for line in ("koding-audit explain polcy-missing", f"{SCAN} --fxi", "koding-audit scan nowhere.yaml"):
        with pytest.raises(AssertionError):
            reader.does([line])
