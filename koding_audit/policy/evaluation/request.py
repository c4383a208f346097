"""The values of an evaluation: request, policies and decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from koding_audit.model.frozen import dataclass
from koding_audit.policy.evaluation.context import Context

if TYPE_CHECKING:
    from koding_audit.policy.evaluation.statements import CompiledDocument


AccessVerdict = Literal["allowed", "explicit-deny", "implicit-deny", "unknown"]

PolicyType = Literal["identity", "boundary", "session", "scp", "rcp", "resource", "vpce"]

VPCE_LAYER = "VPC endpoint policy"
IDENTITY_LAYER = "identity policies"
"""The names of these layers in reasons."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One action on one resource by one principal.

    action: `ec2:RunInstances`, in any case, without wildcards.
    resource: an ARN, or `*`.
    principal: an ARN (user, role, role session, federated user, root, identity provider), the name of a service
        (`lambda.amazonaws.com`), or `*` for an anonymous requester.
    context: the condition keys.
    resource_account: "" if the resource's ARN contains it, or if it is the principal's own.
    """

    action: str
    resource: str
    principal: str
    context: Context
    resource_account: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with the place where it is attached.

    layer: the principal or level that has it, `group Developers`.
    name: its ARN, or the name of an inline policy.
    compiled: the document; several policies may share it.
    """

    layer: str
    name: str
    compiled: CompiledDocument


@dataclass(frozen=True, slots=True)
class UnreadLayer:
    """A layer that was not read completely.

    kind: its policy type.
    what: its name for people, `inline policies of group Developers`.
    """

    kind: PolicyType
    what: str


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that applies to the requests of one principal for one resource.

    identity: the policies of the principal and of its groups.
    boundary: None if there is none.
    session: the session policies, None if there are none.
    scps: the levels of the principal's account, from the root of the organization down to the account; () if none
        apply.
    rcps: the same of the resource's account.
    resource: the resource's own policy, () if it has none.
    vpce: the policy of the VPC endpoint through which the requests go; None if they go through none.
    unread: the layers that were not read.
    management_account: the organization's; neither SCPs nor RCPs apply to it.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    resource: tuple[Policy, ...] = ()
    vpce: Policy | None = None
    unread: tuple[UnreadLayer, ...] = ()
    management_account: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One statement that decides, or a whole layer in which none does.

    layer: the principal or level that has the policy, or the name of the layer.
    policy: the policy's name, "" if there is none; for a layer that only limits, the names of all its policies.
    statement: its position in the document, from 0; None for a layer.
    sid: "" if there is none.
    effect: "" for a layer.
    why: a short explanation.
    """

    layer: str
    policy: str
    statement: int | None
    sid: str
    effect: str
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reasons.

    verdict: the result.
    reasons: the statements and layers that decide it.
    open_keys: the condition keys whose values would decide an unknown verdict.
    not_seen: layers that were not available and that the verdict leaves out.
    """

    verdict: AccessVerdict
    reasons: tuple[Reason, ...]
    open_keys: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()
