"""The GitLab template: its scripts as processes in a repository of their own, with AWS's own names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.cloud import TOKEN, cloud
from tests.deploy.test_github import OWN_WAIVERS, ROLE, USES_THAT_SET, WAIVED, WAIVERS_WITH_A_SET, Ended, Runner
from tests.endtoend.harness import CHECKOUT, GUIDE
from tests.servers.moto_account import MotoAccount

pytestmark = pytest.mark.slow

TEXT = (CHECKOUT / "deploy" / "gitlab" / "koding-audit.yml").read_text(encoding="utf-8")
TEMPLATE = yaml.safe_load(TEXT)
AUDIT, FORK = TEMPLATE["koding-audit"], TEMPLATE["koding-audit-of-a-fork"]


class Job(Runner):
    """A job of GitLab CI, whose checkout has itself as its origin."""

    def script(self, job: dict[str, list[str]], **more: str) -> Ended:
        self.git("config", "remote.origin.url", str(self.checkout))
        temporary = self.home / "temp"
        environment = {
            **self.environment,
            **{name: str(value) for name, value in TEMPLATE["variables"].items()},
            "PATH": f"{Path(sys.executable).parent}:{self.environment['PATH']}",
            "TMPDIR": str(temporary),
            "CI_PROJECT_DIR": str(self.checkout),
            "CI_JOB_ID": "77",
            "CI_PIPELINE_SOURCE": "schedule",
            "AUDIT_ROLE_ARN": ROLE,
            **({"AUDIT_TOKEN": TOKEN} if "id_tokens" in job else {}),
            **more,
        }
        line = ["bash", "-c", "\n".join(job["script"])]
        done = subprocess.run(
            line, cwd=self.checkout, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        told = done.stdout + done.stderr
        assert TOKEN not in told
        assert not list(temporary.iterdir())
        return Ended(done.returncode, told, {"report": str(self.checkout / "koding-audit" / "report.json")}, "")

    def merges(self, files: dict[str, str], **more: str) -> Ended:
        """The audit of a merge request to main."""
        self.git("checkout", "--quiet", "-B", "change")
        self.commit(files)
        target = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
        return self.script(AUDIT, **target, **more)


@pytest.fixture
def job(tmp_path: Path, drifted: MotoAccount) -> Iterator[Job]:
    with cloud(tmp_path, drifted.url) as outside:
        yield Job(tmp_path, outside)


def test_a_scheduled_audit_assumes_the_role_and_makes_each_report(job: Job, drifted: MotoAccount) -> None:
    ended = job.script(AUDIT, AWS_ACCESS_KEY_ID="AKIALONGLIVED", AWS_SECRET_ACCESS_KEY="x")
    assert ended.status == 1, ended.told
    assert ended.report["audits"][0]["caller"]["arn"].endswith("assumed-role/koding-audit-read/koding-audit-77")
    for path in AUDIT["artifacts"]["reports"].values():
        assert (job.checkout / path).stat().st_size
    assert not drifted.writes()


def test_a_merge_request_is_audited_with_the_waivers_of_its_target(job: Job) -> None:
    job.commit({"waivers.yaml": "version: 1\nwaivers: []\n"})
    changed = Path(GUIDE).read_text().replace("IAMReadOnlyAccess", "AmazonS3ReadOnlyAccess")
    ended = job.merges({"waivers.yaml": WAIVED, "koding-audit.yaml": changed}, AUDIT_WAIVERS="waivers.yaml")
    assert ended.status == 1, ended.told
    assert "AmazonS3ReadOnlyAccess" in json.dumps(ended.report)
    assert ended.report["audits"][0]["summary"]["waived"] == 0


def test_a_merge_request_is_compared_with_the_baseline_of_its_target(job: Job) -> None:
    known = Path(job.script(AUDIT).outputs["report"]).read_text()
    job.commit({"known.json": known, ".gitignore": "/koding-audit/\n"})
    ended = job.merges({"known.json": "{}"}, AUDIT_BASELINE="known.json")
    assert ended.status == 0, ended.told
    assert all(each["known"] for each in ended.report["audits"][0]["findings"] if each["severity"] != "note")


def test_a_merge_request_cannot_waive_its_own_findings(job: Job, drifted: MotoAccount) -> None:
    ended = job.merges({"koding-audit.yaml": Path(GUIDE).read_text() + OWN_WAIVERS})
    assert (ended.status, "cannot waive its own findings" in ended.told) == (2, True)
    assert not drifted.calls()


def test_a_merge_request_that_needs_what_the_waivers_file_declares_cannot_waive_its_own_findings(
    job: Job, drifted: MotoAccount
) -> None:
    job.commit({"waivers.yaml": WAIVERS_WITH_A_SET, ".gitignore": "/koding-audit/\n"})
    ended = job.merges({"koding-audit.yaml": USES_THAT_SET + OWN_WAIVERS}, AUDIT_WAIVERS="waivers.yaml")
    assert (ended.status, "cannot waive its own findings" in ended.told) == (2, True), ended.told
    assert not drifted.calls()
    ended = job.merges({"koding-audit.yaml": USES_THAT_SET}, AUDIT_WAIVERS="waivers.yaml")
    assert (ended.status, ended.report["audits"][0]["summary"]["waived"]) == (1, 0), ended.told


def test_a_link_in_the_target_branch_is_not_followed_into_what_a_merge_request_proposes(
    job: Job, drifted: MotoAccount
) -> None:
    (job.checkout / "link.yaml").symlink_to("real.yaml")
    job.commit({"real.yaml": "version: 1\nwaivers: []\n"})
    for variable in ("AUDIT_WAIVERS", "AUDIT_BASELINE"):
        ended = job.merges({"real.yaml": WAIVED}, **{variable: "link.yaml"})
        assert (ended.status, "The target branch has no file link.yaml" in ended.told) == (2, True), ended.told
    assert not drifted.calls()


@pytest.mark.parametrize("committed", ["koding-audit", "koding-audit/report.json", "koding-audit/junit.xml"])
def test_no_report_is_written_through_a_link_that_is_committed(committed: str, job: Job, drifted: MotoAccount) -> None:
    elsewhere = job.home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("as it was")
    link = job.checkout / committed
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere if committed == "koding-audit" else elsewhere / "file")
    ended = job.merges({})
    assert (ended.status, "give what is committed there another name" in ended.told) == (2, True), ended.told
    assert [(path.name, path.read_text()) for path in elsewhere.iterdir()] == [("file", "as it was")]
    assert not (job.checkout / "koding-audit").exists()
    assert not drifted.calls()


def test_reports_of_an_earlier_job_and_links_that_are_not_committed_are_replaced(job: Job) -> None:
    elsewhere = job.home / "elsewhere"
    elsewhere.mkdir()
    (job.checkout / "koding-audit").symlink_to(elsewhere)
    for _ in range(2):
        assert job.script(AUDIT).status == 1
        assert (job.checkout / "koding-audit" / "report.json").stat().st_size
    assert not list(elsewhere.iterdir())


def test_what_keeps_a_job_from_an_answer_is_2(job: Job, drifted: MotoAccount) -> None:
    assert job.script(AUDIT, AUDIT_ROLE_ARN="").status == 2
    assert job.merges({}, AUDIT_WAIVERS="not-there.yaml").status == 2
    assert not drifted.calls()


def test_a_merge_request_from_a_fork_meets_no_credentials(job: Job, drifted: MotoAccount) -> None:
    assert "id_tokens" not in FORK
    assert "id_tokens" not in TEMPLATE[".koding-audit"]
    (rule,) = FORK["rules"]
    assert AUDIT["rules"][0] == {**rule, "when": "never"}
    assert job.script(FORK).status == 0
    job.commit({"koding-audit.yaml": "version: 1\ngruops: {}\n"})
    ended = job.script(FORK)
    assert (ended.status, "koding-audit.yaml:2:1" in ended.told) == (2, True)
    assert not drifted.calls()


def test_a_merge_request_from_a_fork_reads_the_waivers_with_the_files(job: Job) -> None:
    sets = "policy_sets: {build: {policies: [AmazonEC2FullAccess]}}\n"
    job.commit(
        {
            "koding-audit.yaml": "version: 1\ngroups: {Developers: {required: [build]}}\n",
            "waivers.yaml": f"version: 1\n{sets}",
        }
    )
    assert job.script(FORK, AUDIT_WAIVERS="waivers.yaml").status == 0
    job.commit({"waivers.yaml": "version: 1\nwaiverz: []\n"})
    ended = job.script(FORK, AUDIT_WAIVERS="waivers.yaml")
    assert (ended.status, "waivers.yaml:2:1" in ended.told) == (2, True)


def test_the_template_has_no_way_to_write_to_iam_and_names_no_key() -> None:
    text = TEXT.replace("git update-index --add --replace", "")
    assert not any(option in text for option in ("--fix", "--yes", "--create", "--replace"))
    assert "AWS_ACCESS_KEY_ID" not in TEXT
