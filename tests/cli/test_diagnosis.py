"""What a doctor says of what was seen: each kind of credentials, and each thing that can be in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from koding_audit.aws.permission_probes import ProbeResult, ProbeVerdict
from koding_audit.aws.settings import CallerCredentials
from koding_audit.cli.diagnosis import (
    Failure,
    HealthCheck,
    Observations,
    describe_credentials,
    health_checks,
    health_verdict,
    missing_permissions,
)
from koding_audit.model.account import Account, Caller

USER = Caller("arn:aws:iam::123456789012:user/team/ada", root=False)
KEY = CallerCredentials("env", "AKIA", "MPLE", has_token=False)
TOKEN = CallerCredentials("env", "ASIA", "MPLE", has_token=True)
PERMITTED = ProbeResult("iam:GetUser", "user/ada", ProbeVerdict("permitted"))
DENIED = ProbeResult("iam:GetGroup", "group/Ops", ProbeVerdict("denied", "AccessDenied"), ("group-missing",))
WELL = Observations(
    credentials=KEY,
    account=Account("123456789012", "aws"),
    caller=USER,
    hosts=("https://iam.amazonaws.com", "https://sts.us-east-1.amazonaws.com"),
    skew=0,
    reads=(PERMITTED,),
)
UNREACHED = Failure("could not reach AWS", "check the network", "EndpointConnection", unreached=True)
REFUSED = Failure("could not get the caller's identity: InvalidClientTokenId", "a new key", "InvalidClientTokenId")
NOBODY = replace(WELL, account=None, caller=None, reads=())


def by_name(seen: Observations) -> dict[str, HealthCheck]:
    return {each.name: each for each in health_checks(seen)}


def verdicts(seen: Observations) -> dict[str, str]:
    return {each.name: each.verdict for each in health_checks(seen) if each.verdict != "ok"}


def unreadable(reason: str) -> tuple[ProbeResult, ...]:
    return tuple(
        ProbeResult(f"iam:{name}", "", ProbeVerdict("unknown", reason)) for name in ("GetUser", "GetAccountSummary")
    )


def test_where_all_is_well_each_thing_is_told_in_order_and_nothing_is_to_be_done() -> None:
    found = health_checks(WELL)
    assert [each.name for each in found] == ["credentials", "account", "endpoint", "clock", "reads"]
    assert {each.verdict for each in found} == {"ok"}
    assert not any(each.hint for each in found)
    assert health_verdict(found) == "ok"
    assert found[0].message == "long-lived key ****MPLE of the environment, of user team/ada"
    assert found[1].message == f"123456789012, partition aws, as {USER.arn}"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (TOKEN, "temporary key ****MPLE of the environment"),
        (replace(TOKEN, method="sso", profile="p"), "temporary key ****MPLE of Identity Center, by profile p"),
        (replace(KEY, method="shared-credentials-file"), "long-lived key ****MPLE of profile default of the"),
        (replace(TOKEN, method="assume-role", profile="p"), "****MPLE of the role that profile p assumes"),
        (replace(TOKEN, method="iam-role"), "****MPLE of the role of this instance"),
        (replace(KEY, role="arn:aws:iam::1:role/a"), "of the environment, which assumes arn:aws:iam::1:role/a"),
        (replace(KEY, method="something-new"), "long-lived key ****MPLE of something-new"),
    ],
)
def test_credentials_are_told_by_their_kind_and_where_they_came_from(held: CallerCredentials, said: str) -> None:
    assert said in describe_credentials(held)


# --- credentials --------------------------------------------------------------------------------


def test_a_session_token_without_mfa_is_told_from_one_that_may_call_iam() -> None:
    """GetSessionToken's own credentials are the user's: STS names the user, and IAM refuses to know the token."""
    seen = replace(WELL, credentials=TOKEN, reads=unreadable("InvalidClientTokenId"))
    found = by_name(seen)["credentials"]
    assert found.verdict == "not-ok"
    assert "the session is from GetSessionToken without MFA, and cannot call IAM" in found.message
    assert "--serial-number" in found.hint
    assert health_verdict(health_checks(seen)) == "unknown", "the reads were not answered"
    assert "credentials" not in verdicts(replace(seen, reads=(PERMITTED, *unreadable("InvalidClientTokenId"))))
    assert "credentials" not in verdicts(replace(seen, reads=unreadable("Throttling")))
    session = Caller("arn:aws:sts::123456789012:assumed-role/audit/x", root=False)
    assert "credentials" not in verdicts(replace(seen, caller=session))


def test_credentials_that_can_never_call_iam_are_told_before_their_permissions() -> None:
    federated = Caller("arn:aws:sts::123456789012:federated-user/ada", root=False)
    found = by_name(replace(WELL, credentials=TOKEN, caller=federated))["credentials"]
    assert (found.verdict, "GetFederationToken" in found.message) == ("not-ok", True)


def test_the_root_users_own_are_not_ok_whatever_they_may() -> None:
    root = Caller("arn:aws:iam::123456789012:root", root=True)
    assert verdicts(replace(WELL, caller=root)) == {"credentials": "not-ok"}


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (
            CallerCredentials("env", "ASIA", "MPLE", has_token=False),
            "the session token of this temporary key is missing",
        ),
        (CallerCredentials("env", "AKIA", "MPLE", has_token=True), "the session token is of other credentials"),
        (KEY, "could not get the caller's identity: InvalidClientTokenId"),
    ],
)
def test_a_refused_key_is_told_by_what_its_kind_lacks(held: CallerCredentials, said: str) -> None:
    found = by_name(replace(NOBODY, credentials=held, failure=REFUSED))["credentials"]
    assert (found.verdict, said in found.message, bool(found.hint)) == ("not-ok", True, True)


def test_without_credentials_nothing_else_was_looked_at() -> None:
    seen = Observations(failure=Failure("no AWS credentials were found", "run `aws configure`"))
    unknown = dict.fromkeys(("account", "endpoint", "clock", "reads"), "unknown")
    assert verdicts(seen) == {"credentials": "not-ok", **unknown}
    assert by_name(seen)["credentials"].hint == "run `aws configure`"


def test_which_of_two_credentials_is_used_stands_with_them() -> None:
    assert (
        "(--profile p comes first)"
        in by_name(replace(WELL, credential_notes=("--profile p comes first",)))["credentials"].message
    )


# --- account, endpoint, clock -------------------------------------------------------------------


def test_another_account_than_the_pinned_one_is_not_read() -> None:
    seen = replace(WELL, refusal=Failure("these credentials are for another", "give --profile"), reads=())
    assert verdicts(seen) == {"account": "not-ok", "reads": "unknown"}


def test_a_network_that_is_gone_says_nothing_against_the_credentials() -> None:
    seen = replace(NOBODY, failure=UNREACHED, skew=None)
    unknown = dict.fromkeys(("credentials", "account", "clock", "reads"), "unknown")
    assert verdicts(seen) == {**unknown, "endpoint": "not-ok"}
    # Nor does a region or a bundle that cannot be used, before there are any.
    assert verdicts(replace(seen, credentials=None, hosts=())) == {**unknown, "endpoint": "not-ok"}


def test_an_iam_that_does_not_answer_where_sts_does_is_a_matter_of_the_endpoint() -> None:
    seen = replace(WELL, reads=unreadable("ConnectTimeout"))
    found = by_name(seen)["endpoint"]
    assert found.verdict == "not-ok"
    assert "STS answers and https://iam.amazonaws.com does not: ConnectTimeout" in found.message
    assert "endpoint" not in verdicts(replace(seen, reads=(PERMITTED, *unreadable("ConnectTimeout"))))


def test_what_of_the_environment_is_not_followed_stands_with_the_endpoint() -> None:
    found = by_name(replace(WELL, custom_endpoint=True, endpoint_notes=("AWS_ENDPOINT_URL is ignored",)))["endpoint"]
    assert found.verdict == "ok"
    assert found.message.endswith("which is not AWS's own; AWS_ENDPOINT_URL is ignored")


@pytest.mark.parametrize(
    ("skew", "verdict", "said"),
    [
        (1, "ok", "as AWS's"),
        (-240, "ok", "240 seconds behind AWS's"),
        (241, "not-ok", "241 seconds ahead of AWS's; IAM and STS accept a signature for 300 seconds"),
        (-1200, "not-ok", "1,200 seconds behind"),
        (None, "unknown", "no reply had the time"),
    ],
)
def test_a_clock_is_told_in_seconds_against_what_a_signature_is_good_for(
    skew: int | None, verdict: str, said: str
) -> None:
    found = by_name(replace(WELL, skew=skew))["clock"]
    assert (found.verdict, said in found.message) == (verdict, True)


def test_a_refusal_for_a_wrong_clock_says_nothing_against_the_credentials() -> None:
    seen = replace(NOBODY, failure=replace_code(REFUSED, "SignatureDoesNotMatch"), skew=1200)
    assert (verdicts(seen)["credentials"], verdicts(seen)["clock"]) == ("unknown", "not-ok")
    assert verdicts(replace(seen, skew=0))["credentials"] == "not-ok"


def replace_code(failure: Failure, code: str) -> Failure:
    return failure._replace(code=code)


# --- reads --------------------------------------------------------------------------------------


def test_what_is_denied_is_missing_and_only_then_is_the_policy_to_be_attached() -> None:
    seen = replace(WELL, reads=(PERMITTED, DENIED))
    assert verdicts(seen) == {"reads": "not-ok"}
    assert by_name(seen)["reads"].message == "1 of 2 permitted, 1 denied"
    assert by_name(seen)["reads"].hint == "attach the policy below to the caller"
    assert missing_permissions(seen.reads) == ("iam:GetGroup",)


def test_a_denial_that_no_policy_of_the_caller_undoes_is_told_as_that() -> None:
    boundary = replace(DENIED, verdict=ProbeVerdict("denied", "AccessDenied: no permissions boundary allows it"))
    own = replace(DENIED, verdict=ProbeVerdict("denied", "AccessDenied: no identity-based policy allows it"))
    hint = by_name(replace(WELL, reads=(boundary, own)))["reads"].hint
    assert hint.endswith("that alone does not help where no permissions boundary allows it")
    assert "alone" not in by_name(replace(WELL, reads=(own,)))["reads"].hint


def test_what_no_audit_hangs_on_and_what_was_not_tried_keep_nobody_from_being_well() -> None:
    optional = replace(DENIED, permission="organizations:ListParents", optional=True)
    untried = replace(DENIED, verdict=ProbeVerdict("untried", "there is no key to ask about"))
    seen = replace(WELL, reads=(PERMITTED, optional, untried))
    assert verdicts(seen) == {}
    assert by_name(seen)["reads"].message == "1 of 1 permitted"
    assert missing_permissions(seen.reads) == ()


def test_a_read_without_an_answer_makes_the_whole_unknown_beside_one_that_is_denied() -> None:
    seen = replace(WELL, reads=(PERMITTED, *unreadable("Throttling")))
    assert verdicts(seen) == {"reads": "unknown"}
    found = by_name(replace(seen, reads=(*seen.reads, DENIED)))["reads"]
    assert (found.verdict, found.message) == ("unknown", "1 of 4 permitted, 1 denied, 2 not known")
    assert found.hint == "attach the policy below to the caller, and check the reasons below"
