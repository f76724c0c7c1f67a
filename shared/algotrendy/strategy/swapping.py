"""Make a strategy again over other data than that which its code refers to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from types import BuiltinMethodType, CellType, FunctionType, ModuleType
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.lookups import WHOLE, Chain, after, is_empty, lookups_of
from algotrendy.strategy.references import Search, is_data

Swap = Callable[[Any], Any]
"""Gives what is to stand in the place of a piece of data."""


def with_data(strategy: Strategy, swap: Swap) -> Strategy:
    """Give the same strategy on other data: each piece that its code refers to is swapped.

    Caches of answers begin empty. What objects of one's own hold stays as it is.
    """
    again = _Swapping(swap).value
    return replace(
        strategy,
        decide=again(strategy.decide),
        on_fill=None if strategy.on_fill is None else again(strategy.on_fill),
        schedules=tuple((when, again(call)) for when, call in strategy.schedules),
        indicators={
            name: replace(indicator, update=again(indicator.update))
            for name, indicator in strategy.indicators.items()
        },
    )


class _Swapping:
    """Makes functions, modules and classes again; gives those as they are that refer to no data."""

    def __init__(self, swap: Swap) -> None:
        self._swap = swap
        # With what they were made of, so that nothing else gets its identity meanwhile.
        self._made: dict[tuple[int, frozenset[Chain]], tuple[Any, Any]] = {}

    def value(self, value: Any, chains: frozenset[Chain] = WHOLE) -> Any:
        """Give what stands in the place of a value of which these attributes are read."""
        if is_data(value):
            return self._swap(value)
        key = id(value), chains if isinstance(value, ModuleType) else WHOLE
        if key not in self._made:
            self._made[key] = value, value
            if _refers_to_data(value, chains):
                self._remake(key, value, chains)
        return self._made[key][1]

    def _remake(self, key: tuple[int, frozenset[Chain]], value: Any, chains: Any) -> None:
        if isinstance(value, FunctionType):
            names = dict(value.__globals__)
            cells = tuple(CellType() for _ in value.__closure__ or ())
            again = FunctionType(value.__code__, names, value.__name__, None, cells)
            # Before its data is looked at: it may refer to itself.
            self._made[key] = value, again
            self._fill(again, value)
        elif isinstance(value, ModuleType):
            self._made[key] = value, self._module(value, chains)
        elif isinstance(value, type):
            self._made[key] = value, self._class(value)
        elif isinstance(value, functools._lru_cache_wrapper):
            cached = functools.lru_cache(**value.cache_parameters())
            self._made[key] = value, cached(self.value(value.__wrapped__))
        elif isinstance(value, functools.partial):
            args = [self.value(each) for each in value.args]
            named = {name: self.value(each) for name, each in value.keywords.items()}
            self._made[key] = value, functools.partial(self.value(value.func), *args, **named)
        elif isinstance(value, BuiltinMethodType):
            self._made[key] = value, getattr(self.value(value.__self__), value.__name__, value)

    def _fill(self, again: FunctionType, function: FunctionType) -> None:
        names, lookups = again.__globals__, lookups_of(function.__code__)
        for name in names.keys() & {chain[0] for chain in lookups.globals}:
            names[name] = self.value(names[name], after(name, lookups.globals))
        pairs = zip(again.__closure__ or (), function.__closure__ or (), strict=True)
        for name, (cell, old) in zip(function.__code__.co_freevars, pairs, strict=True):
            if not is_empty(old):
                cell.cell_contents = self.value(old.cell_contents, after(name, lookups.closures))
        if function.__defaults__ is not None:
            again.__defaults__ = tuple(self.value(each) for each in function.__defaults__)
        if function.__kwdefaults__ is not None:
            again.__kwdefaults__ = {k: self.value(v) for k, v in function.__kwdefaults__.items()}
        vars(again).update({name: self.value(each) for name, each in vars(function).items()})

    def _module(self, module: ModuleType, chains: frozenset[Chain]) -> ModuleType:
        again = ModuleType(module.__name__)
        vars(again).update(vars(module))
        for name in vars(module).keys() & {chain[0] for chain in chains if chain}:
            setattr(again, name, self.value(vars(module)[name], after(name, chains)))
        return again

    def _class(self, kind: type) -> type:
        held = {
            name: self._member(each)
            for name, each in vars(kind).items()
            if name not in ("__dict__", "__weakref__")
        }
        try:
            return type(kind)(kind.__name__, kind.__bases__, held)
        except TypeError:
            # Made in a way of its own, such as with slots.
            return kind

    def _member(self, held: Any) -> Any:
        if isinstance(held, staticmethod | classmethod):
            return type(held)(self.value(held.__func__))
        if isinstance(held, property):
            return property(*(self.value(each) for each in (held.fget, held.fset, held.fdel)))
        return self.value(held)


def _refers_to_data(value: Any, chains: frozenset[Chain]) -> bool:
    search = Search()
    if isinstance(value, ModuleType):
        search.module("", value, chains, "")
    else:
        search.value("", "", value, "")
    return search.remembers or any(not each.doubt for each in search.found)
