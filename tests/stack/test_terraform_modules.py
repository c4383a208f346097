"""Instances that values decide, and the modules that a script calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.policy import stack_policy_documents
from koding_audit.stack.terraform_files import TerraformInputs
from tests.stack.built import lacking, stack_of, verdict
from tests.stack.made import ACCOUNT, allow


def write(path: Path, value: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(path)


def database(**arguments: Any) -> dict[str, Any]:
    return {"resource": {"aws_db_instance": {"d": {"identifier": "d", **arguments}}}}


OPTIONAL = {**database(count="${var.create ? 1 : 0}"), "variable": {"create": {"default": False}}}


def test_what_no_value_creates_is_listed_and_does_not_decide(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, "s.tf.json", OPTIONAL)
    assert (verdict(stack), stack.needs, stack.resources) == ("yes", (), 0)
    assert "rds:CreateDBInstance" in {each.action for each in stack.if_created}
    assert stack.notes == ("aws_db_instance.d is not created: its count is 0",)


@pytest.mark.parametrize("given", [{"create": "true"}, {"create": "1 == 1"}])
def test_a_given_value_decides(tmp_path: Path, given: dict[str, str]) -> None:
    path = write(tmp_path / "s.tf.json", OPTIONAL)
    stack = collect_needs(read_script(path, inputs=TerraformInputs(given)), ACCOUNT)
    assert verdict(stack, allow("s3:*")) == "no"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("terraform.tfvars.json", '{"create": true}'),
        ("terraform.tfvars", "create = true\n"),
        ("x.auto.tfvars", "create = true # for now\n"),
    ],
)
def test_files_of_values_beside_the_script_decide(tmp_path: Path, name: str, text: str) -> None:
    path = write(tmp_path / "s.tf.json", OPTIONAL)
    write(tmp_path / name, text)
    assert verdict(collect_needs(read_script(path), ACCOUNT), allow("s3:*")) == "no"
    script = read_script(str(tmp_path))
    assert verdict(collect_needs(script, ACCOUNT), allow("s3:*")) == "no"
    assert str(tmp_path / name) in {each.path for each in script.files}


def test_a_count_that_nothing_decides_is_asked_about_as_if_created(tmp_path: Path) -> None:
    script = {**database(count="${var.n}"), "variable": {"n": {}}}
    assert verdict(stack_of(tmp_path, "s.tf.json", script), allow("s3:*")) == "no"
    empty = stack_of(tmp_path, "s.tf.json", database(for_each="${toset([])}"))
    assert (verdict(empty), empty.notes) == ("yes", ("aws_db_instance.d is not created: its for_each is empty",))


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"for_each": '${toset(["acme-x", "acme-y"])}', "bucket": "${each.key}"}, {"acme-x", "acme-y"}),
        ({"for_each": {"x": "one", "y": "two"}, "bucket": "${each.key}-${each.value}"}, {"x-one", "y-two"}),
        ({"for_each": "${local.names}", "bucket": "${each.value}"}, {"from-a-local"}),
        ({"count": 2, "bucket": "logs-${count.index}"}, {"logs-0", "logs-1"}),
    ],
)
def test_a_literal_collection_is_unfolded_and_the_policy_names_each(
    tmp_path: Path, arguments: dict[str, Any], names: set[str]
) -> None:
    script = {"resource": {"aws_s3_bucket": {"b": arguments}}, "locals": {"names": {"k": "from-a-local"}}}
    stack = stack_of(tmp_path, "s.tf.json", script)
    assert {each.resource for each in stack.needs if each.action == "s3:CreateBucket"} == {
        f"arn:aws:s3:::{name}" for name in names
    }
    (document,) = stack_policy_documents(stack.needs)
    assert "arn:aws:s3:::*" not in json.dumps(document)


CHILD = {
    "variable": {"name": {}, "suffix": {"default": "x"}},
    "resource": {"aws_sqs_queue": {"q": {"name": "${var.name}-${var.suffix}"}}},
    "output": {"url": {"value": "${aws_sqs_queue.q.name}"}},
}


@pytest.mark.parametrize("source", ["./parts/queue", "./parts/../parts/queue"])
def test_a_local_module_is_read_with_the_arguments_that_it_is_given(tmp_path: Path, source: str) -> None:
    write(tmp_path / "parts" / "queue" / "main.tf.json", CHILD)
    call = {"module": {"jobs": {"source": source, "name": "${local.team}-jobs"}}, "locals": {"team": "ops"}}
    path = write(tmp_path / "main.tf.json", call)
    script = read_script(path)
    assert [each.address for each in script.resources] == ["module.jobs.aws_sqs_queue.q"]
    assert script.unread == ()
    assert str(tmp_path / "parts" / "queue" / "main.tf.json") in {each.path for each in script.files}
    queue = "arn:aws:sqs:*:123456789012:ops-jobs-x"
    assert verdict(collect_needs(script, ACCOUNT), allow("sqs:*", queue)) == "yes"


def test_an_output_of_a_module_and_the_resources_in_it_are_found(tmp_path: Path) -> None:
    write(tmp_path / "queue" / "main.tf.json", CHILD)
    script = {
        "module": {"jobs": {"source": "./queue", "name": "jobs"}},
        "resource": {"aws_sqs_queue": {"dead": {"name": "${module.jobs.url}-dead"}}},
    }
    stack = collect_needs(read_script(write(tmp_path / "main.tf.json", script)), ACCOUNT)
    assert "arn:aws:sqs:*:123456789012:jobs-x-dead" in {each.resource for each in stack.needs}


def test_a_role_of_a_module_is_passed_by_its_name(tmp_path: Path) -> None:
    child = {
        "resource": {
            "aws_iam_role": {"r": {"name": "worker"}},
            "aws_lambda_function": {"f": {"function_name": "f", "role": "${aws_iam_role.r.arn}"}},
        }
    }
    write(tmp_path / "fn" / "main.tf.json", child)
    path = write(tmp_path / "main.tf.json", {"module": {"fn": {"source": "./fn"}}})
    stack = collect_needs(read_script(path), ACCOUNT)
    assert {each.resource for each in stack.needs if each.action == "iam:PassRole"} == {
        "arn:aws:iam::123456789012:role/worker"
    }


def test_a_module_has_the_provider_that_it_is_given(tmp_path: Path) -> None:
    write(tmp_path / "queue" / "main.tf.json", CHILD)
    script = {
        "provider": {"aws": [{"region": "eu-west-1"}, {"alias": "far", "region": "us-west-2"}]},
        "module": {
            "near": {"source": "./queue", "name": "a"},
            "far": {"source": "./queue", "name": "b", "providers": {"aws": "aws.far"}},
        },
    }
    found = read_script(write(tmp_path / "main.tf.json", script)).resources
    assert {each.address.split(".")[1]: each.region for each in found} == {"near": "eu-west-1", "far": "us-west-2"}


def test_modules_in_modules_and_instances_of_modules_are_unfolded(tmp_path: Path) -> None:
    write(tmp_path / "queue" / "main.tf.json", CHILD)
    outer = {
        "variable": {"team": {}},
        "module": {"q": {"source": "../queue", "for_each": ["in", "out"], "name": "${var.team}-${each.key}"}},
    }
    write(tmp_path / "team" / "main.tf.json", outer)
    path = write(tmp_path / "main.tf.json", {"module": {"ops": {"source": "./team", "team": "ops"}}})
    stack = collect_needs(read_script(path), ACCOUNT)
    made = {each.resource for each in stack.needs if each.action == "sqs:CreateQueue"}
    assert made == {f"arn:aws:sqs:*:123456789012:ops-{each}-x" for each in ("in", "out")}


def test_an_installed_module_is_read_and_a_missing_one_is_told_with_the_way_out(tmp_path: Path) -> None:
    call = {"module": {"net": {"source": "acme/queue/aws", "name": "a"}}}
    path = write(tmp_path / "main.tf.json", call)
    (unread,) = read_script(path).unread
    assert unread.what == "module.net"
    assert "terraform init" in unread.why
    assert "terraform show -json" in unread.why
    write(tmp_path / ".terraform" / "modules" / "net" / "main.tf.json", CHILD)
    listed = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "net", "Dir": ".terraform/modules/net"}]}
    write(tmp_path / ".terraform" / "modules" / "modules.json", listed)
    script = read_script(path)
    assert [each.address for each in script.resources] == ["module.net.aws_sqs_queue.q"]
    assert script.unread == ()


def test_a_module_that_calls_itself_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "main.tf.json", {"module": {"me": {"source": "./"}}})
    assert [each.what.count("module.me") for each in read_script(path).unread] == [11]


def test_nothing_of_a_module_that_is_not_created_decides(tmp_path: Path) -> None:
    write(tmp_path / "queue" / "main.tf.json", CHILD)
    call = {"module": {"jobs": {"source": "./queue", "name": "a", "count": 0}}}
    stack = collect_needs(read_script(write(tmp_path / "main.tf.json", call)), ACCOUNT)
    assert (stack.needs, {each.action for each in stack.if_created} >= {"sqs:CreateQueue"}) == ((), True)


def test_a_value_of_a_variable_is_not_kept_but_in_names(tmp_path: Path) -> None:
    script = {
        "variable": {"key": {"default": "hunter2"}},
        "resource": {"aws_ssm_parameter": {"p": {"name": "/app", "value": "${var.key}", "type": "SecureString"}}},
    }
    stack = stack_of(tmp_path, "s.tf.json", script)
    assert "hunter2" not in repr(stack)
    assert lacking(stack)
