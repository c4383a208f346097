"""The CronJob: what a cluster would run is an audit by a role, in a container that may do nothing else.

`make deploy-check` holds the manifests against Kubernetes' own schemas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from koding_audit.cli.parser import build_parser
from tests.endtoend.harness import CHECKOUT, GUIDE, Command

MANIFESTS = {
    each["kind"]: each
    for each in yaml.safe_load_all((CHECKOUT / "deploy" / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
}
JOB = MANIFESTS["CronJob"]["spec"]["jobTemplate"]["spec"]
POD = JOB["template"]["spec"]
(CONTAINER,) = POD["containers"]


def test_everything_is_in_the_one_namespace_which_enforces_the_restricted_profile() -> None:
    assert MANIFESTS["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [each for kind, each in MANIFESTS.items() if kind != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {MANIFESTS["Namespace"]["metadata"]["name"]}


def test_the_pod_is_no_root_and_can_write_nothing_but_its_scratch() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["runAsUser"] > 0
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [mount["mountPath"] for mount in CONTAINER["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/tmp"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & POD.keys()
    assert set(CONTAINER["resources"]["limits"]) == {"cpu", "memory"}


def test_the_user_is_the_one_of_the_image() -> None:
    image = (CHECKOUT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert f"\nUSER {POD['securityContext']['runAsUser']}:{POD['securityContext']['runAsGroup']}\n" in image


def test_its_credentials_are_those_of_a_role_and_it_gets_none_of_the_cluster() -> None:
    account = MANIFESTS["ServiceAccount"]
    assert POD["serviceAccountName"] == account["metadata"]["name"]
    assert ":role/" in account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert account["automountServiceAccountToken"] is POD["automountServiceAccountToken"] is False
    assert not {"env", "envFrom"} & CONTAINER.keys()


def test_one_audit_at_a_time_ends_in_bounded_time_and_findings_are_not_tried_again() -> None:
    assert MANIFESTS["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"
    assert JOB["activeDeadlineSeconds"] <= 3600
    (rule,) = JOB["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1])
    assert rule["onExitCodes"]["containerName"] == CONTAINER["name"]


def test_it_talks_to_names_and_https_only_and_nobody_to_it() -> None:
    policy = MANIFESTS["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"] == JOB["template"]["metadata"]["labels"]
    assert "ingress" not in policy
    (egress,) = policy["egress"]
    assert {(each["protocol"], each["port"]) for each in egress["ports"]} == {("UDP", 53), ("TCP", 53), ("TCP", 443)}


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """A ConfigMap as the kubelet mounts it: files are links, by way of a link to a folder that is swapped."""
    folder = tmp_path / "mounted"
    data = folder / "..2026_11_25"
    data.mkdir(parents=True)
    (data / "koding-audit.yaml").write_bytes(Path(GUIDE).read_bytes())
    (folder / "..data").symlink_to("..2026_11_25")
    (folder / "koding-audit.yaml").symlink_to("..data/koding-audit.yaml")
    return folder


def test_the_container_audits_what_the_config_map_says(command: Command, mounted: Path) -> None:
    arguments: list[Any] = [each.replace("/etc/koding-audit", str(mounted)) for each in CONTAINER["args"]]
    assert build_parser().parse_args(arguments).fix is False
    done = command(*arguments)
    assert done.status == 1
    assert '"rule":"policy-missing"' in done.stdout
