"""What a text reports: denials, and errors that only look like one."""

from __future__ import annotations

from typing import Literal

from koding_audit.model.frozen import dataclass

DenialEffect = Literal["implicit-deny", "explicit-deny", "unknown"]
DenialLayer = Literal["identity", "resource", "boundary", "session", "scp", "rcp", "vpce", "unknown"]
LookAlikeKind = Literal[
    "credentials", "signature", "clock", "quota", "region", "public-access-block", "subscription", "rbac", "other"
]


@dataclass(frozen=True, slots=True)
class Denial:
    """One denied request, as far as the text reports it. What the text does not report is None or `unknown`.

    principal: the ARN of the requester, of the session if it was one.
    action: `service:Action`, as AWS spells it.
    inferred: whether the action is not printed, and follows from the operation, the event or the wording.
    resource: an ARN, or `*`.
    effect: whether a statement denied the action, or none allowed it.
    layer: the type of the policy that decided. AWS names one of them, even where several deny.
    policy: the ARN of the policy that the text names.
    principal_text, resource_text, policy_text: what the text prints in place of an ARN, such as `role web` or an ARN
        with a masked account.
    likely: the actions that may be meant where `action` is None.
    operation: the API operation of the request, `service:Operation`.
    service: the IAM prefix of the service that denied, where no operation is known.
    region: the Region of the request.
    role: the ARN of the role of a session.
    authorization_id: the id for GetRequestAuthorizationDetails, which is valid for 24 hours in the Region.
    encoded: the encoded authorization message for sts:DecodeAuthorizationMessage.
    doubt: why the error may be something else than a denial; "" if it is certain.
    hint: a remark about the principal.
    repeats: how often the text has it.
    """

    principal: str | None = None
    action: str | None = None
    inferred: bool = False
    resource: str | None = None
    effect: DenialEffect = "unknown"
    layer: DenialLayer = "unknown"
    policy: str | None = None
    principal_text: str | None = None
    resource_text: str | None = None
    policy_text: str | None = None
    likely: tuple[str, ...] = ()
    operation: str | None = None
    service: str | None = None
    region: str | None = None
    role: str | None = None
    authorization_id: str | None = None
    encoded: str | None = None
    doubt: str = ""
    hint: str = ""
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An error that is not a denial by a policy.

    kind: what it is about.
    text: what the error means.
    advice: what to do.
    """

    kind: LookAlikeKind
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text reports, in its order, each once."""

    denials: tuple[Denial, ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()
