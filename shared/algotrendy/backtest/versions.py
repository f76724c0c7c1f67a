"""Tell versions of strategies apart, and find the one that a plan was made with.

A sweep knows its strategy by name and version. One of the library is found anywhere. One of a
user's own is found where it was lent before: in the process that asked, and in its workers.
"""

from __future__ import annotations

from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.kernel.errors import Conflict
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named

OF_LIBRARY = f"engine {ENGINE_VERSION}"

_lent: dict[str, Strategy] = {}


def strategy_version(strategy: Strategy) -> str:
    """Tell one version of a strategy from another.

    One of the library changes with the engine's version only; of any other the code is hashed.
    """
    if any(strategy is known for known in library()):
        return OF_LIBRARY
    from algotrendy.strategy.fingerprint import code_hash

    return code_hash(strategy)


def lend(strategy: Strategy) -> str:
    """Let plans of this process find a strategy, of the library or not; give its version."""
    version = strategy_version(strategy)
    if version != OF_LIBRARY:
        _lent[version] = strategy
    return version


def strategy_of(name: str, version: str) -> Strategy:
    """Find the strategy that a plan was made with.

    Raises:
        NotFound: For a name that the library does not have.
        Conflict: If it is somebody's own and not known here, or its code has changed.
    """
    if version.startswith("engine "):
        return strategy_named(name)
    if version not in _lent:
        raise Conflict(
            f"the code of {name} is not that of the plan, or is not at hand here",
            strategy=name,
            version=version,
        )
    return _lent[version]
