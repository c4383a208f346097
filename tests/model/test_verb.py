"""The table of verbs gives for each what the spelling of its name gave."""

from __future__ import annotations

import re

import botocore.session
import pytest
from botocore.model import OperationModel

from koding_audit.cli.commands import permissions
from koding_audit.io.codec import fields
from koding_audit.model.account import EntityKey
from koding_audit.model.finding import INVERSE, Action, Finding
from koding_audit.model.verb import VERBS, Verb, VerbSpec, find_verb
from koding_audit.remediation import executor, plan, write
from koding_audit.remediation.export import cloudformation, terraform

each_verb = pytest.mark.parametrize("verb", Verb, ids=lambda verb: verb.value)

EVERY_PARAMETER = ("UserName", "GroupName", "RoleName", "PolicyArn", "PolicyName", "PolicyDocument", "VersionId")


def spec(verb: Verb) -> VerbSpec:
    return VERBS[verb]


def action(verb: Verb) -> Action:
    values = {name: f"arn:aws:iam::1:policy/{name}" if name == "PolicyArn" else name for name in EVERY_PARAMETER}
    return Action(verb, {name: values[name] for name in spec(verb).required})


def test_every_verb_has_a_row_in_the_order_of_a_plan() -> None:
    assert list(VERBS) == list(Verb)


# --- what the modules decide by spelling, held against the table ----------------------------------


@each_verb
def test_its_inverse_is_that_of_the_mapping(verb: Verb) -> None:
    assert spec(verb).inverse == INVERSE.get(verb)


@each_verb
def test_its_required_parameters_are_those_of_saved_files_in_the_same_order(verb: Verb) -> None:
    assert list(spec(verb).required) == fields._required_parameters(verb)


@each_verb
def test_its_entity_is_the_one_that_its_parameters_name(verb: Verb) -> None:
    found: EntityKey = action(verb).entity
    assert spec(verb).entity == found[0]


@each_verb
def test_it_is_a_creation_where_the_plan_the_executor_and_the_exports_have_it_as_one(verb: Verb) -> None:
    creates = spec(verb).effect == "create"
    assert creates is (verb in plan._CREATES)
    assert creates is (verb in executor._CREATES)
    assert creates is (verb in terraform._CREATES)
    assert creates is (verb in cloudformation._CREATES)


@each_verb
def test_its_quota_is_that_of_the_plan(verb: Verb) -> None:
    assert spec(verb).quota == plan._CREATES.get(verb, "")


@each_verb
def test_it_deletes_an_entity_where_the_plan_has_it_so(verb: Verb) -> None:
    assert (spec(verb).effect == "delete") is (verb in plan._DELETES)


@each_verb
def test_it_attaches_where_the_plan_the_guards_and_the_exports_have_it_so(verb: Verb) -> None:
    assert spec(verb).is_attach is (verb in plan._ATTACHES)
    assert spec(verb).is_attach is (verb in cloudformation._ATTACHES)
    assert spec(verb).is_attach is verb.value.startswith("Attach")


@each_verb
def test_it_puts_an_inline_policy_where_the_plan_the_guards_and_the_exports_have_it_so(verb: Verb) -> None:
    assert spec(verb).is_inline_put is (verb in plan._PUTS)
    assert spec(verb).is_inline_put is (verb in cloudformation._PUTS)
    assert spec(verb).is_inline_put is verb.value.startswith("Put")


@each_verb
def test_of_a_principal_only_an_inline_policy_is_put(verb: Verb) -> None:
    put = spec(verb).effect == "put" and spec(verb).entity != "policy"
    assert put is verb.value.startswith("Put")


@each_verb
def test_it_is_a_removal_by_the_start_of_its_name(verb: Verb) -> None:
    assert spec(verb).is_removal is verb.value.startswith(("Detach", "Remove", "Delete"))


@each_verb
def test_a_finding_needs_the_same_option_for_it(verb: Verb) -> None:
    change = "create" if spec(verb).effect == "create" and spec(verb).entity != "policy" else "add"
    change = "replace" if spec(verb).is_removal else change
    assert Finding("rule", "error", "subject", "message", fix=action(verb)).change == change


