"""The trust policy of a role for OIDC: which subjects it takes, and which it refuses."""

from __future__ import annotations

import pytest

from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.policy.oidc_trust import DEFAULT_AUDIENCE, GITHUB_PROVIDER, OidcTrust, oidc_trust_policy

ACCOUNT = Account("123456789012", "aws")
WITH_IDS = "repo:acme@12/web@34:environment:production"
WITH_NAMES = "repo:acme/web:ref:refs/heads/main"
GITLAB = "project_path:acme/web:ref_type:branch:ref:main"


def trust(*subjects: str, provider: str = GITHUB_PROVIDER, audience: str = DEFAULT_AUDIENCE, **ids: str) -> OidcTrust:
    return OidcTrust(provider, audience, subjects, ids.get("repository", ""), ids.get("owner", ""))


def refused(asked: OidcTrust) -> InputError:
    with pytest.raises(InputError) as caught:
        oidc_trust_policy(asked, ACCOUNT)
    return caught.value


def test_the_policy_names_the_provider_the_audience_and_the_subjects_in_full() -> None:
    document = oidc_trust_policy(trust(WITH_IDS), Account("123456789012", "aws-cn"))
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws-cn:iam::123456789012:oidc-provider/{GITHUB_PROVIDER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{GITHUB_PROVIDER}:aud": "sts.amazonaws.com",
                        f"{GITHUB_PROVIDER}:sub": [WITH_IDS],
                    }
                },
            }
        ],
    }


def test_names_alone_are_taken_with_the_ids_as_claims_of_their_own() -> None:
    document = oidc_trust_policy(trust(WITH_NAMES, repository="34", owner="12"), ACCOUNT)
    equal = document["Statement"][0]["Condition"]["StringEquals"]
    assert equal[f"{GITHUB_PROVIDER}:repository_id"] == "34"
    assert equal[f"{GITHUB_PROVIDER}:repository_owner_id"] == "12"


@pytest.mark.parametrize("ids", [{}, {"repository": "34"}, {"owner": "12"}])
def test_names_alone_are_refused_without_both_ids(ids: dict[str, str]) -> None:
    assert "another person can take over" in refused(trust(WITH_NAMES, **ids)).message


@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme/web:pull_request",
        "repo:acme@12/web@34:pull_request",
        "repo:acme@12/web@34:ref:refs/pull/7/merge",
        "repo:acme@12/web@34:PULL_REQUEST",
    ],
)
@pytest.mark.parametrize("provider", [GITHUB_PROVIDER, "github.example.com/_services/token"])
def test_a_pull_request_is_refused(subject: str, provider: str) -> None:
    assert "pull request" in refused(trust(subject, provider=provider)).message


def test_a_merge_request_is_refused() -> None:
    subject = "project_path:acme/web:ref_type:branch:ref:refs/merge-requests/1/head"
    assert "pull request" in refused(trust(subject, provider="gitlab.com")).message


@pytest.mark.parametrize(
    "subject",
    [
        "*",
        "repo:acme@*/web@34:environment:production",
        "repo:*@12/web@34:environment:production",
        "repo:acme*/web*:ref:refs/heads/main",
        "repo:acme@12/*",
        "repo:acme@12/web@34:ref:refs/heads/*",
        "repo:acme@12/web@3?:environment:production",
    ],
)
def test_a_wildcard_is_refused_wherever_it_stands(subject: str) -> None:
    assert "wildcard" in refused(trust(subject)).message
    assert "wildcard" in refused(trust(WITH_IDS, subject)).message


@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme@12/web@34",
        "repo:acme@12/web@34:job_workflow_ref:x",
        "repo:acme@012x/web@34:environment:x",
        GITLAB,
        "x",
    ],
)
def test_what_is_no_branch_tag_or_environment_on_github_is_refused(subject: str) -> None:
    assert "branch, tag or environment" in refused(trust(subject, repository="34", owner="12")).message


def test_another_providers_subject_is_taken_as_it_is() -> None:
    document = oidc_trust_policy(trust(GITLAB, provider="gitlab.com", audience="https://gitlab.com"), ACCOUNT)
    equal = document["Statement"][0]["Condition"]["StringEquals"]
    assert equal == {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:sub": [GITLAB]}


def test_a_github_server_of_ones_own_has_names_alone() -> None:
    provider = "github.example.com/_services/token"
    assert oidc_trust_policy(trust(WITH_NAMES, provider=provider), ACCOUNT)
    assert "branch, tag" in refused(trust("repo:acme/web", provider=provider)).message


@pytest.mark.parametrize("subject", ["", 'x"', "a b", "a\nb", "a,b", "a;b"])
def test_a_subject_with_quotes_spaces_or_commas_is_refused(subject: str) -> None:
    assert "is not a subject" in refused(trust(subject, provider="gitlab.com")).message


def test_without_a_subject_there_is_no_trust() -> None:
    assert "--subject" in refused(trust()).hint


@pytest.mark.parametrize("provider", ["https://gitlab.com", "", "Gitlab.com", "a b"])
def test_a_provider_is_a_host_without_https(provider: str) -> None:
    assert "--oidc-provider" in refused(trust(WITH_IDS, provider=provider)).message


@pytest.mark.parametrize("audience", ["", 'a"', "a b", "*"])
def test_an_audience_is_one_text(audience: str) -> None:
    assert "--audience" in refused(trust(WITH_IDS, audience=audience)).message


def test_an_id_is_a_number_of_github() -> None:
    assert "--owner-id" in refused(trust(WITH_NAMES, repository="34", owner="*")).message
    assert "GitHub's tokens only" in refused(trust(GITLAB, provider="gitlab.com", owner="12")).message
