"""The IAM writes that the tool makes: their names, and what each does to what, in one table.

A new write is a new name in `Verb` and a row in `VERBS`. Every other module reads the table, never the spelling of a
name. CONTRIBUTING.md, "Add an IAM write", says what else a write needs.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Literal

from koding_audit.model.account import EntityKind
from koding_audit.model.frozen import dataclass

WriteEffect = Literal["create", "add", "put", "set", "remove", "delete"]
"""What a write does to an entity.

create: the entity is made. add: it gets one more of its parts. put: a document is written, over the one that is there.
set: another of its parts is in force. remove: it loses one of its parts. delete: the entity is gone.
"""

Part = Literal["", "attachment", "inline", "member", "version", "access-key"]
"""Which part of an entity a write is about: an attached policy, an inline policy, a user in a group, a version of a
managed policy, an access key; "": the entity itself."""


class Verb(str, enum.Enum):
    """The IAM actions that a fix or an undo may take, in the order in which a plan takes them."""

    CREATE_GROUP = "CreateGroup"
    CREATE_USER = "CreateUser"
    CREATE_POLICY = "CreatePolicy"
    ATTACH_GROUP_POLICY = "AttachGroupPolicy"
    ATTACH_USER_POLICY = "AttachUserPolicy"
    ATTACH_ROLE_POLICY = "AttachRolePolicy"
    ADD_USER_TO_GROUP = "AddUserToGroup"
    PUT_GROUP_POLICY = "PutGroupPolicy"
    PUT_USER_POLICY = "PutUserPolicy"
    PUT_ROLE_POLICY = "PutRolePolicy"
    CREATE_POLICY_VERSION = "CreatePolicyVersion"
    SET_DEFAULT_POLICY_VERSION = "SetDefaultPolicyVersion"
    REMOVE_USER_FROM_GROUP = "RemoveUserFromGroup"
    DETACH_GROUP_POLICY = "DetachGroupPolicy"
    DETACH_USER_POLICY = "DetachUserPolicy"
    DETACH_ROLE_POLICY = "DetachRolePolicy"
    DELETE_GROUP_POLICY = "DeleteGroupPolicy"
    DELETE_USER_POLICY = "DeleteUserPolicy"
    DELETE_ROLE_POLICY = "DeleteRolePolicy"
    DELETE_POLICY_VERSION = "DeletePolicyVersion"
    DELETE_POLICY = "DeletePolicy"
    DELETE_USER = "DeleteUser"
    DELETE_GROUP = "DeleteGroup"
    CREATE_ACCESS_KEY = "CreateAccessKey"

    @property
    def permission(self) -> str:
        """The action of an IAM policy that allows it: `iam:AttachGroupPolicy`."""
        return f"iam:{self.value}"


@dataclass(frozen=True, slots=True)
class VerbSpec:
    """One IAM write.

    entity: the kind of entity that it changes; of a membership that is the group.
    effect: what it does to that entity.
    part: which part of the entity it is about; "": the entity itself.
    required: the parameters that it has to be given, as IAM spells them; the first that is missing is named.
    optional: the other parameters that a fix may give it.
    inverse: the write that takes it back; None: nothing does.
    quota: the entry of iam:GetAccountSummary that limits how many the account may have; "": none does.
    """

    entity: EntityKind
    effect: WriteEffect
    part: Part
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    inverse: Verb | None = None
    quota: str = ""

    @property
    def is_removal(self) -> bool:
        """Whether something is gone afterwards: the entity, or a part of it."""
        return self.effect in ("remove", "delete")

    @property
    def is_attach(self) -> bool:
        """Whether it attaches a managed policy to a principal."""
        return self.effect == "add" and self.part == "attachment"

    @property
    def is_inline_put(self) -> bool:
        """Whether it writes an inline policy."""
        return self.effect == "put" and self.part == "inline"


def find_verb(effect: WriteEffect, part: Part, entity: EntityKind) -> Verb:
    """The write with this effect on this part of an entity of this kind. Raises LookupError where there is none."""
    for verb, spec in VERBS.items():
        if (spec.effect, spec.part, spec.entity) == (effect, part, entity):
            return verb
    raise LookupError(f"no IAM write has effect {effect}, part {part!r} and entity {entity}")


# The inverse of a Put is only a part of its undo: a document that it replaced is put again.
# An access key has no inverse: it may be in use, and the journal does not contain its id.
VERBS: Mapping[Verb, VerbSpec] = {
    Verb.CREATE_GROUP: VerbSpec(
        "group", "create", "", ("GroupName",), ("Path",), inverse=Verb.DELETE_GROUP, quota="GroupsQuota"
    ),
    Verb.CREATE_USER: VerbSpec(
        "user",
        "create",
        "",
        ("UserName",),
        ("Path", "Tags", "PermissionsBoundary"),
        inverse=Verb.DELETE_USER,
        quota="UsersQuota",
    ),
    Verb.CREATE_POLICY: VerbSpec(
        "policy",
        "create",
        "",
        ("PolicyName", "PolicyDocument"),
        ("Path",),
        inverse=Verb.DELETE_POLICY,
        quota="PoliciesQuota",
    ),
    Verb.ATTACH_GROUP_POLICY: VerbSpec(
        "group", "add", "attachment", ("GroupName", "PolicyArn"), inverse=Verb.DETACH_GROUP_POLICY
    ),
    Verb.ATTACH_USER_POLICY: VerbSpec(
        "user", "add", "attachment", ("UserName", "PolicyArn"), inverse=Verb.DETACH_USER_POLICY
    ),
    Verb.ATTACH_ROLE_POLICY: VerbSpec(
        "role", "add", "attachment", ("RoleName", "PolicyArn"), inverse=Verb.DETACH_ROLE_POLICY
    ),
    Verb.ADD_USER_TO_GROUP: VerbSpec(
        "group", "add", "member", ("UserName", "GroupName"), inverse=Verb.REMOVE_USER_FROM_GROUP
    ),
    Verb.PUT_GROUP_POLICY: VerbSpec(
        "group", "put", "inline", ("GroupName", "PolicyName", "PolicyDocument"), inverse=Verb.DELETE_GROUP_POLICY
    ),
    Verb.PUT_USER_POLICY: VerbSpec(
        "user", "put", "inline", ("UserName", "PolicyName", "PolicyDocument"), inverse=Verb.DELETE_USER_POLICY
    ),
    Verb.PUT_ROLE_POLICY: VerbSpec(
        "role", "put", "inline", ("RoleName", "PolicyName", "PolicyDocument"), inverse=Verb.DELETE_ROLE_POLICY
    ),
    Verb.CREATE_POLICY_VERSION: VerbSpec(
        "policy",
        "put",
        "version",
        ("PolicyArn", "PolicyDocument"),
        ("SetAsDefault",),
        inverse=Verb.SET_DEFAULT_POLICY_VERSION,
    ),
    Verb.SET_DEFAULT_POLICY_VERSION: VerbSpec(
        "policy", "set", "version", ("PolicyArn", "VersionId"), inverse=Verb.SET_DEFAULT_POLICY_VERSION
    ),
    Verb.REMOVE_USER_FROM_GROUP: VerbSpec(
        "group", "remove", "member", ("UserName", "GroupName"), inverse=Verb.ADD_USER_TO_GROUP
    ),
    Verb.DETACH_GROUP_POLICY: VerbSpec(
        "group", "remove", "attachment", ("GroupName", "PolicyArn"), inverse=Verb.ATTACH_GROUP_POLICY
    ),
    Verb.DETACH_USER_POLICY: VerbSpec(
        "user", "remove", "attachment", ("UserName", "PolicyArn"), inverse=Verb.ATTACH_USER_POLICY
    ),
    Verb.DETACH_ROLE_POLICY: VerbSpec(
        "role", "remove", "attachment", ("RoleName", "PolicyArn"), inverse=Verb.ATTACH_ROLE_POLICY
    ),
    Verb.DELETE_GROUP_POLICY: VerbSpec(
        "group", "remove", "inline", ("GroupName", "PolicyName"), inverse=Verb.PUT_GROUP_POLICY
    ),
    Verb.DELETE_USER_POLICY: VerbSpec(
        "user", "remove", "inline", ("UserName", "PolicyName"), inverse=Verb.PUT_USER_POLICY
    ),
    Verb.DELETE_ROLE_POLICY: VerbSpec(
        "role", "remove", "inline", ("RoleName", "PolicyName"), inverse=Verb.PUT_ROLE_POLICY
    ),
    Verb.DELETE_POLICY_VERSION: VerbSpec("policy", "remove", "version", ("PolicyArn", "VersionId")),
    Verb.DELETE_POLICY: VerbSpec("policy", "delete", "", ("PolicyArn",)),
    Verb.DELETE_USER: VerbSpec("user", "delete", "", ("UserName",)),
    Verb.DELETE_GROUP: VerbSpec("group", "delete", "", ("GroupName",)),
    Verb.CREATE_ACCESS_KEY: VerbSpec("user", "add", "access-key", ("UserName",)),
}
