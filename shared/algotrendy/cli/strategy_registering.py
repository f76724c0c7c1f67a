"""Put together what is registered: a strategy of the library, or a file that stands alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from algotrendy.backtest.engine.terms import Terms
from algotrendy.cli.backtest_strategies import chosen, parameter_values
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.live.versions import Code, check_assets, python_version
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Value


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of it."""

    strategy: str
    symbols: tuple[str, ...]
    name: str | None
    parameters: tuple[str, ...]
    timeframe: str
    schedule: str
    calendar: str
    note: str
    terms: Terms


def body_of(asked: Asked, walk: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Give what is sent to register it.

    Args:
        walk: A walk forward as the API shows it, whose choice is registered.

    Raises:
        Invalid: Naming what does not fit the strategy, or the module that lies beside its file.
        Conflict: If the walk forward chose nothing.
    """
    choice = chosen(asked.strategy)
    strategy = choice.strategy
    terms = {name: _exact(value) for name, value in asdict(asked.terms).items()}
    symbols, values = asked.symbols, dict(choice.values)
    if walk is not None:
        spec, found = _walked(walk)
        values |= found
        symbols = symbols or tuple(walk["symbols"])
        terms = {name: spec[name] for name in terms if name in spec}
    values |= parameter_values(asked.parameters, strategy.parameters)
    values = strategy.check(values)
    if not symbols:
        raise Invalid("symbols", "one or more, or those of --walk", "none")
    check_assets(strategy, tuple(parse_symbol(symbol, "symbols") for symbol in symbols))
    body: dict[str, Any] = {
        "name": asked.name or strategy.name.lower(),
        "strategy": strategy.name,
        "parameters": values,
        "symbols": list(symbols),
        "timeframe": asked.timeframe,
        "schedule": asked.schedule,
        "calendar": asked.calendar,
        "terms": terms,
        "note": asked.note,
    }
    if choice.source != asked.strategy:
        body["source"] = _own(choice.source, strategy)
    return body


def described(version: Mapping[str, Any]) -> str:
    """Say in a line what a version does."""
    values = ", ".join(f"{name} {value:g}" for name, value in version["parameters"].items())
    symbols = " ".join(version["symbols"])
    with_values = f" with {values}" if values else ""
    return f"{version['strategy']}{with_values} on {symbols} {version['timeframe']}"


def _walked(walk: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Value]]:
    summary = walk["summary"]
    if summary is None:
        raise Conflict(f"walk-forward {walk['id']} is {walk['status']}, so it chose nothing yet")
    found = summary["windows"][-1]["parameters"]
    if found is None:
        raise Conflict(f"the last window of walk-forward {walk['id']} chose nothing to trade")
    return summary["spec"], dict(found)


def _own(source: str, strategy: Strategy) -> dict[str, str]:
    """Give the text of a file, once it is seen to be all that there is."""
    # The source may name the strategy behind the path: my.py:cross.
    path, colon, _ = source.rpartition(":")
    file = Path(path if colon and path.endswith(".py") else source)
    text = file.read_text(encoding="utf-8")
    beside = [name for name in _imports(text) if _is_beside(file, name)]
    if beside:
        expected = "text that stands alone: what lies beside it is not there where it runs"
        raise Invalid(file.name, expected, f"import of {', '.join(sorted(beside))}")
    from algotrendy.strategy.fingerprint import code_hash

    code = Code(strategy.name, code_hash(strategy), text, python_version())
    # As the run will load it: where that is another code, it is told now.
    code.load()
    return {"text": text, "code_hash": code.version, "python": python_version()}


def _imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0] if not node.level else "."


def _is_beside(file: Path, name: str) -> bool:
    return name == "." or any((file.parent / each).exists() for each in (f"{name}.py", name))


def _exact(value: float) -> float | str:
    # As text it is read as the decimal that was written, and not as the float's own.
    return value if isinstance(value, bool | int) else repr(value)
