"""List the chart styles and their parameters; read and write them as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import ModuleType
from typing import Final

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.records import Fields, Record
from algotrendy.market_data.charts.parameters import Choice, Interval, Number, Parameter, Value
from algotrendy.market_data.charts.parameters import Count as _Count
from algotrendy.market_data.charts.records import record_type
from algotrendy.market_data.charts.rules import counted, ranged, timed


@dataclass(frozen=True, slots=True)
class Kind:
    """A style before its parameters are set.

    Attributes:
        title: What a person calls it.
        rules: The module of its kernel.
        constants: Fields of the rule that are no parameters.
        of_time_bars: Whether it is drawn from closed time bars, and not from trades.
        check: Raises Invalid when parameters do not fit each other.
    """

    name: str
    title: str
    rules: ModuleType
    parameters: tuple[Parameter, ...]
    constants: Mapping[str, int] = field(default_factory=dict)
    of_time_bars: bool = False
    check: Callable[[Mapping[str, Value]], None] | None = None

    @property
    def rule_fields(self) -> Fields:
        """Give the field table of the rule's record."""
        fields = tuple((parameter.name, parameter.kind) for parameter in self.parameters)
        return fields + tuple((name, "i8") for name in self.constants)


@dataclass(frozen=True, slots=True)
class Style:
    """A chart style with all of its parameters; ``str(style)`` is read by ``parse``."""

    kind: Kind
    values: tuple[Value, ...]

    def __str__(self) -> str:
        pairs = zip(self.kind.parameters, self.values, strict=True)
        told = ",".join(f"{p.name}={p.write(value)}" for p, value in pairs if value != p.default)
        return f"{self.kind.name}:{told}" if told else self.kind.name

    def rule(self) -> Record:
        """Give the record that the kernel reads."""
        pairs = zip(self.kind.parameters, self.values, strict=True)
        numbers = {parameter.name: parameter.encode(value) for parameter, value in pairs}
        return record_type(self.kind.rule_fields)(**numbers, **self.kind.constants)

    def base(self) -> Style:
        """Give the time bars that a style of time bars is drawn from."""
        named = dict(zip((p.name for p in self.kind.parameters), self.values, strict=True))
        time = KINDS["time"]
        return Style(time, tuple(named[parameter.name] for parameter in time.parameters))


_INTERVAL = Interval("interval", "How long a bar lasts.", unit="time")
_SESSIONS = Choice(
    "sessions",
    "Lay intervals from the begin of a US equities session and cut them at its end; without, "
    "from 00:00 UTC to the next.",
    "no",
    words=("no", "regular", "extended"),
)
_TIME = (_INTERVAL, _SESSIONS)
_EXCESS = Choice(
    "excess",
    "What becomes of the trade that reaches the amount: it belongs to the bar whole, or it is cut.",
    "keep",
    words=("keep", "split"),
)

_KINDS = (
    Kind("time", "Time bars", timed, _TIME),
    Kind(
        "tick",
        "Tick bars",
        counted,
        (_Count("amount", "Trades of a bar.", unit="trades"),),
        {"counts": counted.TRADES, "excess": 0},
    ),
    Kind(
        "volume",
        "Volume bars",
        counted,
        (Number("amount", "Volume of a bar.", unit="units"), _EXCESS),
        {"counts": counted.UNITS},
    ),
    Kind(
        "dollar",
        "Dollar bars",
        counted,
        (Number("amount", "Price times size, of all trades of a bar.", unit="money"), _EXCESS),
        {"counts": counted.MONEY},
    ),
    Kind(
        "range",
        "Range bars",
        ranged,
        (Number("size", "From the lowest to the highest trade of a bar.", unit="price"),),
    ),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _KINDS}


def parse(text: str) -> Style:
    """Read a style, such as ``renko:size=0.5,reversal=2,wicks=yes``.

    Raises:
        Invalid: Naming the parameter, what is expected, and what came.
    """
    name, colon, rest = text.strip().partition(":")
    kind = KINDS.get(name)
    if kind is None:
        near = get_close_matches(name, KINDS, n=2, cutoff=0.5)
        expected = f"{' or '.join(near)}" if near else f"one of {', '.join(KINDS)}"
        raise Invalid("style", expected, name)
    given: dict[str, Value] = {}
    known = {parameter.name: parameter for parameter in kind.parameters}
    for pair in rest.split(",") if rest or colon else ():
        key, equals, value = pair.strip().partition("=")
        if key not in known:
            raise Invalid(f"style.{name}", f"NAME=VALUE of {', '.join(known)}", pair)
        if not equals or key in given:
            raise Invalid(f"style.{name}.{key}", "given once, as NAME=VALUE", pair)
        given[key] = _read(kind, known[key], value)
    return make(kind, given)


def make(kind: Kind, given: Mapping[str, Value]) -> Style:
    """Make a style of values that are right by themselves, with defaults for the rest."""
    values: dict[str, Value] = {}
    for parameter in kind.parameters:
        value = given.get(parameter.name, parameter.default)
        if value is None:
            raise Invalid(f"style.{kind.name}.{parameter.name}", parameter.expected, "missing")
        values[parameter.name] = value
    if kind.check is not None:
        kind.check(values)
    return Style(kind, tuple(values.values()))


def _read(kind: Kind, parameter: Parameter, text: str) -> Value:
    try:
        return parameter.parse(text)
    except Invalid as error:
        raise Invalid(f"style.{kind.name}.{parameter.name}", error.expected, text) from None


def describe(kind: Kind) -> str:
    """Write what the style does and what its parameters mean, in Markdown."""
    lines = [f"### {kind.title}: `{kind.name}`", "", _text(kind.rules), ""]
    lines += ["| parameter | what | unit | default | from – to |", "|---|---|---|---|---|"]
    for parameter in kind.parameters:
        default = (
            "must be given" if parameter.default is None else parameter.write(parameter.default)
        )
        lines.append(
            f"| `{parameter.name}` | {parameter.help} | {parameter.unit} | {default} "
            f"| {parameter.expected} |"
        )
    return "\n".join(lines)


def _text(rules: ModuleType) -> str:
    return (rules.__doc__ or "").strip().replace("``", "`")
