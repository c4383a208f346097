"""The table of IAM writes, held against IAM itself and against the names that IAM gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import botocore.session
import pytest
from botocore.model import OperationModel

from koding_audit.model.account import NAME_PARAMETERS, PRINCIPAL_KINDS, PrincipalKind
from koding_audit.model.verb import VERBS, Verb, WriteEffect, find_verb

each_verb = pytest.mark.parametrize("verb", Verb, ids=lambda verb: verb.value)

# What the first word of a name in IAM says that the action does.
EFFECTS: Mapping[str, set[WriteEffect]] = {
    "Create": {"create", "add", "put"},
    "Attach": {"add"},
    "Add": {"add"},
    "Put": {"put"},
    "Set": {"set"},
    "Detach": {"remove"},
    "Remove": {"remove"},
    "Delete": {"remove", "delete"},
}

# IAM takes the caller where no user is named; a key is never made for whoever happens to call.
REQUIRED_BY_US = {Verb.CREATE_ACCESS_KEY: {"UserName"}}


@pytest.fixture(scope="module")
def operations() -> dict[str, OperationModel]:
    """Each verb's operation in the service model of IAM that botocore has."""
    service = botocore.session.get_session().get_service_model("iam")
    return {verb.value: service.operation_model(verb.value) for verb in Verb}


def test_every_verb_has_a_row_in_the_order_of_a_plan() -> None:
    assert list(VERBS) == list(Verb)


# --- IAM itself -----------------------------------------------------------------------------------


@each_verb
def test_its_required_parameters_are_those_of_iam(verb: Verb, operations: dict[str, OperationModel]) -> None:
    required = set(operations[verb.value].input_shape.required_members)
    assert set(VERBS[verb].required) == required | REQUIRED_BY_US.get(verb, set())


@each_verb
def test_its_optional_parameters_are_known_to_iam(verb: Verb, operations: dict[str, OperationModel]) -> None:
    shape = operations[verb.value].input_shape
    assert set(VERBS[verb].optional) <= set(shape.members) - set(VERBS[verb].required)


@each_verb
def test_what_is_not_text_among_its_parameters_is_what_saved_files_have_a_reader_for(
    verb: Verb, operations: dict[str, OperationModel]
) -> None:
    names = (*VERBS[verb].required, *VERBS[verb].optional)
    types = {name: operations[verb.value].input_shape.members[name].type_name for name in names}
    others = {name: type_ for name, type_ in types.items() if type_ != "string"}
    assert others.items() <= {"Tags": "list", "SetAsDefault": "boolean"}.items()


# --- the names that IAM gives them ----------------------------------------------------------------


@each_verb
def test_its_effect_is_one_that_its_name_can_mean(verb: Verb) -> None:
    (word,) = re.findall("^[A-Z][a-z]+", verb.value)
    assert VERBS[verb].effect in EFFECTS[word]


@each_verb
def test_its_permission_is_its_name(verb: Verb) -> None:
    assert verb.permission == f"iam:{verb.value}"


@each_verb
def test_its_part_is_what_its_parameters_name_beside_the_entity(verb: Verb) -> None:
    spec = VERBS[verb]
    beside = {"PolicyArn", "PolicyName", "UserName", "VersionId"} & set(spec.required)
    beside -= {NAME_PARAMETERS[spec.entity], *(["PolicyArn"] if spec.entity == "policy" else [])}
    versions = {"VersionId"} if verb is not Verb.CREATE_POLICY_VERSION else set()
    parts = {"attachment": {"PolicyArn"}, "inline": {"PolicyName"}, "member": {"UserName"}, "version": versions}
    assert beside == parts.get(spec.part, set())


@each_verb
def test_the_principals_that_it_requires_are_those_in_its_name(verb: Verb) -> None:
    named = {kind for kind in PRINCIPAL_KINDS if NAME_PARAMETERS[kind] in VERBS[verb].required}
    of_a_key = {"user"} if verb is Verb.CREATE_ACCESS_KEY else set()
    assert named == {kind for kind in PRINCIPAL_KINDS if kind.title() in verb.value} | of_a_key


@each_verb
def test_its_entity_is_among_what_it_requires(verb: Verb) -> None:
    spec = VERBS[verb]
    assert {NAME_PARAMETERS[spec.entity], *(["PolicyArn"] if spec.entity == "policy" else [])} & set(spec.required)


# --- the table by itself --------------------------------------------------------------------------


@each_verb
def test_its_inverse_changes_the_same_part_of_the_same_kind_and_comes_back(verb: Verb) -> None:
    inverse = VERBS[verb].inverse
    if inverse is not None:
        spec, other = VERBS[verb], VERBS[inverse]
        assert (other.entity, other.part) == (spec.entity, spec.part)
        assert other.inverse in (verb, inverse, None)  # to put a version in force is its own inverse


@each_verb
def test_what_creates_an_entity_counts_against_a_quota_of_the_account(verb: Verb) -> None:
    assert bool(VERBS[verb].quota) is (VERBS[verb].effect == "create")


@each_verb
def test_a_removal_is_what_the_effect_says(verb: Verb) -> None:
    assert VERBS[verb].is_removal is verb.value.startswith(("Detach", "Remove", "Delete"))


@each_verb
def test_what_attaches_and_what_puts_inline_are_told_by_effect_and_part(verb: Verb) -> None:
    assert VERBS[verb].is_attach is verb.value.startswith("Attach")
    assert VERBS[verb].is_inline_put is verb.value.startswith("Put")


@each_verb
def test_it_is_found_by_what_it_does(verb: Verb) -> None:
    assert find_verb(VERBS[verb].effect, VERBS[verb].part, VERBS[verb].entity) is verb


@pytest.mark.parametrize("kind", PRINCIPAL_KINDS)
def test_each_kind_of_principal_has_its_four_verbs_for_policies(kind: PrincipalKind) -> None:
    assert find_verb("add", "attachment", kind).value == f"Attach{kind.title()}Policy"
    assert find_verb("remove", "attachment", kind).value == f"Detach{kind.title()}Policy"
    assert find_verb("put", "inline", kind).value == f"Put{kind.title()}Policy"
    assert find_verb("remove", "inline", kind).value == f"Delete{kind.title()}Policy"


def test_what_no_verb_does_is_not_found() -> None:
    with pytest.raises(LookupError, match=r"^no IAM write has effect create, part '' and entity role$"):
        find_verb("create", "", "role")
