"""AWS's sentence of a denial is read exactly, in each of its forms and however it is wrapped."""

from __future__ import annotations

import re

import pytest

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.lines import clean_text
from koding_audit.denials.passage import Passage
from koding_audit.denials.sentence import find_region, read_id, read_sentences
from koding_audit.denials.values import Denial
from tests.denials.texts import ROLE, SESSION, USER, sentence

SCP = "arn:aws:organizations::333344445555:policy/o-abc/service_control_policy/p-12345678"


def read(text: str, tables: DenialTables) -> list[Denial]:
    return [each.denial for each in read_sentences(Passage(clean_text(text)), tables)]


def read_one(text: str, tables: DenialTables) -> Denial:
    (found,) = read(text, tables)
    return found


@pytest.mark.parametrize(
    ("words", "layer"),
    [
        ("identity-based policy", "identity"),
        ("resource-based policy", "resource"),
        ("permissions boundary", "boundary"),
        ("session policy", "session"),
        ("sessions policy", "session"),
        ("service control policy", "scp"),
        ("resource control policy", "rcp"),
        ("VPC endpoint policy", "vpce"),
        ("role trust policy", "resource"),
        ("declarative policy", "unknown"),
    ],
)
def test_the_layer_is_the_type_of_policy_that_the_sentence_names(words: str, layer: str, tables: DenialTables) -> None:
    found = read_one(sentence("iam:PassRole", ROLE, words), tables)
    assert (found.principal, found.action, found.resource) == (SESSION, "iam:PassRole", ROLE)
    assert (found.effect, found.layer, found.policy) == ("implicit-deny", layer, None)
    denied = read_one(sentence("iam:PassRole", ROLE, f"with an explicit deny in a {words}"), tables)
    assert (denied.effect, denied.layer) == ("explicit-deny", layer)


@pytest.mark.parametrize("before", [": ", ", with policy ARN: "])
@pytest.mark.parametrize("after", ["", ".", '"', ". Go to https://x", "\n\tstatus code: 403", " (Service: S3, Status"])
def test_the_policy_ends_where_its_arn_ends(before: str, after: str, tables: DenialTables) -> None:
    reason = f"with an explicit deny in a service control policy{before}{SCP}{after}"
    found = read_one(sentence("s3:GetObject", '"arn:aws:s3:::b/k"', reason), tables)
    assert (found.effect, found.layer, found.policy) == ("explicit-deny", "scp", SCP)
    assert found.resource == "arn:aws:s3:::b/k"


def test_an_endpoint_policy_because_of_an_scp_is_an_scp(tables: DenialTables) -> None:
    reason = "with an explicit deny in a VPC endpoint policy transitively through a service control policy"
    assert read_one(sentence("SNS:Publish", "", reason), tables).layer == "scp"


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        (sentence("iam:GetRole", ROLE), "unknown"),
        (sentence("iam:GetRole", ROLE, "with an explicit deny"), "explicit-deny"),
        (f"{sentence('iam:GetRole', ROLE)}\nanother line because no reason", "unknown"),
    ],
)
def test_an_old_sentence_has_no_layer(text: str, effect: str, tables: DenialTables) -> None:
    found = read_one(text, tables)
    assert (found.effect, found.layer, found.resource) == (effect, "unknown", ROLE)


@pytest.mark.parametrize(
    ("printed", "action"),
    [
        ("sqs:sendmessage", "sqs:SendMessage"),
        ("SNS:Publish", "sns:Publish"),
        ("newservice:NewAction", "newservice:NewAction"),
    ],
)
def test_an_action_is_spelt_as_iam_does(printed: str, action: str, tables: DenialTables) -> None:
    assert read_one(sentence(printed, "", "identity-based policy"), tables).action == action


@pytest.mark.parametrize("resource", ["role web", "user kim", "instance profile web", "policy path /", "my-secret"])
def test_a_resource_that_is_no_arn_is_kept_as_text(resource: str, tables: DenialTables) -> None:
    found = read_one(sentence("iam:GetRole", resource, "identity-based policy"), tables)
    assert (found.resource, found.resource_text, found.layer) == (None, resource, "identity")


def test_a_star_is_a_resource(tables: DenialTables) -> None:
    assert read_one(sentence("ecr:GetAuthorizationToken", "*", "identity-based policy"), tables).resource == "*"


@pytest.mark.parametrize("principal", ["arn:aws:sts::***:assumed-role/a/b", "deploy-x", "anonymous"])
def test_a_principal_that_is_no_arn_is_kept_as_text(principal: str, tables: DenialTables) -> None:
    found = read_one(sentence("iam:GetRole", "", "identity-based policy", principal), tables)
    assert (found.principal, found.principal_text) == (None, principal)


