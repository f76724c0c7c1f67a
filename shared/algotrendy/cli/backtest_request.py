"""Keep beside a result what was asked for, so that the same run can be made again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.cli.backtest_bars import Wanted
from algotrendy.cli.backtest_options import CalendarName
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.market_data.quality.policy import GapPolicy
from algotrendy.strategy.fingerprint import code_hash
from algotrendy.strategy.parameters import Value

REQUEST = "request.json"
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: a strategy as it was named, its values, bars and terms."""

    strategy: str
    values: dict[str, Value]
    wanted: Wanted
    terms: Terms
    mode: Wish

    def to_json(self, run: Backtest) -> str:
        """Write it down, with the hashes of the code and the bars that the run was made of."""
        wanted = asdict(self.wanted)
        files = [str(path.resolve()) for path in self.wanted.files]
        wanted |= {"files": files, "calendar": self.wanted.calendar.value}
        for name in ("actions", "rates"):
            wanted[name] = None if wanted[name] is None else str(wanted[name].resolve())
        for name in ("first", "last"):
            wanted[name] = None if wanted[name] is None else wanted[name].isoformat()
        found = {
            "format": _FORMAT,
            "strategy": self.strategy,
            "values": self.values,
            "wanted": wanted,
            "terms": asdict(self.terms),
            "mode": self.mode,
            "code_sha256": code_hash(run.setting.strategy),
            "data_sha256": run.setting.dataset.sha256(),
        }
        return json.dumps(found, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that was kept, and the hashes of what it was run on."""

    request: Request
    code_sha256: str
    data_sha256: str

    def require_same(self, run: Backtest) -> None:
        """Refuse a run of other code or other bars.

        Raises:
            Conflict: Naming which of them changed.
        """
        if run.setting.dataset.sha256() != self.data_sha256:
            raise Conflict("the bars are no longer those of the run; run it again")
        if code_hash(run.setting.strategy) != self.code_sha256:
            name = run.setting.strategy.name
            raise Conflict(f"the code of {name} is no longer that of the run; run it again")


def read_request(path: Path) -> Kept:
    """Read the request of a result: its folder, or any file in it.

    Raises:
        Invalid: If there is none, or it cannot be read.
    """
    file = (path if path.is_dir() else path.parent) / REQUEST
    if not file.is_file():
        expected = f"a folder that `algotrendy backtest run` wrote, with a {REQUEST}"
        raise Invalid("path", expected, str(path))
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise Invalid(str(file), f"of format {_FORMAT}", found["format"])
        request = Request(
            strategy=found["strategy"],
            values=found["values"],
            wanted=_wanted(found["wanted"]),
            terms=Terms(**found["terms"]),
            mode=found["mode"],
        )
        return Kept(request, found["code_sha256"], found["data_sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(str(file), "as it was written", str(error)) from error


def _wanted(found: dict[str, Any]) -> Wanted:
    found = {"as_of": None, "gaps": "keep", **found}  # older results do not say
    given = {field.name: found[field.name] for field in fields(Wanted)}
    days = {name: given[name] and date.fromisoformat(given[name]) for name in ("first", "last")}
    market = {name: given[name] and Path(given[name]) for name in ("actions", "rates")}
    lists = {name: tuple(given[name]) for name in ("symbols", "currency", "borrow")}
    files = tuple(Path(path) for path in given["files"])
    named = {"calendar": CalendarName(given["calendar"]), "gaps": GapPolicy(given["gaps"])}
    return Wanted(**{**given, **days, **market, **lists, **named, "files": files})
