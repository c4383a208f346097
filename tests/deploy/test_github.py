"""The GitHub action, as a process in a repository of its own: with GitHub's variables and AWS's own names."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.cloud import BEARER, TOKEN, Cloud, cloud
from tests.deploy.conftest import MANAGED
from tests.endtoend.harness import ACCOUNT, CHECKOUT, GUIDE
from tests.servers.moto_account import MotoAccount

pytestmark = pytest.mark.slow

FOLDER = CHECKOUT / "deploy" / "github"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
EXAMPLE = yaml.safe_load((FOLDER / "audit.yml").read_text(encoding="utf-8"))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/koding-audit-read"
REPOSITORY = "acme/iam"
WAIVED = """version: 1
waivers:
  - {rule: policy-missing, subject: group/Developers, reason: it moves, owner: platform, expires: "2099-01-31"}
"""


OWN_WAIVERS = WAIVED.removeprefix("version: 1\n")
# A policy set that the base branch declares among its waivers, and a desired state that cannot be loaded without it.
WAIVERS_WITH_A_SET = """version: 1
policy_sets: {stack-build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}}
waivers: []
"""
USES_THAT_SET = """version: 1
groups: {Developers: {required: [stack-build], members: [koding-user]}}
users: {koding-user: {groups: [Developers]}}
"""


@dataclass(frozen=True)
class Ended:
    status: int
    told: str
    outputs: dict[str, str]
    summary: str

    @property
    def report(self) -> dict[str, Any]:
        found = json.loads(Path(self.outputs["report"]).read_text())
        assert isinstance(found, dict)
        return found


@dataclass
class Runner:
    """A job of GitHub Actions: a checkout, a temporary folder, and the variables of both."""

    home: Path
    cloud: Cloud
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("checkout", "temp"):
            (self.home / name).mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "RUNNER_TEMP": str(self.home / "temp"),
            "GITHUB_EVENT_NAME": "schedule",
            "GITHUB_EVENT_PATH": str(self.home / "event.json"),
            "GITHUB_OUTPUT": str(self.home / "output"),
            "GITHUB_STEP_SUMMARY": str(self.home / "summary"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "77",
            "ACTIONS_ID_TOKEN_REQUEST_URL": self.cloud.token_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
            "AUDIT_PYTHON": sys.executable,
            **self.cloud.environment,
            **inputs(**{"role-arn": ROLE}),
        }
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit({"koding-audit.yaml": Path(GUIDE).read_text()})

    @property
    def checkout(self) -> Path:
        return self.home / "checkout"

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.com", *arguments]
        done = subprocess.run(
            command, cwd=self.checkout, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            path = self.checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def proposes(self, files: dict[str, str], repository: str | None = REPOSITORY) -> None:
        """A pull request to what was committed so far."""
        base = self.git("rev-parse", "HEAD")
        self.commit(files)
        head = {"repo": {"full_name": repository} if repository else None}
        event = {"pull_request": {"base": {"sha": base}, "head": head}}
        (self.home / "event.json").write_text(json.dumps(event))
        self.environment["GITHUB_EVENT_NAME"] = "pull_request"

    def run(self, **more: str) -> Ended:
        for name in ("output", "summary"):
            (self.home / name).write_text("")
        done = subprocess.run(
            ["bash", str(FOLDER / "run.sh")],
            cwd=self.checkout,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        pairs = (line.split("=", 1) for line in (self.home / "output").read_text().splitlines())
        told = done.stdout + done.stderr
        assert TOKEN not in told
        assert BEARER not in told
        assert not self.left_over()
        return Ended(done.returncode, told, dict(pairs), (self.home / "summary").read_text())

    def left_over(self) -> list[Path]:
        """The files in the temporary folder that are no reports."""
        found = (path for path in (self.home / "temp").rglob("*") if path.is_file())
        return [path for path in found if not path.name.startswith("report.")]


def refuses_own_waivers(ended: Ended, account: MotoAccount, file: str = "koding-audit.yaml") -> None:
    """That the waivers in this file were refused, at their line, before a call to AWS."""
    assert (ended.status, ended.outputs["status"]) == (2, "incomplete"), ended.told
    assert re.search(rf"^::error file={file},line=\d+,.*this file may not have waivers", ended.told, re.MULTILINE)
    assert "cannot waive its own findings" in ended.told
    assert not account.calls()


def inputs(**given: str) -> dict[str, str]:
    """The environment that action.yml makes of inputs."""
    (step,) = (each for each in ACTION["runs"]["steps"] if each.get("id") == "audit")
    said = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | given
    return {
        variable: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: said[found[1]], text)
        for variable, text in step["env"].items()
    }


@pytest.fixture
def runner(tmp_path: Path, drifted: MotoAccount) -> Iterator[Runner]:
    with cloud(tmp_path, drifted.url) as outside:
        yield Runner(tmp_path, outside)


# --- an audit -----------------------------------------------------------------------------------


def test_a_scheduled_audit_assumes_the_role_and_tells_of_its_findings_in_every_way(
    runner: Runner, drifted: MotoAccount
) -> None:
    ended = runner.run()
    assert ended.status == 1, ended.told
    assert re.search(r"^::error file=koding-audit.yaml,line=\d+,", ended.told, re.MULTILINE)
    assert "IAMReadOnlyAccess" in ended.summary
    assert ended.outputs["status"] == "findings"
    assert ended.report["audits"][0]["caller"]["arn"].endswith("assumed-role/koding-audit-read/koding-audit-77")
    assert json.loads(Path(ended.outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert stat.S_IMODE(Path(ended.outputs["report"]).stat().st_mode) == 0o600
    assert not drifted.writes()
    # The role is assumed with the token of the job, at the STS of the region.
    assert runner.cloud.audiences == ["sts.amazonaws.com"]
    assert set(runner.cloud.hosts) <= {"sts.us-east-1.amazonaws.com", "iam.amazonaws.com"}
    (assumed,) = (call for call in drifted.calls() if call.action == "AssumeRoleWithWebIdentity")
    assert assumed.parameters["WebIdentityToken"] == TOKEN
    assert assumed.parameters["RoleArn"] == ROLE


def test_a_clean_account_ends_with_0(runner: Runner, drifted: MotoAccount) -> None:
    drifted.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}IAMReadOnlyAccess")
    ended = runner.run()
    assert (ended.status, ended.outputs["status"]) == (0, "clean"), ended.told


def test_an_audit_that_is_not_complete_ends_with_2_and_still_has_its_report(
    runner: Runner, drifted: MotoAccount
) -> None:
    drifted.fail("GetAccountSummary")
    ended = runner.run()
    assert (ended.status, ended.outputs["status"]) == (2, "incomplete")
    assert ended.report["audits"][0]["gaps"]


def test_a_desired_state_that_cannot_be_read_ends_with_2_and_is_annotated(runner: Runner) -> None:
    runner.commit({"koding-audit.yaml": "version: 1\ngruops: {}\n"})
    ended = runner.run()
    assert (ended.status, ended.outputs["status"]) == (2, "incomplete")
    assert "::error file=koding-audit.yaml,line=2," in ended.told


def test_the_severity_that_fails_is_an_input(runner: Runner, drifted: MotoAccount) -> None:
    drifted.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}IAMReadOnlyAccess")
    drifted.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}AmazonS3ReadOnlyAccess")
    assert runner.run().status == 0
    assert runner.run(AUDIT_FAIL_ON="note").status == 1


# --- credentials --------------------------------------------------------------------------------


def test_keys_that_lie_about_are_not_used_and_a_role_is(runner: Runner, drifted: MotoAccount) -> None:
    (runner.home / ".aws").mkdir()
    (runner.home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n"
    )
    ended = runner.run(AWS_ACCESS_KEY_ID="AKIALONGLIVED", AWS_SECRET_ACCESS_KEY="x", AWS_PROFILE="nobody")
    assert ended.status == 1, ended.told
    signed = {call.key for call in drifted.calls() if call.service == "iam"}
    assert signed
    assert not signed & {"AKIALONGLIVED", "AKIAFILE"}


def test_without_the_permission_for_a_token_nothing_is_asked(runner: Runner, drifted: MotoAccount) -> None:
    ended = runner.run(ACTIONS_ID_TOKEN_REQUEST_URL="")
    assert (ended.status, ended.outputs) == (2, {"status": "incomplete"})
    assert "::error title=koding-audit::GitHub gives this job no OIDC token" in ended.told
    assert not drifted.calls()


def test_a_token_that_is_refused_or_empty_ends_with_2(runner: Runner) -> None:
    assert runner.run(ACTIONS_ID_TOKEN_REQUEST_TOKEN="another").status == 2
    runner.cloud.token = ""
    ended = runner.run()
    assert (ended.status, ended.outputs["status"]) == (2, "incomplete")


def test_what_is_no_role_is_refused(runner: Runner) -> None:
    for role in ("", "koding-audit-read", f"arn:aws:iam::{ACCOUNT}:user/ada", f"{ROLE} --fix"):
        ended = runner.run(AUDIT_ROLE_ARN=role)
        assert (ended.status, "not the ARN of a role" in ended.told) == (2, True)
    assert not runner.cloud.audiences


def test_a_job_that_is_cancelled_leaves_no_token_behind(runner: Runner) -> None:
    runner.cloud.wait = 30
    environment = runner.environment
    with subprocess.Popen(
        ["bash", str(FOLDER / "run.sh")], cwd=runner.checkout, env=environment, start_new_session=True
    ) as job:
        while not runner.cloud.asked and job.poll() is None:
            time.sleep(0.02)
        os.killpg(job.pid, signal.SIGTERM)
        job.wait(timeout=30)
    assert not runner.left_over()
    assert not list((runner.home / "temp").glob("koding-audit.??????"))


# --- nothing of an input is a command -----------------------------------------------------------


def test_an_input_is_never_an_option_or_a_command(runner: Runner, drifted: MotoAccount) -> None:
    for file in ("--fix", "--endpoint-url=http://127.0.0.1:1", "$(touch owned)", "`touch owned`; touch owned"):
        assert runner.run(AUDIT_FILES=file).status == 2
    assert runner.run(AUDIT_BASELINE="--fix").status == 2
    assert not drifted.writes()
    assert not list(runner.home.rglob("owned"))


def test_a_severity_is_never_an_option(runner: Runner, drifted: MotoAccount) -> None:
    assert runner.run(AUDIT_FAIL_ON="error --fix --yes").status == 2
    assert runner.run(AUDIT_FAIL_ON="--fix").status == 2
    assert not drifted.writes()


def test_the_checkout_is_data_and_nothing_in_it_is_run(runner: Runner) -> None:
    bad = "open('owned', 'w').write('x')\n"
    runner.commit({f"{name}.py": bad for name in ("json", "yaml", "koding_audit", "sitecustomize", "venv", "pip")})
    assert runner.run(PYTHONPATH=str(runner.checkout)).status == 1
    assert not list(runner.home.rglob("owned"))


# --- whose change it is -------------------------------------------------------------------------


def test_an_event_with_more_rights_than_its_author_is_refused(runner: Runner, drifted: MotoAccount) -> None:
    for event in ("pull_request_target", "workflow_run", "issue_comment", "discussion"):
        ended = runner.run(GITHUB_EVENT_NAME=event)
        assert (ended.status, ended.outputs) == (2, {"status": "incomplete"})
        assert event in ended.told
    assert not runner.cloud.audiences
    assert not drifted.calls()


def test_a_pull_request_from_a_fork_meets_no_credentials_and_its_files_are_read(
    runner: Runner, drifted: MotoAccount
) -> None:
    for repository in ("stranger/iam", None, "acme/iam-2"):
        runner.proposes({"koding-audit.yaml": Path(GUIDE).read_text() + "\n# more\n"}, repository)
        ended = runner.run()
        assert (ended.status, ended.outputs) == (0, {"status": "checked"}), ended.told
        assert "AWS is not asked" in ended.told
        assert "It was not compared with the account" in ended.summary
    assert not runner.cloud.audiences
    assert not drifted.calls()


def test_a_desired_state_from_a_fork_that_cannot_be_used_fails_with_its_line(runner: Runner) -> None:
    runner.proposes({"koding-audit.yaml": "version: 1\ngruops: {}\n"}, "stranger/iam")
    ended = runner.run()
    assert (ended.status, ended.outputs) == (2, {"status": "incomplete"})
    assert "koding-audit.yaml:2:1" in ended.told


def test_a_pull_request_is_audited_as_it_proposes(runner: Runner) -> None:
    changed = Path(GUIDE).read_text().replace("IAMReadOnlyAccess", "AmazonS3ReadOnlyAccess")
    runner.proposes({"koding-audit.yaml": changed})
    ended = runner.run()
    assert ended.status == 1, ended.told
    assert "lacks AmazonS3ReadOnlyAccess" in ended.summary
    assert re.search(r"^::error file=koding-audit.yaml,line=\d+,", ended.told, re.MULTILINE)


def test_a_pull_request_cannot_waive_its_own_findings(runner: Runner, drifted: MotoAccount) -> None:
    runner.proposes({"koding-audit.yaml": Path(GUIDE).read_text() + OWN_WAIVERS})
    refuses_own_waivers(runner.run(), drifted)


def test_a_pull_request_that_needs_what_the_waivers_file_declares_cannot_waive_its_own_findings(
    runner: Runner, drifted: MotoAccount
) -> None:
    runner.commit({"iam/waivers.yaml": WAIVERS_WITH_A_SET})
    runner.proposes({"koding-audit.yaml": USES_THAT_SET + OWN_WAIVERS})
    refuses_own_waivers(runner.run(AUDIT_WAIVERS="iam/waivers.yaml"), drifted)


def test_a_pull_request_may_use_what_the_waivers_file_of_the_base_branch_declares(runner: Runner) -> None:
    runner.commit({"iam/waivers.yaml": WAIVERS_WITH_A_SET})
    runner.proposes({"koding-audit.yaml": USES_THAT_SET, "iam/waivers.yaml": WAIVED})
    ended = runner.run(AUDIT_WAIVERS="iam/waivers.yaml")
    assert ended.status == 1, ended.told
    assert "lacks IAMReadOnlyAccess" in ended.summary
    assert ended.report["audits"][0]["summary"]["waived"] == 0


def test_waivers_in_a_second_file_that_a_pull_request_adds_are_refused(runner: Runner, drifted: MotoAccount) -> None:
    runner.proposes({"iam/more.yaml": WAIVED})
    refuses_own_waivers(runner.run(AUDIT_FILES="koding-audit.yaml\niam/more.yaml"), drifted, "iam/more.yaml")


def test_a_pull_request_that_cannot_be_read_at_all_ends_with_2_and_is_annotated(
    runner: Runner, drifted: MotoAccount
) -> None:
    runner.commit({"iam/waivers.yaml": WAIVED})
    for text, line in (("version: 1\ngroups: {Developers: {required: [nowhere]}}\n", 2), ("version: [\n", 1)):
        runner.proposes({"koding-audit.yaml": text + OWN_WAIVERS})
        ended = runner.run(AUDIT_WAIVERS="iam/waivers.yaml")
        assert (ended.status, ended.outputs["status"]) == (2, "incomplete")
        assert re.search(rf"^::error file=koding-audit.yaml,line=[{line}-9],", ended.told, re.MULTILINE)
    assert not drifted.calls()


@pytest.mark.parametrize("done", ["deleted", "renamed", "a link", "a folder"])
def test_waivers_of_the_base_branch_count_in_whatever_way_a_pull_request_takes_them_away(
    done: str, runner: Runner
) -> None:
    nothing = "version: 1\nwaivers: []\n"
    runner.commit({"iam/waivers.yaml": WAIVED, "iam/nothing.yaml": nothing})
    file = runner.checkout / "iam" / "waivers.yaml"
    file.rename(file.with_name("other.yaml")) if done == "renamed" else file.unlink()
    if done == "a link":
        file.symlink_to("nothing.yaml")
    runner.proposes({"iam/waivers.yaml/nothing.yaml": nothing} if done == "a folder" else {})
    ended = runner.run(AUDIT_WAIVERS="./iam/waivers.yaml")
    assert ended.status == 0, ended.told
    assert ended.report["audits"][0]["summary"]["waived"] == 1


@pytest.mark.parametrize("what", ["AUDIT_WAIVERS", "AUDIT_BASELINE"])
def test_a_link_in_the_base_branch_is_not_followed_into_what_a_pull_request_proposes(
    what: str, runner: Runner, drifted: MotoAccount
) -> None:
    runner.commit({"iam/real.yaml": "version: 1\nwaivers: []\n"})
    (runner.checkout / "iam" / "link.yaml").symlink_to("real.yaml")
    (runner.checkout / "linked").symlink_to("iam")
    runner.commit({})
    runner.proposes({"iam/real.yaml": WAIVED})
    for path in ("iam/link.yaml", "linked/real.yaml", "linked", "iam", "iam/"):
        ended = runner.run(**{what: path})
        assert (ended.status, f"the base branch has no file {path}:" in ended.told) == (2, True), ended.told
    assert not drifted.calls()


def test_attributes_of_a_pull_request_change_nothing_of_what_is_audited(runner: Runner) -> None:
    runner.commit({"iam/waivers.yaml": WAIVED.replace("it moves", "$Format:%B$")})
    changed = Path(GUIDE).read_text() + "# $Format:%n}$\n"  # `git archive` would make a line of it that is no YAML
    runner.proposes(
        {"koding-audit.yaml": changed, ".gitattributes": "*.yaml export-subst\n/koding-audit.yaml export-ignore\n"}
    )
    ended = runner.run(AUDIT_WAIVERS="iam/waivers.yaml")
    assert ended.status == 0, ended.told


def test_a_pull_request_cannot_change_the_waivers(runner: Runner) -> None:
    runner.commit({"iam/waivers.yaml": "version: 1\nwaivers: []\n"})
    runner.proposes({"iam/waivers.yaml": WAIVED})
    ended = runner.run(AUDIT_WAIVERS="iam/waivers.yaml")
    assert ended.status == 1, ended.told
    assert ended.report["audits"][0]["summary"]["waived"] == 0


def test_waivers_of_the_base_branch_count_though_the_pull_request_takes_them_away(runner: Runner) -> None:
    runner.commit({"iam/waivers.yaml": WAIVED})
    runner.proposes({"iam/waivers.yaml": "version: 1\nwaivers: []\n"})
    ended = runner.run(AUDIT_WAIVERS="iam/waivers.yaml\n")
    assert ended.status == 0, ended.told
    assert ended.report["audits"][0]["summary"]["waived"] == 1


def test_waivers_of_the_branch_itself_count_on_a_schedule(runner: Runner) -> None:
    runner.commit({"iam/waivers.yaml": WAIVED})
    assert runner.run().status == 1
    assert runner.run(AUDIT_WAIVERS="iam/waivers.yaml").status == 0


def test_a_baseline_of_the_base_branch_counts_and_not_the_one_that_a_pull_request_proposes(runner: Runner) -> None:
    found = runner.run()
    known = Path(found.outputs["report"]).read_text()
    empty = {**found.report, "status": "clean"}
    (audit,) = empty["audits"]
    audit |= {"findings": [], "status": "clean", "summary": dict.fromkeys(audit["summary"], 0)}
    runner.commit({"iam/known.json": json.dumps(empty)})
    runner.proposes({"iam/known.json": known})
    assert runner.run(AUDIT_BASELINE="iam/known.json").status == 1
    runner.proposes({"iam/known.json": "{}"})
    ended = runner.run(AUDIT_BASELINE="iam/known.json\n")
    assert (ended.status, ended.outputs["status"]) == (0, "clean"), ended.told
    assert ended.report["audits"][0]["baseline"]["path"] == "iam/known.json"


def test_a_baseline_that_is_not_in_the_base_branch_or_is_several_files_is_refused(
    runner: Runner, drifted: MotoAccount
) -> None:
    runner.proposes({"iam/known.json": "{}"})
    for path, told in (("iam/known.json", "the base branch has no"), ("a.json\nb.json", "more than one file")):
        ended = runner.run(AUDIT_BASELINE=path)
        assert (ended.status, told in ended.told) == (2, True)
    assert not drifted.calls()


def test_a_link_in_the_place_of_the_waivers_leads_nowhere(runner: Runner) -> None:
    runner.commit({"iam/waivers.yaml": WAIVED})
    elsewhere = runner.home / "elsewhere"
    elsewhere.mkdir()
    (runner.checkout / "iam" / "waivers.yaml").unlink()
    (runner.checkout / "iam").rmdir()
    (runner.checkout / "iam").symlink_to(elsewhere)
    runner.proposes({})
    ended = runner.run(AUDIT_WAIVERS="iam/waivers.yaml")
    assert ended.status == 0, ended.told
    assert not list(elsewhere.iterdir())


def test_waivers_that_the_base_branch_does_not_have_are_refused(runner: Runner) -> None:
    runner.proposes({"iam/new.yaml": WAIVED})
    for path in ("iam/new.yaml", "../event.json", "/etc/hostname", ":(glob)**"):
        ended = runner.run(AUDIT_WAIVERS=path)
        assert (ended.status, ended.outputs) == (2, {"status": "incomplete"})
        assert "the base branch has no" in ended.told


def test_a_base_commit_that_is_not_there_is_refused_with_what_to_do(runner: Runner) -> None:
    runner.proposes({})
    event = {"pull_request": {"base": {"sha": "1" * 40}, "head": {"repo": {"full_name": REPOSITORY}}}}
    (runner.home / "event.json").write_text(json.dumps(event))
    ended = runner.run()
    assert (ended.status, "fetch-depth: 0" in ended.told) == (2, True)


# --- the files ----------------------------------------------------------------------------------


def steps(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "run" in node or "uses" in node:
            yield node
        for each in node.values():
            yield from steps(each)
    elif isinstance(node, list):
        for each in node:
            yield from steps(each)


def test_no_script_holds_an_expression() -> None:
    scripts = [step["run"] for file in (ACTION, EXAMPLE) for step in steps(file) if "run" in step]
    assert len(scripts) == 2
    for script in scripts:
        assert "${{" not in script
    for path in FOLDER.glob("*.sh"):
        assert "${{" not in path.read_text(encoding="utf-8")


def test_every_action_that_is_used_is_pinned_by_a_commit() -> None:
    used = [step["uses"] for file in (ACTION, EXAMPLE) for step in steps(file) if "uses" in step]
    assert len(used) == 5
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in used)


def test_every_input_reaches_the_script_and_every_output_is_written() -> None:
    (step,) = (each for each in ACTION["runs"]["steps"] if each.get("id") == "audit")
    text = (FOLDER / "run.sh").read_text(encoding="utf-8")
    assert set(re.findall(r"AUDIT_\w+", text)) - {"AUDIT_PYTHON"} == set(step["env"])
    passed = set(re.findall(r"inputs\.([\w-]+)", " ".join(step["env"].values())))
    assert passed == set(ACTION["inputs"]) - {"upload-sarif"}
    assert set(ACTION["outputs"]) == {"status", "report", "sarif"}


def test_the_action_has_no_way_to_write_to_iam() -> None:
    text = (FOLDER / "run.sh").read_text(encoding="utf-8")
    assert set(re.findall(r"-m koding_audit (\w+)", text)) == {"scan", "validate"}
    assert not re.search(r"--(fix|create|replace|yes)\b", text.replace("git update-index --add --replace", ""))


def test_the_example_asks_for_no_more_than_it_needs_and_for_no_key() -> None:
    assert EXAMPLE["permissions"] == {}
    jobs = EXAMPLE["jobs"].values()
    for job in jobs:
        assert job["permissions"] == {"contents": "read", "id-token": "write", "security-events": "write"}
    events = EXAMPLE[True]  # YAML 1.1 takes `on` for a boolean
    assert set(events) == {"schedule", "workflow_dispatch", "pull_request"}
    assert "secrets." not in (FOLDER / "audit.yml").read_text(encoding="utf-8")
    first, second = (step for job in jobs for step in job["steps"] if "koding-audit" in step["uses"])
    assert first == second
    assert set(first["with"]) <= set(ACTION["inputs"])


def test_the_example_audits_pull_requests_in_an_environment_and_nothing_else_there() -> None:
    of_pull_requests = {name: job.get("environment") for name, job in EXAMPLE["jobs"].items()}
    assert of_pull_requests == {"audit": None, "audit-of-a-pull-request": "iam-audit"}
    conditions = [job["if"] for job in EXAMPLE["jobs"].values()]
    assert conditions == ["github.event_name != 'pull_request'", "github.event_name == 'pull_request'"]


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_one_that_bash_reads(script: Path) -> None:
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
