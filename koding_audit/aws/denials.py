"""Remembers which calls AWS denied, and which of them it allowed when they were sent again in the same run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from koding_audit.aws.call import ACCESS_DENIED, NO_SUCH_ENTITY
from koding_audit.model.errors import CallError

_PAGING = frozenset({"MaxItems", "Marker", "NextToken"})  # parameters that do not change what a call is about


class DenialLog:
    """The denied calls of a connection, by call and parameters; several threads write to it."""

    def __init__(self) -> None:
        self._denied: set[tuple[str, str]] = set()
        self._allowed: set[str] = set()

    def watch(self, call: str, parameters: Mapping[str, Any], send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Sends a call and returns its reply. Raises CallError. call: `iam:GetUser`."""
        try:
            reply = send()
        except CallError as error:
            if error.code in ACCESS_DENIED:
                self._denied.add(_key(call, parameters))
            elif error.code == NO_SUCH_ENTITY:
                self._note_answer(call, parameters)
            raise
        self._note_answer(call, parameters)
        return reply

    def _note_answer(self, call: str, parameters: Mapping[str, Any]) -> None:
        """Notes that AWS answered a call; that something does not exist is an answer too."""
        if self._denied and _key(call, parameters) in self._denied:
            self._allowed.add(call)

    def calls_allowed_later(self) -> tuple[str, ...]:
        """Returns the calls that AWS denied at first and allowed later, sorted."""
        return tuple(sorted(self._allowed))


def _key(call: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    return call, repr(sorted((name, repr(each)) for name, each in parameters.items() if name not in _PAGING))
