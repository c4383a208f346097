"""Templates of CloudFormation: resources with evaluated properties, nested stacks, and what is told as not known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.stack import cloudformation
from koding_audit.stack.loader import read_script
from koding_audit.stack.template import properties_at
from tests.stack.script_files import refused, write
from tests.stack.template_files import properties, read, resource, unread

CHECKOUT = Path(__file__).parents[2]
WEB = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Env: {Type: String, Default: dev}
  Key: {Type: "AWS::EC2::KeyPair::KeyName", Default: mine}
  Secret: {Type: String, NoEcho: true, Default: hunter2}
  Open: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsOpen: !Equals [!Ref Open, "yes"]
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      BucketName: !Sub "acme-${Env}"
  Prod:
    Type: AWS::SQS::Queue
    Condition: IsProd
  Maybe:
    Type: AWS::SNS::Topic
    Condition: IsOpen
    Properties:
      TopicName: !If [IsProd, prod, !Ref Env]
      KmsMasterKeyId: !If [IsOpen, !Ref Open, !Ref AWS::NoValue]
  Db:
    Type: AWS::RDS::DBInstance
    Properties:
      MasterUserPassword: !Ref Secret
      MasterUsername: "{{resolve:ssm:/db/user:3}}"
  Made:
    Type: Custom::Thing
    Properties:
      ServiceToken: !ImportValue maker
"""


def test_the_resources_of_a_template_have_their_places_and_values(tmp_path: Path) -> None:
    script = read(tmp_path, WEB)
    assert [(each.type, each.address, each.location.line) for each in script.resources] == [
        ("AWS::S3::Bucket", "Bucket", 11),
        ("AWS::SNS::Topic", "Maybe", 19),
        ("AWS::RDS::DBInstance", "Db", 25),
        ("Custom::Thing", "Made", 30),
    ]
    assert properties(script, "Bucket") == {"BucketName": "acme-dev"}
    assert properties(script, "Maybe") == {"TopicName": "dev", "KmsMasterKeyId": {"Fn::If": ["${Open}"]}}
    assert resource(script, "Bucket").retained
    assert [each.address for each in script.resources if each.depends_on_condition] == ["Maybe"]
    assert script.notes == ("resources that are not created, because their condition is false: 1",)
    assert script.unread == ()


def test_a_given_parameter_replaces_the_default(tmp_path: Path) -> None:
    script = read(tmp_path, WEB, Env="prod", Open="no")
    assert properties(script, "Bucket") == {"BucketName": "acme-prod"}
    assert [each.address for each in script.resources] == ["Bucket", "Prod", "Db", "Made"]


def test_what_a_template_says_beside_its_resources_is_kept(tmp_path: Path) -> None:
    template = read(tmp_path, WEB).template
    assert template is not None
    assert [(each.name, each.value) for each in template.parameters] == [
        ("Env", "dev"),
        ("Key", "mine"),
        ("Secret", ""),
        ("Open", ""),
    ]
    assert [(each.service, each.name) for each in template.dynamic_references] == [("ssm", "/db/user")]
    assert [(each.logical_id, each.service_token) for each in template.custom] == [("Made", "${Fn::ImportValue}")]
    assert template.size == len(WEB.encode())


def test_no_secret_and_no_value_that_it_chose_is_in_a_body(tmp_path: Path) -> None:
    assert "hunter2" not in str(read(tmp_path, WEB))


def test_the_same_template_in_json_reads_the_same(tmp_path: Path) -> None:
    value = {
        "Parameters": {"Env": {"Type": "String", "Default": "dev"}},
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "acme-${Env}"}}}},
    }
    for name in ("a.json", "a.template", "a.yaml"):
        script = read(tmp_path, json.dumps(value, indent=2), name)
        assert properties(script, "Bucket") == {"BucketName": "acme-dev"}
        assert resource(script, "Bucket").location.line == 9


