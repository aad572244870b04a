"""Properties that are computed once, when they are asked for first."""

from typing import Any, Callable, Generic, Optional, Type, TypeVar, overload

Value = TypeVar("Value")


class lazy(Generic[Value]):
    """As `functools.cached_property`, without a lock.

    Until Python 3.11 that one holds one lock per class. A process that is forked while
    another thread computes a property would wait for it for ever.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: Type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: Type) -> "lazy[Value]": ...

    @overload
    def __get__(self, instance: object, owner: Type) -> Value: ...

    def __get__(self, instance: Optional[object], owner: Type) -> Any:
        if instance is None:
            return self
        # Found there, the next time, before this descriptor is asked.
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