@each_verb
def test_its_symbol_follows_from_its_effect(verb: Verb) -> None:
    symbols = {"create": "+", "add": "+", "put": "~", "set": "~", "remove": "-", "delete": "-"}
    assert symbols[spec(verb).effect] == write.action_symbol(action(verb))


@each_verb
def test_it_is_about_a_member_where_the_modules_name_the_two_verbs(verb: Verb) -> None:
    assert (spec(verb).part == "member") is (verb in (Verb.ADD_USER_TO_GROUP, Verb.REMOVE_USER_FROM_GROUP))


@each_verb
def test_it_is_about_a_version_by_the_end_of_its_name(verb: Verb) -> None:
    assert (spec(verb).part == "version") is verb.value.endswith("PolicyVersion")


@each_verb
def test_it_is_about_an_attachment_or_an_inline_policy_by_its_parameters(verb: Verb) -> None:
    """As describe_action, is_done and the guards have it."""
    of_a_principal = spec(verb).entity != "policy"
    assert (spec(verb).part == "attachment") is (of_a_principal and "PolicyArn" in action(verb).parameters)
    assert (spec(verb).part == "inline") is (of_a_principal and "PolicyName" in action(verb).parameters)
    assert (spec(verb).part == "access-key") is verb.value.endswith("AccessKey")


@each_verb
def test_the_guards_take_the_same_verbs_for_those_that_change_which_version_is_in_force(verb: Verb) -> None:
    """The executor, too: where a default version has moved since, they are not sent."""
    changes = spec(verb).entity == "policy" and spec(verb).effect in ("put", "set")
    assert changes is (verb in (Verb.CREATE_POLICY_VERSION, Verb.SET_DEFAULT_POLICY_VERSION))


@each_verb
def test_the_guards_take_the_same_verbs_for_those_that_write_a_managed_policy(verb: Verb) -> None:
    writes = spec(verb).entity == "policy" and not spec(verb).is_removal
    assert writes is (verb in (Verb.CREATE_POLICY, Verb.CREATE_POLICY_VERSION, Verb.SET_DEFAULT_POLICY_VERSION))


@each_verb
def test_the_guards_take_the_same_verbs_for_those_that_create_or_delete_a_principal(verb: Verb) -> None:
    of_a_principal = spec(verb).entity != "policy"
    assert (of_a_principal and spec(verb).effect == "create") is (verb in (Verb.CREATE_USER, Verb.CREATE_GROUP))
    assert (of_a_principal and spec(verb).effect == "delete") is (verb in (Verb.DELETE_USER, Verb.DELETE_GROUP))


@each_verb
def test_the_guards_take_the_same_verbs_for_those_that_add_to_a_principal(verb: Verb) -> None:
    """Of those that are about a part of a principal; an access key is none of a plan."""
    if spec(verb).part in ("attachment", "inline", "member"):
        assert (not spec(verb).is_removal) is verb.value.startswith(("Attach", "Put", "Add"))


@each_verb
def test_terraform_has_a_resource_for_the_same_verbs(verb: Verb) -> None:
    made = [("add", "attachment"), ("add", "member"), ("put", "inline"), ("put", "version")]
    assert ((spec(verb).effect, spec(verb).part) in made) is (verb in terraform._RESOURCE_BUILDERS)
    kind = spec(verb).entity
    types = {
        "member": "aws_iam_user_group_membership",
        "attachment": f"aws_iam_{kind}_policy_attachment",
        "inline": f"aws_iam_{kind}_policy",
    }
    type_ = types.get(spec(verb).part) if spec(verb).effect == "remove" else None
    assert type_ == terraform._REMOVED_TYPES.get(verb)


@each_verb
def test_its_permission_is_its_name(verb: Verb) -> None:
    assert verb.permission == f"iam:{verb.value}"


