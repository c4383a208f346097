"""A plan for other hands: printed, run by a shell against an account, and audited again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.account import Account
from koding_audit.model.finding import Action
from koding_audit.model.plan import Basis, Plan, Step
from koding_audit.model.verb import Verb
from koding_audit.remediation.export.aws_cli import export
from tests.endtoend.harness import GUIDE, Command
from tests.servers.moto_account import MotoAccount
from tests.values import NOW

# What the AWS CLI does with its words: kebab-case options are the members of botocore's model of the service.
STAND_IN = """#!{python}
import argparse, json, os, sys
import botocore.session
from botocore import xform_name

session = botocore.session.get_session()
client = session.create_client(sys.argv[1], region_name="us-east-1", endpoint_url=os.environ["ENDPOINT"])
names = client.meta.method_to_api_mapping
operation = next(names[each] for each in names if each.replace("_", "-") == sys.argv[2])
options = argparse.ArgumentParser(allow_abbrev=False)
options.add_argument("--query")
options.add_argument("--output")
for name, shape in client.meta.service_model.operation_model(operation).input_shape.members.items():
    if shape.type_name == "boolean":
        options.add_argument("--" + xform_name(name, "-"), dest=name, action="store_const", const=True)
    else:
        kind = str if shape.type_name == "string" else json.loads
        options.add_argument("--" + xform_name(name, "-"), dest=name, type=kind)
given = vars(options.parse_args(sys.argv[3:]))
query = given.pop("query")
given.pop("output")
reply = getattr(client, xform_name(operation))(**{{name: value for name, value in given.items() if value is not None}})
print(reply[query] if query else "")
"""


@pytest.fixture
def run_script(tmp_path: Path, account: MotoAccount) -> Any:
    """Runs a script by sh, where the calls of `aws` go to the account."""
    aws = tmp_path / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    aws.chmod(0o755)
    environment = {
        "PATH": f"{aws.parent}:/usr/bin:/bin",
        "ENDPOINT": account.url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
    }

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh"], input=script, capture_output=True, text=True, check=False, env=environment, timeout=60
        )

    return run


MANAGED = """version: 1
policy_sets:
  read: {policies: [IAMReadOnlyAccess]}
groups:
  -G+=,.@_: {required: [read], members: [-ada], managed_by: terraform}
users:
  -ada: {managed_by: terraform, tags: {team: "two words: - /"}}
"""


def test_after_the_script_of_a_plan_a_scan_is_clean(command: Command, run_script: Any, account: MotoAccount) -> None:
    (command.home / "file.yaml").write_text(MANAGED, encoding="utf-8")
    planned = command("plan", "file.yaml", "--create", "--as", "aws-cli")
    assert planned.status == 0
    assert account.writes() == []
    done = run_script(planned.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(account.writes()) == 4
    assert command("scan", "file.yaml").status == 0


def test_the_script_of_another_account_writes_nothing(run_script: Any, account: MotoAccount) -> None:
    basis = Basis(Account("999999999999", "aws"), NOW, (), (), (), (), create=False, replace=False, state="")
    script = export(Plan(basis, (Step(Action(Verb.CREATE_USER, {"UserName": "ada"}), "a-rule", "add", {}),))).text
    done = run_script(script)
    assert (done.returncode, done.stderr) == (1, "these credentials are not for account 999999999999\n")
    assert account.writes() == []


def test_a_plan_that_a_guard_refuses_is_not_printed(command: Command, account: MotoAccount) -> None:
    admin = MANAGED.replace("IAMReadOnlyAccess", "AdministratorAccess")
    (command.home / "file.yaml").write_text(admin, encoding="utf-8")
    planned = command("plan", "file.yaml", "--create", "--as", "aws-cli")
    assert (planned.status, planned.stdout) == (2, "")
    assert "--allow-admin" in planned.stderr
    allowed = command("plan", "file.yaml", "--create", "--as", "aws-cli", "--allow-admin")
    assert (allowed.status, allowed.stdout.count("AdministratorAccess")) == (0, 2)
    assert account.writes() == []


def test_a_plan_is_saved_or_printed_and_not_both(command: Command) -> None:
    both = command("plan", GUIDE, "--out", "made.plan", "--as", "aws-cli")
    assert (both.status, both.stdout) == (2, "")
    assert "not allowed with argument" in both.stderr
