"""What botocore reckons anew for each client, and a command unpacks anew, once for a process: it can have thousands.

HTTP, signing, parsing and retries stay as they are. Only what gives the same for the same input is kept.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
from collections.abc import Callable, Hashable, Iterator
from typing import Any
from unittest.mock import patch

import botocore.hooks
import botocore.regions
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader

from koding_audit.reference import packed


@contextlib.contextmanager
def quickened() -> Iterator[None]:
    """Inside, models and packed data are read once, client classes are made once, and no garbage is sought in them."""
    with contextlib.ExitStack() as stack:
        for owner, name, key in _ONCE:
            stack.enter_context(patch.object(owner, name, _kept(getattr(owner, name), key)))
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        stack.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(50_000, 20, 50)
        yield


def _kept(function: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
    known: dict[Hashable, Any] = {}

    def call(*given: Any, **named: Any) -> Any:
        name = key(*given, **named)
        if name not in known:
            known[name] = function(*given, **named)
        return known[name]

    return call


def _signature(function: Any) -> Hashable:
    """What tells one signature from another; not a method itself, with which its client would be kept."""
    return getattr(function, "__func__", function) if inspect.isroutine(function) else type(function)


_ONCE: tuple[tuple[Any, str, Callable[..., Hashable]], ...] = (
    (JSONFileLoader, "_load_file", lambda _self, *given: given),
    (EventAliaser, "_alias_event_name", lambda _self, name: name),
    (ClientCreator, "_load_service_model", lambda _self, service, _version=None: service),
    (ClientCreator, "_create_client_class", lambda _self, service, _model: service),
    # Parsed files are kept, so that the same rules are the same object.
    (botocore.regions, "EndpointProvider", lambda ruleset_data, **_: id(ruleset_data)),
    (botocore.hooks, "accepts_kwargs", _signature),
    (packed, "read_packed", lambda module, name: (module, name)),
)
"""What is kept: whose, its name, and by what it is the same again."""
