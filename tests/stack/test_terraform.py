"""The blocks of a script: resources, providers and their regions."""

from __future__ import annotations

from pathlib import Path

from koding_audit.stack.loader import read_script
from tests.stack.script_files import SCRIPTS, places, write


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
        "backend s3: the permissions to store the state are not checked",
        "aws_eip.none is not created: its count is 0",
    )


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
