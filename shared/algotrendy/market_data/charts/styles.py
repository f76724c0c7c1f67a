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
from algotrendy.market_data.charts.rules import (
    averaged,
    breaks,
    counted,
    figures,
    flows,
    kagi,
    ranged,
    renko,
    timed,
)


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

_DAY = 86_400_000_000_000


def _check_kagi(values: Mapping[str, Value]) -> None:
    given = [name for name in ("size", "percent") if values[name]]
    if len(given) != 1:
        raise Invalid("style.kagi", "given one of size, percent", " and ".join(given) or "none")


def _check_renko(values: Mapping[str, Value]) -> None:
    given = [name for name in ("size", "percent", "atr") if values[name]]
    if len(given) != 1:
        raise Invalid(
            "style.renko", "given one of size, percent, atr", " and ".join(given) or "none"
        )
    if values["anchor"] and not values["size"]:
        raise Invalid("style.renko.anchor", "given with size alone", values["anchor"])
    if _DAY % int(_BASE.encode(values["base"])):
        raise Invalid("style.renko.base", "a part of which a day is a whole number", values["base"])


_BASE = Interval("base", "How long the bars of the average true range last.", "1Min", "time")
_RENKO = (
    Number("size", "Height of a brick.", 0.0, "price"),
    Number("percent", "Height of a brick, of the level below it.", 0.0, "percent", most=100.0),
    _Count("atr", "Height of a brick: the average true range of so many base bars.", 0, "bars"),
    _BASE,
    Number("least", "The smallest height that the average true range may give.", 0.01, "price"),
    Number("anchor", "A price that levels are counted from; 0: the first trade's.", 0.0, "price"),
    _Count("reversal", "How many levels turn the trend.", 2, "levels", most=2),
    Choice("wicks", "Draw how far trades went back before a brick.", "yes"),
    Number("volume", "What must be traded before a brick is laid (Renko+).", 0.0, "units"),
)


def _check_flows(values: Mapping[str, Value]) -> None:
    least, ticks, most = (float(values[name]) for name in ("least", "ticks", "most"))
    if not least <= ticks <= most:
        raise Invalid("style.ticks", "from least to most", values["ticks"])


_FLOWS = (
    Choice(
        "of",
        "What a trade counts as: one, its size, its money.",
        "tick",
        "",
        ("tick", "volume", "dollar"),
    ),
    _Count("ticks", "Trades of the first bar.", 1000, "trades"),
    _Count("bars", "Bars that the expected number of trades is averaged over.", 20, "bars"),
    _Count("trades", "Trades that the expected flow is averaged over.", 10_000, "trades"),
    _Count("least", "Trades that a bar has at least.", 10, "trades"),
    _Count("most", "Trades that a bar has at most.", 100_000, "trades"),
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
    Kind("renko", "Renko", renko, _RENKO, check=_check_renko),
    Kind("heikin-ashi", "Heikin-Ashi", averaged, _TIME, of_time_bars=True),
    Kind(
        "line-break",
        "Three-line break",
        breaks,
        (*_TIME, _Count("lines", "Lines that a turn must break.", 3, "lines", most=breaks.MEMORY)),
        of_time_bars=True,
    ),
    Kind(
        "kagi",
        "Kagi",
        kagi,
        (
            Number("size", "How far back a trade ends the line.", 0.0, "price"),
            Number("percent", "The same, of the extreme.", 0.0, "percent", most=50.0),
        ),
        check=_check_kagi,
    ),
    Kind(
        "point-and-figure",
        "Point and figure",
        figures,
        (
            Number("box", "Height of a box.", unit="price"),
            _Count("reversal", "Boxes back that end a column.", 3, "boxes", most=100),
            Number("anchor", "A price that levels are counted from.", 0.0, "price"),
        ),
    ),
    Kind("imbalance", "Imbalance bars", flows, _FLOWS, {"is_run": 0}, check=_check_flows),
    Kind("run", "Run bars", flows, _FLOWS, {"is_run": 1}, check=_check_flows),
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
