"""How a template is deployed, from the command line."""

from __future__ import annotations

import pytest

from koding_audit.model.errors import InputError
from koding_audit.stack.deployment import CALLER_ALONE, Deployment, parse_deployment


@pytest.mark.parametrize("text", ["role/cfn", "arn:aws:iam::123456789012:role/cfn", "role/service/cfn"])
def test_a_service_role_is_a_name_or_an_arn(text: str) -> None:
    assert parse_deployment("web", text) == Deployment("web", "role/cfn")


def test_without_options_the_caller_makes_a_stack_whose_name_is_not_known() -> None:
    assert parse_deployment("", "") == CALLER_ALONE


@pytest.mark.parametrize("text", ["cfn", "user/cfn", "role/", "arn:aws:iam::1:role/cfn"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--service-role"):
        parse_deployment("", text)