def test_what_is_not_known_of_a_template_is_told_at_its_place(tmp_path: Path) -> None:
    text = """\
Transform: [AWS::LanguageExtensions, Acme]
Modules: {Web: {Source: ./m.yaml}}
Resources:
  Module:
    Type: !Rain::Module ./m.yaml
  Text: hello
  Fn::Transform: {Name: Other}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Odd x
"""
    script = read(tmp_path, text)
    assert unread(script) == {
        "macro Acme": "the result of a macro is not known",
        "Modules": "modules are not read: run `aws cloudformation package` first",
        "Module": "its `Type` is not a text, so its needs are not known",
        "Text": "its `Type` is not a text, so its needs are not known",
        "macro Other": "the result of a macro is not known",
        "Fn::Odd": "AWS has no such intrinsic function",
    }
    assert {each.what: each.location.line for each in script.unread}["Fn::Odd"] == 11


def test_a_rule_that_refuses_the_parameters_is_noted(tmp_path: Path) -> None:
    text = 'Rules: {R: {Assertions: [{Assert: !Equals ["a", "b"]}]}}\nResources: {B: {Type: AWS::S3::Bucket}}\n'
    (note,) = read(tmp_path, text).notes
    assert note.startswith("rule R (")
    assert note.endswith("web.yaml:1:9) refuses these values of the parameters")


def test_loops_are_unfolded_before_anything_is_read(tmp_path: Path) -> None:
    text = """\
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Buckets:
    - Name
    - [a, b]
    - Bucket${Name}:
        Type: AWS::S3::Bucket
        Properties:
          BucketName: !Sub acme-${Name}
"""
    script = read(tmp_path, text)
    assert {each.address for each in script.resources} == {"Bucketa", "Bucketb"}
    assert properties(script, "Bucketb") == {"BucketName": "acme-b"}


def test_an_included_file_beside_the_template_is_read(tmp_path: Path) -> None:
    write(tmp_path, "Resources: {Queue: {Type: AWS::SQS::Queue}}", "more.yaml")
    text = """\
Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}
Resources:
  Bucket: {Type: AWS::S3::Bucket}
"""
    script = read(tmp_path, text)
    assert [each.address for each in script.resources] == ["Bucket", "Queue"]
    assert [Path(each.path).name for each in script.files] == ["web.yaml", "more.yaml"]


# --- nested stacks ----------------------------------------------------------------------------------

PARENT = """\
Conditions: {Maybe: !Equals [!Ref AWS::AccountId, "1"]}
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Condition: Maybe
    DeletionPolicy: Retain
    Properties:
      TemplateURL: ./child.yaml
      Parameters:
        Name: acme
        Zones: [a, b]
        Role: !GetAtt Role.Arn
        Other: !Ref AWS::NoValue
  Role: {Type: AWS::IAM::Role}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !GetAtt Child.Outputs.Bucket
  Far:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://acme.s3.amazonaws.com/${AWS::Region}/far.yaml"}
"""
CHILD = """\
Parameters:
  Name: {Type: String}
  Zones: {Type: CommaDelimitedList}
  Role: {Type: String}
  Other: {Type: String, Default: mine}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Name}-${Other}"
      Role: !Ref Role
      Zones: !Ref Zones
Outputs:
  Bucket: {Value: !Ref Bucket}
"""


def test_a_nested_stack_beside_the_template_is_read_with_its_parameters(tmp_path: Path) -> None:
    write(tmp_path, CHILD, "child.yaml")
    script = read(tmp_path, PARENT)
    found = resource(script, "Child.Bucket")
    assert properties(script, "Child.Bucket") == {
        "BucketName": "acme-mine",
        "Role": "${Role.Arn}",
        "Zones": ["a", "b"],
    }
    assert properties(script, "Policy") == {"Bucket": "acme-mine"}
    assert (Path(found.location.path).name, found.location.line) == ("child.yaml", 7)
    assert (found.logical_id, found.retained, found.depends_on_condition) == ("Child.Bucket", True, True)
    assert unread(script) == {"Far": "its template was not read: it does not lie beside this one"}
    assert script.template is not None
    assert [(each.logical_id, each.is_read) for each in script.template.nested] == [("Child", True), ("Far", False)]
    assert script.template.nested[1].url == "https://acme.s3.amazonaws.com/${AWS::Region}/far.yaml"


