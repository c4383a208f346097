"""SAM templates are translated by AWS's translator, with the places of the serverless resources."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from koding_audit.model.errors import InputError
from tests.stack.template_files import properties, read, resource, unread

WEB = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12}
Parameters:
  Secret: {Type: String, NoEcho: true, Default: hunter2}
  Layer: {Type: "AWS::SSM::Parameter::Value<String>", Default: /layer}
  Stage: {Type: String, Default: dev}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "hello-${Stage}"
      CodeUri: src/
      Handler: app.handler
      Environment: {Variables: {SECRET: !Ref Secret}}
      Layers: [!Ref Layer]
      Policies: [AmazonS3ReadOnlyAccess, {SQSPollerPolicy: {QueueName: !GetAtt Jobs.QueueName}}]
      Events: {Get: {Type: HttpApi}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Near: {Type: AWS::Serverless::Application, Properties: {Location: child.yaml}}
  Far:
    Type: AWS::Serverless::Application
    Properties: {Location: {ApplicationId: "arn:aws:serverlessrepo:us-east-1:1:applications/x", SemanticVersion: 1.0.0}}
"""


@pytest.fixture
def _translator() -> None:
    pytest.importorskip("samtranslator", reason="the extra `sam` is not installed")


@pytest.mark.usefixtures("_translator")
def test_serverless_resources_become_those_that_aws_makes(tmp_path: Path) -> None:
    (tmp_path / "child.yaml").write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}\n", encoding="utf-8")
    script = read(tmp_path, WEB)
    types = {each.address: (each.type, each.location.line) for each in script.resources}
    assert types["Hello"] == ("AWS::Lambda::Function", 9)
    assert types["HelloRole"] == ("AWS::IAM::Role", 9)
    assert types["ServerlessHttpApi"] == ("AWS::ApiGatewayV2::Api", 1)
    assert types["Jobs"] == ("AWS::SQS::Queue", 19)
    assert types["Near.Topic"] == ("AWS::SNS::Topic", 1)
    assert properties(script, "Hello")["FunctionName"] == "hello-dev"
    assert properties(script, "Hello")["Code"] == {"S3Bucket": "${SAM.Bucket}", "S3Key": "artifact"}
    assert properties(script, "Hello")["Layers"] == ["${Layer}"]
    managed = properties(script, "HelloRole")["ManagedPolicyArns"]
    assert "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" in managed
    assert list(unread(script)) == ["Far"]
    assert resource(script, "Jobs").location.column == 3


@pytest.mark.usefixtures("_translator")
def test_no_secret_comes_through_the_translator(tmp_path: Path) -> None:
    assert "hunter2" not in str(read(tmp_path, WEB, "a.yaml", Secret="hunter2"))


@pytest.mark.usefixtures("_translator")
def test_what_the_translator_refuses_is_refused_at_its_resource_without_values(tmp_path: Path) -> None:
    text = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Bad:
    Type: AWS::Serverless::Function
    Properties: {Handler: hunter2, Runtime: python3.12}
"""
    with pytest.raises(InputError, match="aws-sam-translator refuses the resource `Bad`") as caught:
        read(tmp_path, text)
    assert caught.value.location is not None
    assert caught.value.location.line == 3
    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("_translator")
def test_what_the_translator_does_not_expect_is_an_error_without_a_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match="aws-sam-translator cannot translate this template"):
        read(tmp_path, WEB.replace("Globals:\n  Function: {Runtime: python3.12}", "Globals: [hunter2]"))
    assert "hunter2" not in caplog.text + capfd.readouterr().err


def test_without_the_extra_one_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "samtranslator.translator.translator", None)
    monkeypatch.setitem(sys.modules, "samtranslator.model.exceptions", None)
    with pytest.raises(InputError, match="reading a SAM template needs aws-sam-translator") as caught:
        read(tmp_path, WEB)
    assert caught.value.hint == "run `pip install 'koding-audit[sam]'`"
    assert caught.value.location is not None
    assert caught.value.location.line == 1


def test_serverless_types_without_the_transform_are_told_as_what_aws_refuses(tmp_path: Path) -> None:
    script = read(tmp_path, WEB.partition("\n")[2])
    refused = "AWS refuses its type without `Transform: AWS::Serverless-2016-10-31`"
    assert unread(script) == {"Hello": refused, "Near": refused, "Far": refused}
    assert [each.address for each in script.resources] == ["Jobs"]
