"""The CDK's cloud assembly: its stacks under their paths, roles and assets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.stack.cdk import find_manifest
from koding_audit.stack.loader import read_script
from tests.stack.script_files import refusal, write
from tests.stack.template_files import properties

ROLE = "arn:${AWS::Partition}:iam::123456789012:role/cdk-hnb659fds-"


def stack(name: str, **properties_: Any) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": "aws://123456789012/eu-west-1",
        "properties": {
            "templateFile": f"{name}.template.json",
            "assumeRoleArn": f"{ROLE}deploy-role-123456789012-eu-west-1",
            "cloudFormationExecutionRoleArn": f"{ROLE}cfn-exec-role-123456789012-eu-west-1",
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
            "lookupRole": {"arn": f"{ROLE}lookup-role-123456789012-eu-west-1"},
            **properties_,
        },
    }


def write_json(folder: Path, name: str, value: Any) -> None:
    folder.mkdir(exist_ok=True)
    write(folder, json.dumps(value, indent=1), name)


def assembly(folder: Path) -> str:
    """A cloud assembly with one stack, and one more in a stage."""
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"BucketName": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}-${AWS::AccountId}"}},
        "Metadata": {"aws:cdk:path": "Web/Bucket/Resource"},
    }
    write_json(
        folder, "Web.template.json", {"Resources": {"Bucket123": bucket, "Queue456": {"Type": "AWS::SQS::Queue"}}}
    )
    metadata = {"/Web/Queue/Resource": [{"type": "aws:cdk:logicalId", "data": "Queue456"}]}
    write_json(folder, "Web.metadata.json", metadata)
    write_json(folder, "tree.json", {"tree": {"Resources": {}}})
    published = {"assumeRoleArn": f"{ROLE}file-publishing-role", "bucketName": "cdk-assets", "objectKey": "a"}
    pushed = {"repositoryName": "cdk-images", "imageTag": "a"}
    assets = {
        "files": {"a": {"destinations": {"here": published}}},
        "dockerImages": {"b": {"destinations": {"here": pushed}}},
    }
    write_json(folder, "Web.assets.json", assets)
    artifacts = {
        "Web.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Web.assets.json"}},
        "Web": stack("Web", stackName="web-prod", additionalMetadataFile="Web.metadata.json"),
        "assembly-Stage": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Stage"}},
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
    }
    write_json(folder, "manifest.json", {"version": "48.0.0", "artifacts": artifacts})
    inner = folder / "assembly-Stage"
    write_json(inner, "Db.template.json", {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}})
    write_json(inner, "manifest.json", {"version": "48.0.0", "artifacts": {"Db": stack("Db")}})
    return str(folder)


def test_the_stacks_of_an_assembly_are_read_with_their_paths_and_environment(tmp_path: Path) -> None:
    script = read_script(assembly(tmp_path / "cdk.out"))
    assert [(each.type, each.address, each.region) for each in script.resources] == [
        ("AWS::S3::Bucket", "Web/Bucket/Resource", "eu-west-1"),
        ("AWS::SQS::Queue", "Web/Queue/Resource", "eu-west-1"),
        ("AWS::DynamoDB::Table", "Table", "eu-west-1"),
    ]
    assert properties(script, "Web/Bucket/Resource") == {"BucketName": "web-prod-eu-west-1-123456789012"}
    assert [Path(each.path).name for each in script.files] == [
        *("manifest.json", "Web.assets.json", "Web.template.json", "Web.metadata.json", "manifest.json"),
        "Db.template.json",
    ]
    assert script.unread == ()


def test_the_roles_and_assets_of_an_assembly_are_kept_with_their_places(tmp_path: Path) -> None:
    template = read_script(assembly(tmp_path / "cdk.out")).template
    assert template is not None
    assert template.stack_names == ("web-prod", "Db")
    facts = template.cdk
    assert facts is not None
    assert [name.rpartition("/cdk-hnb659fds-")[2] for name, _ in facts.assume_role_arns] == [
        "deploy-role-123456789012-eu-west-1"
    ]
    assert [name.rpartition("/cdk-hnb659fds-")[2] for name, _ in facts.lookup_role_arns] == [
        "lookup-role-123456789012-eu-west-1"
    ]
    assert len(facts.execution_role_arns) == 1
    assert facts.execution_role_arns[0][1].line > 1
    assert (facts.qualifier, [name for name, _ in facts.bootstrap_parameters]) == (
        "hnb659fds",
        ["/cdk-bootstrap/hnb659fds/version"],
    )
    assert [(each.kind, each.target, each.assume_role_arn) for each in facts.assets] == [
        ("file", "cdk-assets", f"{ROLE}file-publishing-role"),
        ("image", "cdk-images", ""),
    ]


def test_the_manifest_itself_can_be_named(tmp_path: Path) -> None:
    folder = assembly(tmp_path / "cdk.out")
    assert read_script(f"{folder}/manifest.json").resources == read_script(folder).resources


def test_the_parameters_of_a_stack_are_those_of_the_manifest_then_those_given(tmp_path: Path) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Name"}}}
    template = {"Parameters": {"Name": {"Type": "String"}}, "Resources": {"B": bucket}}
    write_json(tmp_path, "Web.template.json", template)
    artifacts = {
        "Web": stack("Web", parameters={"Name": "acme"}) | {"environment": "aws://unknown-account/unknown-region"}
    }
    write_json(tmp_path, "manifest.json", {"version": "1", "artifacts": artifacts, "missing": [{"key": "vpc"}]})
    script = read_script(str(tmp_path))
    assert properties(script, "B") == {"BucketName": "acme"}
    assert script.resources[0].region == ""
    assert script.notes == ("the cloud assembly lacks 1 looked-up values: run `cdk synth` again",)
    assert properties(read_script(str(tmp_path), {"Name": "mine"}), "B") == {"BucketName": "mine"}


def test_a_nested_stack_is_found_by_the_asset_that_its_url_names(tmp_path: Path) -> None:
    url = {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::URLSuffix"}, "/cdk-assets/abc.json"]]}
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    write_json(tmp_path, "Web.template.json", {"Resources": {"Child": child}})
    write_json(tmp_path, "Child.nested.template.json", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    destination = {"bucketName": "cdk-assets", "objectKey": "abc.json"}
    files = {"abc": {"source": {"path": "Child.nested.template.json"}, "destinations": {"here": destination}}}
    write_json(tmp_path, "Web.assets.json", {"files": files})
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "Web.assets.json"}}
    write_json(tmp_path, "manifest.json", {"version": "1", "artifacts": {"Web": stack("Web"), "Web.assets": assets}})
    script = read_script(str(tmp_path))
    assert [each.address for each in script.resources] == ["Child", "Child.Queue"]
    assert script.unread == ()


@pytest.mark.parametrize("name", ["../Web", "/etc/Web", "sub/../../Web"])
def test_a_file_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    write_json(tmp_path, "manifest.json", {"version": "1", "artifacts": {"Web": stack(name)}})
    assert "not in the folder" in refusal(str(tmp_path)).message


def test_an_assembly_that_contains_itself_is_bounded(tmp_path: Path) -> None:
    inner = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}
    write_json(tmp_path, "manifest.json", {"version": "1", "artifacts": {"A": inner, "B": inner}})
    assert read_script(str(tmp_path)).resources == ()


def test_another_manifest_is_no_assembly(tmp_path: Path) -> None:
    write(tmp_path, '{"name": "app", "version": 1}', "manifest.json")
    assert find_manifest(str(tmp_path)) is None
    assert find_manifest(str(tmp_path / "gone.json")) is None
    write(tmp_path, "resource: {aws_eip: {b: }}")
    assert len(read_script(str(tmp_path)).resources) == 1
