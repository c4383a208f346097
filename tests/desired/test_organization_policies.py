"""Claims about files of SCPs, of RCPs and of the policy of a VPC endpoint."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from koding_audit.desired import organization_policies
from koding_audit.model.errors import InputError
from koding_audit.model.snapshot import EndpointPolicy, Organization
from tests.values import snapshot

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}}


def written(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "scp.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_document_is_a_level_and_has_its_files_name(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(ALLOW))
    (policy,) = organization_policies.read(path)
    assert (policy.name, json.loads(policy.document)) == (path, ALLOW)


def test_a_list_of_documents_is_one_level_and_each_has_its_place_in_the_name(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + json.dumps([ALLOW, DENY]))
    assert [policy.name for policy in organization_policies.read(path)] == [f"{path}[0]", f"{path}[1]"]


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ('{"Version": ', 1, 13, "not JSON"),
        ("", 1, 1, "not JSON"),
        ("[\n]", 1, 1, "the level has no policy"),
        ("[" * 100_000, 1, 502, "nested too deeply"),
        ("\n 7", 2, 2, "this is not a policy document"),
        ('[{"Version": "2012-10-17", "Statement": []},\n "x"]', 2, 2, "this is not a policy document"),
        ('{"Version": "2012-10-17",\n "Version": "2012-10-17"}', 2, 2, 'duplicate key "Version"'),
        ('{"Version": NaN}', 1, 13, "NaN is not a JSON value"),
        (
            '{"Version": "2012-10-17",\n  "Statement": [\n   {"Effect": "allow"}]}',
            3,
            5,
            "Effect: must be Allow or Deny",
        ),
        ('[{"Version":\n "2012-10-17"}]', 1, 2, "Statement: missing"),
        (
            '{"Statement": [{"Effect": "Deny", "Action": "*", "Condition":\n{"Bool": {"aws:SecureTransport": {}}}}]}',
            2,
            11,
            "must be text or a list of texts",
        ),
        ('{"Statement": [],\n "Statment": []}', 1, 1, "unknown element 'Statment'"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line_and_column(
    tmp_path: Path, text: str, line: int, column: int, problem: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        organization_policies.read(path)
    place = caught.value.location
    assert place is not None
    assert (place.path, place.line, place.column) == (path, line, column)
    assert problem in caught.value.message
    assert path not in caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, problem in (
        (str(tmp_path / "none.json"), "cannot be read: No such file"),
        (str(tmp_path), "a directory"),
        (written(tmp_path, b"\xff"), "not UTF-8"),
        ("a\0b", "cannot be read"),
    ):
        with pytest.raises(InputError) as caught:
            organization_policies.read(path)
        assert caught.value.location is not None
        assert caught.value.location.path == path
        assert problem in caught.value.message


def test_the_level_in_the_docs_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    section = text.partition("## The organization's policies\n")[2]
    (shown, *_) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    level = organization_policies.read(written(tmp_path, shown))
    assert (len(level), organization_policies.allows_anything(level)) == (2, True)


def test_a_level_allows_something_only_where_a_statement_does(tmp_path: Path) -> None:
    assert not organization_policies.allows_anything(organization_policies.read(written(tmp_path, json.dumps(DENY))))
    assert organization_policies.allows_anything(
        organization_policies.read(written(tmp_path, json.dumps([DENY, ALLOW])))
    )


FULL_RCP = {"Version": "2012-10-17", "Statement": [{**ALLOW["Statement"][0], "Principal": "*"}]}  # type: ignore[index]


def test_of_rcps_only_that_of_aws_may_allow(tmp_path: Path) -> None:
    deny = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
    }
    level = organization_policies.read(written(tmp_path, json.dumps([FULL_RCP, deny])), is_rcp=True)
    assert len(level) == 2
    for more in (
        {"Action": "s3:*"},
        {"Resource": "arn:aws:s3:::logs/*"},
        {"Principal": {"AWS": "123456789012"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ):
        statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **more}
        path = written(tmp_path, json.dumps([deny, {"Version": "2012-10-17", "Statement": [statement]}]))
        with pytest.raises(InputError, match=r"^Statement\[0\]: an RCP of your own cannot allow$") as caught:
            organization_policies.read(path, is_rcp=True)
        assert caught.value.location is not None
        assert caught.value.location.column > len(json.dumps(deny))
        assert "RCPFullAWSAccess" in caught.value.hint
        assert len(organization_policies.read(path)) == 2  # an SCP may


def test_files_win_over_what_was_read_and_leave_the_rest(tmp_path: Path) -> None:
    level = organization_policies.read(written(tmp_path, json.dumps(ALLOW)))
    live = snapshot(organization=Organization("o-1", "999999999999", scps=(), rcps=()))
    assert organization_policies.replace_levels(live, [level], []).organization == Organization(
        "o-1", "999999999999", (level,), ()
    )
    assert organization_policies.replace_levels(live, [], [level, level]).organization.rcps == (level, level)
    assert organization_policies.replace_levels(snapshot(), [], []).organization == Organization()


def test_the_policy_of_a_vpc_endpoint_is_one_document_and_has_its_files_name(tmp_path: Path) -> None:
    text = '{"Statement":{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}}'
    path = written(tmp_path, text)
    policy = organization_policies.read_endpoint_policy(path)
    assert (policy.name, json.loads(policy.document)) == (path, json.loads(text))
    assert organization_policies.allows_anything((policy,))
    assert not organization_policies.allows_anything((EndpointPolicy(path, '{"Statement": []}'),))


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("[]", 1, 1, "an endpoint has one policy, not a list"),
        ("7", 1, 1, "this is not a policy document"),
        ('{"Statement": [\n {"Effect": "No"}]}', 2, 3, "Effect: must be Allow or Deny"),
        (json.dumps(ALLOW), 1, 41, "Statement[0]: the policy of a VPC endpoint needs a Principal"),
    ],
)
def test_what_is_no_policy_of_a_vpc_endpoint_is_refused_with_its_place(
    tmp_path: Path, text: str, line: int, column: int, problem: str
) -> None:
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        organization_policies.read_endpoint_policy(written(tmp_path, text))
    place = caught.value.location
    assert place is not None
    assert (place.line, place.column) == (line, column)
