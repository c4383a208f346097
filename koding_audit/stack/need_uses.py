"""Needs while they are collected: each once, with everything that needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from koding_audit.model.stack import StackNeed, StackUse

NeedContext = tuple[tuple[str, tuple[str, ...]], ...]
_NeedKey = tuple[
    str, str, str, bool, bool, NeedContext, bool, str
]  # the fields of a need without its uses, in their order


@dataclass
class NeedUses:
    """The uses of each need, in the order in which the needs were added."""

    _uses: dict[_NeedKey, list[StackUse]] = field(default_factory=dict)

    def add(
        self,
        action: str,
        arn: str,
        region: str,
        uses: Iterable[StackUse],
        *,
        certain: bool = True,
        hint: bool = False,
        context: NeedContext = (),
        decides: bool = True,
        role: str = "",
    ) -> None:
        """Adds uses of an action on a resource; the arguments are those of a StackNeed."""
        self._uses.setdefault((action, arn, region, certain, hint, context, decides, role), []).extend(uses)

    def needs(self) -> tuple[StackNeed, ...]:
        """Returns the needs."""
        return tuple(
            StackNeed(action, arn, region, tuple(uses), certain, hint, context, decides=decides, role=role)
            for (action, arn, region, certain, hint, context, decides, role), uses in self._uses.items()
        )
