"""Find the strategy that a command names: one of the library, or of a file of the user's own."""

from __future__ import annotations

import difflib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, TypeVar

from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, NotFound
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named
from algotrendy.strategy.own_code import strategy_in
from algotrendy.strategy.parameters import Parameter, Value

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A strategy with a value for each parameter.

    Attributes:
        label: As it was asked for.
        source: The same without parameters; a file by its whole path.
    """

    label: str
    strategy: Strategy
    values: dict[str, Value]
    source: str


def chosen(text: str, given: Sequence[str] = ()) -> Chosen:
    """Find a strategy and check its parameters.

    Args:
        text: ``sma_cross``, ``my.py`` or ``my.py:cross``, and after commas values of parameters:
            ``sma_cross,fast=20,slow=50``.
        given: More values, as ``fast=20``.

    Raises:
        NotFound: For a name that the library does not have; names near ones.
        Invalid: For a file that does not import or does not tell which strategy is meant, and for
            a wrong parameter.
        StrategyFailedError: If the file raises while it is imported; says in which line.
    """
    name, *inside = text.split(",")
    source, strategy = _find(name)
    values = strategy.check(parameter_values([*inside, *given], strategy.parameters))
    return Chosen(text, strategy, values, source)


def parameter_values(given: Sequence[str], parameters: Sequence[Parameter]) -> dict[str, Value]:
    """Read ``name=value`` for each parameter that is given.

    Raises:
        Invalid: Naming what was not understood, or is no parameter.
    """
    known = [parameter.name for parameter in parameters]
    values: dict[str, Value] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise Invalid("parameter", "name=value, such as fast=20", text)
        if name in values:
            raise Invalid(f"parameters.{name}", "given once", text)
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            expected = f"one of {', '.join(known)}{hint}" if known else "absent: it takes none"
            raise Invalid(f"parameters.{name}", expected, name)
        values[name] = _number(name, value)
    return values


def _number(name: str, text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        hint = "; to try several values, use `algotrendy backtest sweep`" if ":" in text else ""
        raise Invalid(f"parameters.{name}", f"one number{hint}", text) from error


def _find(text: str) -> tuple[str, Strategy]:
    path, colon, name = text.rpartition(":")
    if not (colon and path.endswith(".py")):
        path, name = text, ""
    if path.endswith(".py"):
        file = Path(path)
        source = f"{file.resolve()}:{name}" if name else str(file.resolve())
        return source, strategy_in(imported(file), file.name, name)
    try:
        return text, strategy_named(text)
    except NotFound as error:
        names = [strategy.name for strategy in library()]
        near = difflib.get_close_matches(text, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        hint += f"There are {', '.join(names)}; or name a file: my.py or my.py:name"
        raise NotFound("strategy", text, hint) from error


def imported(file: Path) -> ModuleType:
    """Run a user's file as a module of its own name; its folder can be imported from."""
    if not file.is_file():
        raise Invalid("strategy", "a file that is there", str(file))
    name = f"strategy_file_{file.stem}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise Invalid("strategy", "a Python file", str(file))
    module = module_from_spec(spec)
    sys.modules[name] = module
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = f"{file.name}, line {error.lineno}"
        raise Invalid(where, f"Python ({error.msg})", (error.text or "").strip()) from error
    except Exception as error:
        raise StrategyFailedError(told(error, file, f"{file.name} does not import")) from error
    return module


def telling(choice: Chosen, work: Callable[[], _T]) -> _T:
    """Do work that calls a strategy; what the strategy raises is told with its own line.

    Raises:
        StrategyFailedError: If an error passed through the strategy's code.
    """
    try:
        return work()
    except Exception as error:
        file = Path(inspect.getsourcefile(choice.strategy.decide) or "")
        chain = list(_chain(error))
        own = [each for each in chain if file in _files(each.__traceback__)]
        if not own:
            raise
        title = f"strategy {choice.strategy.name} failed{_place(chain)}"
        raise StrategyFailedError(told(own[-1], file, title)) from error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error, the one that it names as its cause, and so on."""
    while error is not None:
        yield error
        error = error.__cause__


def _place(chain: Sequence[BaseException]) -> str:
    """Say with which parameters, on what and in which window, as far as the errors know."""
    facts: dict[str, Any] = {}
    for error in chain:
        facts |= error.fields() if isinstance(error, AlgoTrendyError) else {}
    said = [f" with {facts['parameters']} on {facts['symbol']}"] if "parameters" in facts else []
    said += [f" in window {facts['window']} of {facts['windows']}"] if "window" in facts else []
    return "".join(said)


def told(error: BaseException, file: Path, title: str) -> str:
    """Say what was raised, in which line of a file, and at which bar if it was at one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    said = str(error) if isinstance(error, AlgoTrendyError) else f"{type(error).__name__}: {error}"
    lines = [f"{title}{_moment(error.__traceback__)}: {said.rstrip(': ')}"]
    if own:
        last = own[-1]
        lines.append(f"  {file.name}, line {last.lineno}, in {last.name}: {last.line}")
    return "\n".join(lines)


def _files(trace: TracebackType | None) -> set[Path]:
    files = set()
    while trace is not None:
        files.add(Path(trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    return files


def _moment(trace: TracebackType | None) -> str:
    """Say at which bar a strategy was called, by the market that it was called with."""
    from algotrendy.backtest.data.moments import in_words
    from algotrendy.strategy.market import Market

    while trace is not None:
        for value in list(trace.tb_frame.f_locals.values()):
            if isinstance(value, Market) and value.now:
                return f" at {in_words(value.now)}"
        trace = trace.tb_next
    return ""


def described(values: Mapping[str, Value]) -> str:
    """Write parameters as a person does: ``fast 20, slow 50``."""
    return ", ".join(f"{name} {value:g}" for name, value in values.items())