@each_verb
def test_the_reads_around_it_are_chosen_alike(verb: Verb) -> None:
    """As cli.commands.permissions chooses them by the name."""
    kind, part = spec(verb).entity, spec(verb).part
    own = {
        "attachment": (f"ListAttached{kind.title()}Policies",),
        "inline": (f"Get{kind.title()}Policy", f"List{kind.title()}Policies"),
    }
    if part == "member":
        reads: tuple[str, ...] = ("GetGroup", "GetUser", "ListGroupsForUser")
    elif part == "access-key":
        reads = ("ListAccessKeys",)
    elif kind == "policy":
        reads = ("GetPolicy", "GetPolicyVersion", "ListPolicyVersions")
    else:
        reads = (f"Get{kind.title()}", *own.get(part, ()))
    assert tuple(permissions._verification_reads(verb.permission)) == tuple(f"iam:{each}" for each in reads)


@each_verb
def test_the_principals_in_its_name_are_those_in_its_parameters(verb: Verb) -> None:
    """As `permissions` tells from the name what undo reads."""
    named = {name.removesuffix("Name") for name in spec(verb).required} & {"Group", "User", "Role"}
    assert named == set(re.findall("Group|User|Role", verb.value)) | {"User"} & (
        {"User"} if verb is Verb.CREATE_ACCESS_KEY else set()
    )


@each_verb
def test_the_guards_read_the_caller_for_the_same_verbs(verb: Verb) -> None:
    of_a_group = spec(verb).entity == "group" and spec(verb).part in ("attachment", "inline")
    assert (of_a_group or spec(verb).part == "version") is verb.value.endswith(("GroupPolicy", "PolicyVersion"))


@each_verb
def test_it_is_found_by_what_it_does(verb: Verb) -> None:
    assert find_verb(spec(verb).effect, spec(verb).part, spec(verb).entity) is verb


@pytest.mark.parametrize("kind", ["group", "user", "role"])
def test_the_verbs_that_rules_and_permissions_spell_are_found(kind: str) -> None:
    entity = {"group": "group", "user": "user", "role": "role"}[kind]
    assert find_verb("add", "attachment", entity) is Verb(f"Attach{kind.title()}Policy")  # type: ignore[arg-type]
    assert find_verb("remove", "attachment", entity) is Verb(f"Detach{kind.title()}Policy")  # type: ignore[arg-type]
    assert find_verb("put", "inline", entity) is Verb(f"Put{kind.title()}Policy")  # type: ignore[arg-type]
    assert find_verb("remove", "inline", entity) is Verb(f"Delete{kind.title()}Policy")  # type: ignore[arg-type]


def test_what_no_verb_does_is_not_found() -> None:
    with pytest.raises(LookupError, match=r"^no IAM write has effect create, part '' and entity role$"):
        find_verb("create", "", "role")


@each_verb
def test_its_optional_parameters_are_not_required_ones(verb: Verb) -> None:
    assert not set(spec(verb).optional) & set(spec(verb).required)


# --- the table held against AWS -------------------------------------------------------------------


@pytest.fixture(scope="module")
def operations() -> dict[str, OperationModel]:
    """Each verb's operation in the service model of IAM that botocore has."""
    service = botocore.session.get_session().get_service_model("iam")
    return {verb.value: service.operation_model(verb.value) for verb in Verb}


# IAM takes the caller where no user is named; a key is never made for whoever happens to call.
NEEDED_BY_US = {Verb.CREATE_ACCESS_KEY: {"UserName"}}


@each_verb
def test_its_required_parameters_are_those_of_iam(verb: Verb, operations: dict[str, OperationModel]) -> None:
    required = set(operations[verb.value].input_shape.required_members)
    assert set(spec(verb).required) == required | NEEDED_BY_US.get(verb, set())


@each_verb
def test_its_optional_parameters_are_known_to_iam(verb: Verb, operations: dict[str, OperationModel]) -> None:
    shape = operations[verb.value].input_shape
    assert set(spec(verb).optional) <= set(shape.members) - set(shape.required_members)


@each_verb
def test_what_is_not_text_among_its_parameters_is_what_saved_files_have_a_reader_for(
    verb: Verb, operations: dict[str, OperationModel]
) -> None:
    types = {
        name: operations[verb.value].input_shape.members[name].type_name
        for name in (*spec(verb).required, *spec(verb).optional)
    }
    others = {name: type_ for name, type_ in types.items() if type_ != "string"}
    assert others.items() <= {"Tags": "list", "SetAsDefault": "boolean"}.items()
