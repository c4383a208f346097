"""Scripts in every format become the same resources, each with its line; what is no script is refused, or told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.errors import InputError
from koding_audit.stack.loader import read_script
from koding_audit.stack.script import Script

SCRIPTS = Path(__file__).parent / "scripts"
EXAMPLES = Path(__file__).parents[2] / "policies" / "stacks"


def write(tmp_path: Path, text: str, name: str = "stack.yml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def places(script: Script) -> dict[str, int]:
    return {each.address: each.location.line for each in script.resources}


def refusal(path: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_script(path)
    assert caught.value.location is not None
    return caught.value


def refused(tmp_path: Path, text: str, name: str = "stack.yml") -> tuple[int, int, str]:
    error = refusal(write(tmp_path, text, name))
    assert error.location is not None
    return error.location.line, error.location.column, error.message


def test_a_stack_of_a_team_is_read_with_the_line_of_each_resource() -> None:
    script = read_script(str(SCRIPTS / "koding.yml"))
    assert places(script)["aws_instance.example_1"] == 66
    assert places(script)["aws_eip.web"] == 63
    assert len(script.resources) == 9
    assert script.others == {"github_repository": 1, "vagrant_instance": 1}
    assert script.unread == ()


def test_json_with_tabs_and_letters_beyond_ascii_is_read_with_lines() -> None:
    script = read_script(str(SCRIPTS / "google.json"))
    assert places(script) == {"aws_db_instance.db": 11, "aws_instance.api": 19}
    assert script.others == {"google_compute_instance": 1}
    assert {each.region for each in script.resources} == {"eu-west-1"}


def test_lists_may_stand_wherever_terraform_has_them_and_each_provider_has_its_region() -> None:
    script = read_script(str(SCRIPTS / "providers.tf.json"))
    regions = {each.address: each.region for each in script.resources}
    assert regions == {
        "data.aws_ami.ubuntu": "us-east-1",
        "aws_s3_bucket.logs": "us-east-1",
        "aws_s3_bucket.open": "us-west-2",
        "aws_s3_bucket.elsewhere": "",
        "aws_eip.some": "us-east-1",
    }
    assert [each.what for each in script.unread] == ["module.net"]
    assert script.notes == (
        "backend s3: what keeping the state needs is not looked at",
        "aws_eip.none is not created: its count is 0",
    )


def test_terraforms_own_language_is_read_without_what_stands_in_comments_and_texts() -> None:
    script = read_script(str(SCRIPTS / "web.tf"))
    assert places(script) == {
        "aws_iam_role.web": 7,
        "aws_iam_instance_profile.web": 15,
        "aws_instance.web": 20,
        "data.aws_ami.u": 38,
    }


def test_without_python_hcl2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hcl2", None)
    error = refusal(str(SCRIPTS / "web.tf"))
    assert "python-hcl2" in error.message
    assert "koding-audit[hcl]" in error.hint


def test_the_same_stack_in_yaml_json_and_hcl_has_the_same_resources(tmp_path: Path) -> None:
    value = {"resource": {"aws_s3_bucket": {"a": {"bucket": "x"}}, "aws_eip": {"b": {}}}}
    json_file = write(tmp_path, json.dumps(value), "a.tf.json")
    yaml_file = write(tmp_path, "resource:\n  aws_s3_bucket:\n    a: {bucket: x}\n  aws_eip:\n    b:\n")
    hcl_file = write(tmp_path, 'resource "aws_s3_bucket" "a" {\n  bucket = "x"\n}\nresource "aws_eip" "b" {}\n', "a.tf")
    scripts = [read_script(each) for each in (json_file, yaml_file, hcl_file)]
    assert {tuple(each.address for each in script.resources) for script in scripts} == {
        ("aws_s3_bucket.a", "aws_eip.b")
    }
    texts = {each.body.node("bucket").value for script in scripts for each in script.resources[:1]}  # type: ignore[union-attr]
    assert texts == {"x"}


def test_json_under_another_name_is_read_too(tmp_path: Path) -> None:
    assert places(read_script(write(tmp_path, '{"resource": {"aws_eip": {"a": {}}}}', "stack"))) == {"aws_eip.a": 1}
    assert places(read_script(write(tmp_path, "{resource: {aws_eip: {a: {}}}}", "flow.yml"))) == {"aws_eip.a": 1}


def test_a_count_that_is_not_known_still_counts(tmp_path: Path) -> None:
    text = "resource: {aws_eip: {a: {count: 0}, b: {count: '${var.n}'}, c: {for_each: '${var.m}'}}}"
    assert list(places(read_script(write(tmp_path, text)))) == ["aws_eip.b", "aws_eip.c"]


def test_the_types_of_the_other_provider_of_aws_are_not_passed_over(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, "resource: {awscc_ec2_vpc: {a: {}}, random_id: {b: {}}}"))
    assert [each.what for each in script.unread] == ["awscc_ec2_vpc.a"]
    assert script.others == {"random_id": 1}


def test_a_provider_that_assumes_a_role_is_told(tmp_path: Path) -> None:
    text = "provider: {aws: {assume_role: {role_arn: 'arn:aws:iam::123456789012:role/x'}}}\nresource: {aws_eip: {a: }}"
    assert [each.what for each in read_script(write(tmp_path, text)).role_assuming] == ["provider.aws"]


# --- what is refused --------------------------------------------------------------------------------


def test_json_with_text_after_its_end_is_refused_at_that_text(tmp_path: Path) -> None:
    line, column, message = refused(tmp_path, '{"resource": {}}\n  }', "stack.json")
    assert (line, column) == (2, 3)
    assert "text after the end" in message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"resource": {"aws_eip": {"a": {}, "a": {}}}}', (1, 36)),
        ('{"resource" {}}', (1, 13)),
        ('{"resource": {"aws_eip": {"a": {}}', (1, 35)),
        ('{"resource": {"x": NaN}}', (1, 20)),
        ('{"resource": {"x": "a\nb"}}', (1, 22)),
        ("{resource: 1}", (1, 2)),
        ("", (1, 1)),
    ],
)
def test_json_that_is_none_is_refused_at_its_place(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    line, column, _ = refused(tmp_path, text, "stack.json")
    assert (line, column) == place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resource:\n  a: &x {}\n  b: *x\n", "anchor"),
        ("resource:\n  aws_eip:\n    a: {}\n    a: {}\n", "twice"),
        ("resource:\n  <<: {a: b}\n", "merge key"),
        ("resource: !!python/object:os.system {}\n", "tag"),
        ("resource: {}\n---\nresource: {}\n", "second YAML document"),
        ("resource:\n\taws_eip: {}\n", "not YAML"),
        ("resource: " + "[" * 60, "nested more than 50 deep"),
        ("resource: {aws_eip: text}\n", "a block is needed here"),
        ("resource: {'aws_eip web': {a: {}}}\n", "no name"),
        ("resource: {aws_eip: {a: {}}}\nprovidr: {}\n", "no block `providr`"),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n", "no stack script"),
        ("", "the file is empty"),
        ("- a\n", "no stack script"),
    ],
)
def test_yaml_that_is_no_script_or_does_too_much_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)[2]


def test_a_character_that_yaml_does_not_take_is_refused_at_its_place(tmp_path: Path) -> None:
    text = "resource:\n  aws_eip:\n    \u00e9: {x: '\U0001f600 \x1b'}\n"
    assert refused(tmp_path, text)[:2] == (3, 15)


def test_deep_json_is_refused_and_not_followed(tmp_path: Path) -> None:
    assert "nested more than 50 deep" in refused(tmp_path, '{"resource":' + "[" * 100_000, "deep.json")[2]


def test_hcl_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, 'resource "aws_eip" "a" {\n  count = = 1\n}\n', "a.tf")[0] == 2


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yml"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert "16 MiB" in refusal(str(path)).message


# --- folders ----------------------------------------------------------------------------------------


def test_a_folder_is_its_scripts_in_order_without_the_hidden_ones(tmp_path: Path) -> None:
    write(tmp_path, "resource: {aws_eip: {b: }}", "b.yml")
    write(tmp_path, "resource: {aws_eip: {a: }}", "a.yaml")
    write(tmp_path, "resource: {aws_eip: {no: }}", ".hidden.yml")
    write(tmp_path, "resource: {aws_eip: {no: }}", "notes.txt")
    script = read_script(str(tmp_path))
    assert list(places(script)) == ["aws_eip.a", "aws_eip.b"]
    assert [Path(each.path).name for each in script.files] == ["a.yaml", "b.yml"]


def test_what_is_no_script_in_a_folder_is_told(tmp_path: Path) -> None:
    write(tmp_path, "resource: {aws_eip: {b: }}")
    write(tmp_path, '{"name": "app"}', "package.json")
    write(tmp_path, "a: &x b\nc: *x\n", "compose.yml")
    notes = read_script(str(tmp_path)).notes
    assert len(notes) == 2
    assert "compose.yml is no stack script" in notes[0]
    assert "package.json is no stack script" in notes[1]


def test_a_script_of_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "resource: {aws_eip: {b: }}")
    write(tmp_path, "resource: &x {aws_eip: {c: }}\n", "broken.yml")
    assert "anchor" in refusal(str(tmp_path)).message


def test_a_folder_without_a_script_is_refused(tmp_path: Path) -> None:
    assert "no stack script in this folder" in refusal(str(tmp_path)).message


# --- plans ------------------------------------------------------------------------------------------


def plan(**more: Any) -> dict[str, Any]:
    """A plan as `terraform show -json` prints it, shortened."""
    bucket = {
        "address": 'module.logs["a"].aws_s3_bucket.this[0]',
        "mode": "managed",
        "type": "aws_s3_bucket",
        "name": "this",
        "values": {"bucket": "acme-logs", "force_destroy": False, "policy": "secret-of-mine"},
        "sensitive_values": {"policy": True},
    }
    image = {"address": "data.aws_ami.u", "mode": "data", "type": "aws_ami", "name": "u", "values": {}}
    other = {"address": "random_id.x", "mode": "managed", "type": "random_id", "name": "x", "values": {}}
    expressions = {
        "bucket": {"references": ["var.name"]},
        "policy": {"references": ["var.policy"]},
        "tags": {"references": ["aws_eip.x"]},
    }
    configured = {"address": "aws_s3_bucket.this", "provider_config_key": "aws.west", "expressions": expressions}
    return {
        "format_version": "1.2",
        "variables": {"region": {"value": "us-west-2"}},
        "planned_values": {
            "root_module": {"resources": [image, other], "child_modules": [{"resources": [bucket]}]},
        },
        "resource_changes": [
            {
                "address": "aws_eip.old",
                "mode": "managed",
                "type": "aws_eip",
                "name": "old",
                "change": {"actions": ["delete"], "before": {"instance": "i-1"}, "after": None},
            }
        ],
        "configuration": {
            "provider_config": {"aws.west": {"expressions": {"region": {"references": ["var.region"]}}}},
            "root_module": {"module_calls": {"logs": {"module": {"resources": [configured]}}}},
        },
        **more,
    }


def test_a_plan_has_its_modules_and_what_it_takes_away(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, json.dumps(plan()), "plan.json"))
    found = {each.address: (each.kind, each.region, each.destroyed) for each in script.resources}
    assert found == {
        "data.aws_ami.u": ("data", "", False),
        'module.logs["a"].aws_s3_bucket.this[0]': ("type", "us-west-2", False),
        "aws_eip.old": ("type", "", True),
    }
    assert script.others == {"random_id": 1}


def test_of_a_plan_the_arguments_are_those_that_are_written_and_secrets_are_not_kept(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, json.dumps(plan()), "plan.json"))
    body = next(each.body for each in script.resources if each.type == "aws_s3_bucket")
    values = {name: entry.node.value for name, entry in body.entries.items()}  # type: ignore[union-attr]
    assert values == {"bucket": "acme-logs", "policy": "${unknown}", "tags": "${unknown}"}
    assert "secret-of-mine" not in repr(script)


def test_a_state_is_read_as_a_plan_is(tmp_path: Path) -> None:
    resource = {"address": "aws_eip.a", "mode": "managed", "type": "aws_eip", "name": "a", "values": {"domain": "vpc"}}
    value = {"format_version": "1.0", "values": {"root_module": {"resources": [resource]}}}
    assert list(places(read_script(write(tmp_path, json.dumps(value), "state.json")))) == ["aws_eip.a"]


@pytest.mark.parametrize(
    "path",
    [*SCRIPTS.iterdir(), *(Path(__file__).parents[2] / "policies" / "stacks").iterdir()],
    ids=lambda path: path.name,
)
def test_every_script_that_we_have_is_read_whole_and_each_resource_stands_at_its_own_line(path: Path) -> None:
    script = read_script(str(path))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert script.resources
    for each in script.resources:
        name = each.address.rpartition(".")[2]
        assert name in lines[each.location.line - 1], each.address
