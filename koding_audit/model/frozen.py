"""Frozen dataclasses with slots whose methods are made when their first object is.

The standard library's decorator compiles six methods for each class at import, about a millisecond of CPU: for the
values of this package a tenth of a scan, and most of them are of no use to any one run. Here a class costs its slots at
import, and its `__init__` when it is first called; the rest is shared. What a class looks like from outside is the
same: `dataclasses.replace`, `fields`, `asdict` and `is_dataclass`, `match`, copies and pickles.
"""

from __future__ import annotations

import dataclasses
from _thread import LockType, allocate_lock
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ("dataclass", "replace")

_IMPLICIT_ATTRIBUTES = ("__dict__", "__weakref__")


def _replace(value: Any, /, **changes: Any) -> Any:
    """As `dataclasses.replace`, for classes whose fields all are parameters: no field is looked at to know that."""
    return type(value)(**{name: getattr(value, name) for name in value.__match_args__} | changes)


def _dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
    """As `dataclasses.dataclass(frozen=True, slots=True)`, for classes without a base. Raises TypeError for others."""
    if not (frozen and slots):
        raise TypeError("for what is not frozen, or has no slots, there is dataclasses.dataclass")
    return _freeze_class


def _freeze_class(plain: type) -> type:
    if plain.__bases__ != (object,):
        raise TypeError(f"{plain.__name__} has a base: there is dataclasses.dataclass for it")
    names = tuple(plain.__annotations__)
    said = {name: value for name, value in vars(plain).items() if name not in _IMPLICIT_ATTRIBUTES}
    defaults = {name: said.pop(name) for name in names if name in said}
    methods = {
        "__init__": _first_init,
        "__repr__": _repr,
        "__eq__": _first_eq,
        "__hash__": _first_hash,
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": _getstate,
        "__setstate__": _setstate,
    }
    lock = allocate_lock()
    kept = {
        "__slots__": names,
        "__match_args__": names,
        "__qualname__": plain.__qualname__,
        "_given_": defaults,
        "__dataclass_fields__": _DataclassAttribute(plain, "__dataclass_fields__", lock),
        "__dataclass_params__": _DataclassAttribute(plain, "__dataclass_params__", lock),
    }
    return type(plain.__name__, (), {**methods, **said, **kept})


class _DataclassAttribute:
    """What the standard library says of a class, asked for when somebody wants to know.

    lock: of the class, for the standard library refuses to look at one twice, and threads may ask at the same time.
    """

    def __init__(self, plain: type, name: str, lock: LockType) -> None:
        self._plain = plain
        self._name = name
        self._lock = lock

    def __get__(self, _: object, owner: type) -> Any:
        with self._lock:
            if self._name not in vars(self._plain):
                dataclasses.dataclass(frozen=True, init=False, repr=False, eq=False)(self._plain)
        found = vars(self._plain)[self._name]
        setattr(owner, self._name, found)  # in this one's place: it is asked for at each dataclasses.replace
        return found


def _install_methods(made: Any) -> None:
    """Give the class its own methods. Two threads may both do it: they do the same."""
    fields = [_make_field(made, name) for name in made.__match_args__]
    compared = attrgetter(*(name for name, field in fields if field.compare))
    hashed = attrgetter(*(name for name, field in fields if (field.compare if field.hash is None else field.hash)))

    def equals(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    made.__hash__ = lambda self: hash(hashed(self))
    made.__eq__ = equals
    made.__init__ = _make_init(made, fields)


def _make_field(made: Any, name: str) -> tuple[str, dataclasses.Field[Any]]:
    given = made._given_.get(name, dataclasses.MISSING)
    return name, given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)


def _make_init(made: Any, fields: Iterable[tuple[str, dataclasses.Field[Any]]]) -> Any:
    """`__init__` as one would write it, which sets each slot by its own descriptor: __setattr__ refuses."""
    scope: dict[str, Any] = {"_left_out": dataclasses.MISSING}
    parameters, lines = ["self"], []
    for name, field in fields:
        scope[f"_set_{name}"] = vars(made)[name].__set__
        parameter = value = name
        if field.default_factory is not dataclasses.MISSING:
            scope[f"_make_{name}"] = field.default_factory
            parameter, value = f"{name}=_left_out", f"_make_{name}() if {name} is _left_out else {name}"
        elif field.default is not dataclasses.MISSING:
            scope[f"_default_{name}"] = field.default
            parameter = f"{name}=_default_{name}"
        parameters.append(parameter)
        lines.append(f"    _set_{name}(self, {value})\n")
    exec(f"def __init__({', '.join(parameters)}):\n{''.join(lines)}", scope)  # noqa: S102 - of our own source's names
    scope["__init__"].__qualname__ = f"{made.__qualname__}.__init__"
    return scope["__init__"]


def _first_init(self: Any, *arguments: Any, **named: Any) -> None:
    _install_methods(type(self))
    self.__init__(*arguments, **named)


def _first_eq(self: Any, other: object) -> bool:
    """Reached where an object came without `__init__`: as a copy, or out of a pickle."""
    _install_methods(type(self))
    return bool(self == other)


def _first_hash(self: Any) -> int:
    _install_methods(type(self))
    return hash(self)


def _repr(self: Any) -> str:
    told = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _refuse_to_set(_: object, name: str, __: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__match_args__]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    dataclass, replace = _dataclass, _replace
