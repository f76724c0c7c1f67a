"""Keep the compiled engine and strategies' entries as ``kernel.kept_code`` says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from llvmlite import binding
from numba import config, njit, types
from numba.core.caching import CacheImpl

from algotrendy.kernel.kept_code import Shelf

_SOURCES = (
    "kernel/order_codes.py",
    "kernel/records.py",
    "exchange/compiled.py",
    "strategy/market.py",
    "strategy/own.py",
    "strategy/reading.py",
    "backtest/statistics/annual.py",
    "backtest/statistics/summary.py",
    "exchange/rules",
    "backtest/engine",
)
SHIPPED = Path(__file__).with_name("kernels")
"""Where kernels that come with the package lie."""

ENTRY_FILE = "<algotrendy strategy>"
"""What the source of an entry is called; there is no file behind it."""

SHELF = Shelf(_SOURCES, SHIPPED, config, (numba.__version__, llvmlite.__version__))


def _owns(function: Any, file: str) -> bool:
    return file == ENTRY_FILE or Path(file).parent == Path(__file__).parent


def install() -> None:
    """Let numba ask where the engine's functions and strategies' entries are kept."""
    SHELF.install(CacheImpl._locator_classes, _owns)


def kept(signature: Any = None, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function as ``njit`` does, and keep what was compiled.

    Args:
        signature: Compiles at once, for this one and no other; None: when it is called.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = njit(cache=True, **options)(function)
        SHELF.guard(dispatcher)
        if signature is not None:
            dispatcher.compile(signature)
            dispatcher.disable_compile()
        return dispatcher

    return compiled


def linked(signature: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function, keep it, and let compiled functions call it without its code.

    What calls it compiles the faster for it. It must not raise: nobody would hear of it.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = kept(signature, **options)(function)
        (made,) = dispatcher.overloads.values()
        name = f"{function.__module__}.{function.__qualname__}"
        address = made.library.get_pointer_to_function(made.fndesc.llvm_cfunc_wrapper_name)
        binding.add_symbol(name, address)
        return types.ExternalFunction(name, signature)

    return compiled
