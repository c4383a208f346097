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
from tests.deploy.test_github import ROLE, WAIVED, Ended, Runner
from tests.endtoend.harness import CHECKOUT, GUIDE
from tests.servers.moto_account import MotoAccount

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
        self.git("checkout", "--quiet", "-b", "change")
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
    job.git("rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "koding-audit")
    job.commit({"known.json": known})
    ended = job.merges({"known.json": "{}"}, AUDIT_BASELINE="known.json")
    assert ended.status == 0, ended.told
    assert all(each["known"] for each in ended.report["audits"][0]["findings"] if each["severity"] != "note")


def test_a_merge_request_cannot_waive_its_own_findings(job: Job, drifted: MotoAccount) -> None:
    waived = Path(GUIDE).read_text() + WAIVED.removeprefix("version: 1\n")
    ended = job.merges({"koding-audit.yaml": waived})
    assert (ended.status, "cannot waive its own findings" in ended.told) == (2, True)
    assert not drifted.calls()


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


def test_the_template_has_no_way_to_write_to_iam_and_names_no_key() -> None:
    assert not any(option in TEXT for option in ("--fix", "--yes", "--create", "--replace"))
    assert "AWS_ACCESS_KEY_ID" not in TEXT
