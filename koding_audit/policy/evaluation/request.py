"""The values of an evaluation: request, policies and decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from koding_audit.model.frozen import dataclass
from koding_audit.policy.evaluation.context import Context

if TYPE_CHECKING:
    from koding_audit.policy.evaluation.statements import CompiledDocument


AccessVerdict = Literal["allowed", "explicit-deny", "implicit-deny", "unknown"]

PolicyType = Literal["identity", "boundary", "session", "scp", "rcp", "resource"]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One action on one resource by one principal.

    action: `ec2:RunInstances`, in any case, without wildcards; resource: an ARN, or `*` literally;
    principal: an ARN (user, role, role session, federated user, root, identity provider), a service's name
    (`lambda.amazonaws.com`), or `*` for nobody in particular;
    resource_account: "" where the resource's ARN says it, or it is the principal's own.
    """

    action: str
    resource: str
    principal: str
    context: Context
    resource_account: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A document where it stands. layer: who or what holds it, `group Developers`; name: its ARN or inline name.

    The compiled document can be shared by all who hold it.
    """

    layer: str
    name: str
    compiled: CompiledDocument


@dataclass(frozen=True, slots=True)
class UnreadLayer:
    """A layer that was not read, or not all of it. what: as people call it, `inline policies of group Developers`."""

    kind: PolicyType
    what: str


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that bears on the requests of one principal to one resource.

    identity: of the principal itself and of its groups; boundary, session: None where there is none;
    scps: of the principal's account, rcps: of the resource's, from the root of the organization down to the account,
    all of a level together; () where no organization binds;
    resource: the resource's own policy, () where it has none;
    unread: what of these is not known; management_account: of the organization: it is bound by neither SCP nor RCP.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    resource: tuple[Policy, ...] = ()
    unread: tuple[UnreadLayer, ...] = ()
    management_account: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One statement that decided, or a whole layer in which none did.

    statement: its place in the document, from 0, None for a layer; policy, sid and effect: "" where there is none;
    policy of a layer that only limits: all that it holds; why: in a few words.
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

    open_keys: the condition keys whose values would decide an unknown; not_seen: layers that were not available and
    that the verdict leaves out.
    """

    verdict: AccessVerdict
    reasons: tuple[Reason, ...]
    open_keys: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()
