"""What the evaluator is asked and what it answers: requests, the policies that bear on them, and decisions."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from koding_audit.frozen import dataclass

if TYPE_CHECKING:
    from koding_audit.evaluate.statements import Compiled

Verdict = Literal["allowed", "explicit-deny", "implicit-deny", "unknown"]
Kind = Literal["identity", "boundary", "session", "scp", "rcp", "resource"]


class State(enum.Enum):
    """What is known of a condition key that has no value: a real call has none (ABSENT), or may have any (OPEN)."""

    ABSENT = "absent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Context:
    """The condition keys of a request; make it with `of`, once for all requests that share it.

    values: by key in lower case (key names are case-insensitive: reference_policies_condition-keys);
    absent: keys that a real call does not carry, in lower case, `aws:principaltag/*` for all that begin so;
    complete: every key that is not in values is absent; else one that is in neither is open.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    complete: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Iterable[str] | str], absent: Iterable[str] = (), *, complete: bool) -> Context:
        """From keys in any case, each with its value or values. A key with no value at all is absent."""
        listed = {key.lower(): (each,) if isinstance(each, str) else tuple(each) for key, each in values.items()}
        empty = [key for key, each in listed.items() if not each]
        kept = {key: each for key, each in listed.items() if each}
        return cls(kept, frozenset([*(each.lower() for each in absent), *empty]), complete)

    def get(self, key: str) -> tuple[str, ...] | State:
        """The values of a key in lower case, never an empty tuple."""
        found = self.values.get(key)
        if found is not None:
            return found
        if self.complete or key in self.absent:
            return State.ABSENT
        beginnings = [each[:-1] for each in self.absent if each.endswith("*")]
        return State.ABSENT if any(key.startswith(each) for each in beginnings) else State.OPEN


@dataclass(frozen=True, slots=True)
class Request:
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
    compiled: Compiled


@dataclass(frozen=True, slots=True)
class Unread:
    """A layer that was not read, or not all of it. what: as people call it, `inline policies of group Developers`."""

    kind: Kind
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
    unread: tuple[Unread, ...] = ()
    management_account: str = ""


@dataclass(frozen=True, slots=True)
class Because:
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

    verdict: Verdict
    because: tuple[Because, ...]
    open_keys: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()