def test_a_nested_stack_that_the_cdk_names_as_an_asset_is_read(tmp_path: Path) -> None:
    write(tmp_path, CHILD.replace("Type: String}", "Type: String, Default: x}"), "child.yaml")
    text = """\
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://x/${AWS::AccountId}"}
    Metadata: {"aws:asset:path": child.yaml, "aws:asset:property": TemplateURL, "aws:cdk:path": App/Child}
"""
    script = read(tmp_path, text)
    assert [each.address for each in script.resources] == ["App/Child", "Child.Bucket"]


def test_a_loop_over_an_output_of_a_nested_stack_is_unfolded(tmp_path: Path) -> None:
    write(tmp_path, "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {Names: {Value: 'a,b'}}\n", "child.yaml")
    text = """\
Transform: AWS::LanguageExtensions
Resources:
  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}
  Fn::ForEach::L: [Name, !Split [",", !GetAtt Child.Outputs.Names], {"Bucket${Name}": {Type: AWS::S3::Bucket}}]
"""
    script = read(tmp_path, text)
    assert [each.address for each in script.resources] == ["Child", "Child.Q", "Bucketa", "Bucketb"]


def test_a_template_that_nests_itself_is_told(tmp_path: Path) -> None:
    text = "Resources: {Me: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./web.yaml}}}\n"
    assert list(unread(read(tmp_path, text))) == ["Me"]


def test_nested_stacks_that_double_at_each_level_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudformation, "MOST_NESTED_MIB", 0)
    for level in range(12):
        two = "".join(
            f"  {name}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {level + 1}.yaml}}}}\n"
            for name in "AB"
        )
        write(tmp_path, f"Resources:\n{two}", f"{level}.yaml")
    script = read_script(str(tmp_path / "0.yaml"))
    assert len(script.resources) < 1000
    assert script.unread


def test_a_folder_of_templates_is_read_without_those_that_are_nested(tmp_path: Path) -> None:
    write(tmp_path, CHILD, "child.yaml")
    write(tmp_path, PARENT, "parent.yaml")
    script = read_script(str(tmp_path))
    assert [each.address for each in script.resources] == ["Child", "Child.Bucket", "Role", "Policy", "Far"]
    assert len(script.files) == 2


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: {A: !!python/object:os.system {}}\n", "the tag"),
        ("Resources: {A: &x {}, B: *x}\n", "anchor"),
        ("Resources: {A: ! x}\n", "the tag"),
        ("Other: !Ref X\n", "the tag `!Ref` is not allowed"),
        ("Resources: []\n", "not a stack script"),
        ("Resources: {A: " + "{Fn::Not: [" * 60, "nested more than 50 levels"),
    ],
)
def test_a_file_that_is_no_template_or_does_too_much_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)[2]


def test_the_template_of_this_projects_roles_is_read_whole() -> None:
    path = str(CHECKOUT / "deploy" / "aws" / "roles.yaml")
    script = read_script(path)
    assert [(each.type, each.address) for each in script.resources] == [
        ("AWS::IAM::Role", "AuditRole"),
        ("AWS::IAM::Policy", "AuditPolicy"),
    ]
    assert properties(script, "AuditRole")["RoleName"] == "koding-audit-read"
    assert script.unread == ()
    both = read_script(path, {"CreateFixRole": "yes", "FixPrincipalArn": "arn:aws:iam::123456789012:role/ci"})
    assert len(both.resources) == 4
    assert not any(each.depends_on_condition for each in both.resources)
    policies = [each for each in both.resources if each.type == "AWS::IAM::Policy"]
    assert all(certain for each in policies for _, certain in properties_at(each.body, "Roles"))