def test_two_sentences_lend_each_other_nothing(tables: DenialTables) -> None:
    second = sentence("iam:ListUsers", "*", f"with an explicit deny in a service control policy: {SCP}", USER)
    first, other = read(f"{sentence('s3:GetObject')}\n{second}", tables)
    assert first == Denial(principal=SESSION, action="s3:GetObject")
    assert (other.principal, other.action, other.policy) == (USER, "iam:ListUsers", SCP)


def test_the_first_mention_of_the_action_counts(tables: DenialTables) -> None:
    text = sentence(
        "codecommit:ListRepositories", "", "because no identity-based policy allows the codecommit:ListRespo action"
    )
    assert read_one(text, tables).action == "codecommit:ListRepositories"


@pytest.mark.parametrize("width", [*range(30, 100, 7), 80, 120])
@pytest.mark.parametrize("prefix", ["", "\u2502 ", "E   ", "api-1  | ", "2026-01-02T03:04:05.123Z "])
def test_a_sentence_cut_at_any_width_is_the_same(width: int, prefix: str, tables: DenialTables) -> None:
    whole = sentence("iam:PassRole", ROLE, f"with an explicit deny in a service control policy: {SCP}. Next one")
    cut = "\n".join(f"{prefix}{whole[at : at + width]}" for at in range(0, len(whole), width))
    assert read_one(cut, tables) == read_one(whole, tables)


@pytest.mark.parametrize("width", range(30, 130, 9))
def test_a_sentence_wrapped_at_spaces_is_the_same(width: int, tables: DenialTables) -> None:
    whole = sentence("iam:GetRole", "role web", "permissions boundary")
    wrapped = re.sub(rf"(.{{1,{width}}})(?: |\Z)", r"\1\n", whole)
    assert read_one(wrapped, tables) == read_one(whole, tables)


def test_kms_names_three_reasons_of_which_none_is_picked(tables: DenialTables) -> None:
    reason = (
        "on the resource associated with this ciphertext because the resource does not exist in this Region, "
        "no resource-based policies allow access, or a resource-based policy explicitly denies access"
    )
    found = read_one(f"User: {SESSION} is not authorized to perform: kms:Decrypt {reason}", tables)
    assert (found.resource, found.effect, found.layer) == (None, "unknown", "unknown")
    assert found.doubt


def test_other_wordings_are_read(tables: DenialTables) -> None:
    ses = read_one(
        f"554 Access denied: User `{USER}' is not authorized to perform `ses:SendRawEmail' on resource `*'", tables
    )
    assert (ses.principal, ses.action, ses.resource) == (USER, "ses:SendRawEmail", "*")
    pipe = read_one(f"{ROLE} is not authorized to perform AssumeRole on role {ROLE}", tables)
    assert (pipe.principal, pipe.action, pipe.inferred, pipe.resource) == (ROLE, "sts:AssumeRole", True, ROLE)
    web = read_one("Not authorized to perform sts:AssumeRoleWithWebIdentity", tables)
    assert (web.principal, web.action, web.layer) == (None, "sts:AssumeRoleWithWebIdentity", "unknown")
    assert read_one(f"User: {USER} is not authorized to perform: null", tables).action is None


def test_an_action_of_three_parts_is_another_cloud(tables: DenialTables) -> None:
    assert read("User: x is not authorized to perform: ecs:servers:list", tables) == []
    assert read("You are not authorized to perform this operation.", tables) == []


def test_a_name_that_a_tool_cut_is_only_text(tables: DenialTables) -> None:
    found = read_one(f'{sentence("s3:GetObject")} on resource: "arn:aws:s3:::buck (truncated...)', tables)
    assert (found.resource, found.resource_text) == (None, "arn:aws:s3:::buck")
    assert read_one(f"User: {USER} is not authorized to perform: iam:GetRo...", tables).action is None


def test_the_authorization_id_after_a_sentence_belongs_to_it(tables: DenialTables) -> None:
    name = "tn3bjjepqq28okijiepedabcd"
    address = f"https://eu-west-1.console.aws.amazon.com/iam/home?region=eu-west-1#/authorization-details/{name}"
    text = f"{sentence('iam:GetUser', 'user bo', 'identity-based policy')}. Go to {address} for complete details"
    found = read_one(f"{text}\n\naws: next", tables)
    assert (found.authorization_id, found.region) == (name, "eu-west-1")
    assert read_id(Passage("of no id"), 0) == ""
    assert find_region("no region") is None
