"""The events after which a user may have a credential, and where CloudTrail has them."""

from __future__ import annotations

from koding_audit.reference.credential_events import load_credential_events


def test_what_gives_a_user_a_key_or_a_password_or_another_users_name_is_looked_up() -> None:
    found = load_credential_events()
    assert {"CreateAccessKey", "UpdateAccessKey", "CreateLoginProfile", "UpdateUser"} == set(found.sources)
    assert set(found.sources.values()) == {"iam.amazonaws.com"}


def test_a_partition_without_a_source_has_no_region() -> None:
    regions = load_credential_events().regions
    assert regions == {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
