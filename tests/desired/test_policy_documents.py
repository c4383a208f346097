"""Policy documents in a desired-state file, and in JSON files beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from koding_audit.desired import load_desired, require_sets
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired, DesiredRole, PolicyDocument, PolicyRef
from koding_audit.model.location import Location, Reference
from tests.desired.files import check, refusal, write

ACCOUNT = Account("123456789012", "aws-cn")
READING = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:${partition}:s3:::logs/*"}]}
BESIDE = """version: 1
policy_sets:
  logs:
    policies:
      - {name: logs, path: /team/, file: %s}
groups: {Readers: {required: [logs]}}
"""


def beside(folder: Path, content: str, name: str = "logs.json", said: str = "logs.json") -> str:
    (folder / name).write_text(content)
    return write(folder, BESIDE % said)


def only_policy(desired: Desired) -> PolicyRef:
    ((policy,),) = (each.policies for each in desired.policy_sets.values())
    return policy


def test_a_document_in_a_file_beside_is_the_policys(tmp_path: Path) -> None:
    policy = only_policy(load_desired([beside(tmp_path, json.dumps(READING))]))
    assert policy.arn == "arn:${partition}:iam::${account}:policy/team/logs"
    assert policy.document is not None
    assert json.loads(policy.document.text) == READING


def test_documents_are_bound_to_the_account_like_arns(tmp_path: Path) -> None:
    policy = only_policy(load_desired([beside(tmp_path, json.dumps(READING))]).bind(ACCOUNT))
    assert policy.arn == "arn:aws-cn:iam::123456789012:policy/team/logs"
    assert policy.document is not None
    assert "arn:aws-cn:s3:::logs/*" in policy.document.text


def test_a_document_in_the_file_is_text_where_a_number_or_a_boolean_could_be_read(tmp_path: Path) -> None:
    content = """version: 1
users:
  u:
    inline:
      net:
        Version: 2012-10-17
        Statement:
          Effect: Deny
          Action: "*"
          Resource: "*"
          Condition: {Bool: {"aws:SecureTransport": false}, NumericLessThan: {"s3:max-keys": [10, 012]}}
"""
    (user,) = load_desired([write(tmp_path, content)]).users.values()
    condition = json.loads(user.inline["net"].text)["Statement"]["Condition"]
    assert condition == {"Bool": {"aws:SecureTransport": "false"}, "NumericLessThan": {"s3:max-keys": ["10", "012"]}}
    assert user.inline["net"].location.line == 5


def test_a_role_is_read_to_the_last_key_and_its_optional_sets_can_be_required(tmp_path: Path) -> None:
    content = """version: 1
policy_sets: {a: {policies: [{name: ReadOnlyAccess, version: v5}]}, b: {}}
roles:
  app:
    path: /web/
    required: [a]
    optional: [b]
    inline: {x: {Statement: {Effect: Allow, Action: "s3:Get*", Resource: "*"}}}
    boundary: none
    trust: {Statement: {Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: "${account}"}}}
    exclusive: true
    owner: web
    managed_by: terraform
closed: {roles: true}
"""
    path = write(tmp_path, content)
    desired = load_desired([path])
    role = desired.roles["app"]
    assert desired.policy_sets["a"].policies[0].version == "v5"
    assert set(desired.closed) == {"role"}
    assert role.trust == PolicyDocument(
        '{"Statement": {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": "${account}"}}}',
        Location(path, 10, 5),
    )
    assert (role.path, role.exclusive, role.owner, role.managed_by) == ("/web/", True, "web", "terraform")
    assert role.boundary is not None
    assert role.boundary.policy is None
    assert list(role.inline) == ["x"]
    assert role.required == (Reference("a", Location(path, 6, 16)),)
    bound = desired.bind(ACCOUNT).roles["app"]
    assert bound.trust is not None
    assert '"AWS": "123456789012"' in bound.trust.text
    assert [use.name for use in require_sets(desired, ["b"]).roles["app"].required] == ["a", "b"]
    assert isinstance(bound, DesiredRole)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"Statement": [', "not JSON"),
        ('{"Statement": []}', "the document has no statement"),
        ('{"Statement": [{"Effect": "Allow", "Action": "*"}]}', "needs a Resource and has no Principal"),
        ("[]", "the policy document is not an object"),
        ('{"a": 1, "a": 2}', "duplicate key"),
        ("\ufffe", "Expecting value"),
    ],
)
def test_a_file_beside_that_is_no_policy_is_refused(tmp_path: Path, content: str, message: str) -> None:
    assert message in refusal(beside(tmp_path, content)).message


def test_what_is_wrong_in_a_file_beside_is_told_at_its_own_line(tmp_path: Path) -> None:
    error = refusal(beside(tmp_path, '{\n  "Statement" []}'))
    check(error, 2, 15, "not JSON")
    assert error.location is not None
    assert error.location.path == str(tmp_path / "logs.json")


@pytest.mark.parametrize("said", ["../logs.json", "/etc/hostname", "sub/../../logs.json", "out.json", "circle.json"])
def test_a_file_outside_the_folder_is_refused(tmp_path: Path, said: str) -> None:
    inner = tmp_path / "inner"
    (inner / "sub").mkdir(parents=True)
    (tmp_path / "logs.json").write_text(json.dumps(READING))
    (inner / "out.json").symlink_to(tmp_path / "logs.json")
    (inner / "circle.json").symlink_to("circle.json")
    check(refusal(write(inner, BESIDE % said)), 5, 42, "is outside the folder of this file", "into the folder")


def test_a_file_that_is_not_there_or_no_file_is_refused_at_the_line_that_names_it(tmp_path: Path) -> None:
    check(refusal(write(tmp_path, BESIDE % "logs.json")), 5, 42, "`logs.json`: the file cannot be read: No such file")
    os.mkfifo(tmp_path / "pipe")
    check(refusal(write(tmp_path, BESIDE % "pipe")), 5, 42, "a device, a pipe or a socket")
