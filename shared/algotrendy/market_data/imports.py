"""Import bars into a store, and tell what happened to each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from algotrendy.kernel.errors import RowError
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import RawBars, session_date


@dataclass(frozen=True, slots=True)
class CheckedBars:
    """Bars of one symbol that were read from a file, and what had to be left out.

    Attributes:
        quarantined: How many rows were left out because they are no valid bars.
        faults: Why, the first 100.
    """

    bars: RawBars
    quarantined: int = 0
    faults: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedSymbol:
    """What an import did for one symbol; ``changed`` is False when all was there already."""

    symbol: Symbol
    source: str
    bars: int
    first: date
    last: date
    changed: bool
    quarantined: int
    faults: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, symbol by symbol, and the store's version afterwards."""

    version: int
    symbols: tuple[ImportedSymbol, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(symbol.changed for symbol in self.symbols)

    @property
    def bars(self) -> int:
        """How many bars the import holds, written now or there already."""
        return sum(symbol.bars for symbol in self.symbols)

    @property
    def quarantined(self) -> int:
        """How many rows were left out."""
        return sum(symbol.quarantined for symbol in self.symbols)


def import_bars(store: BarStore, checked: Sequence[CheckedBars]) -> ImportReport:
    """Store all the series in one commit; doing it again changes nothing and says so."""
    replaced = store.replace([item.bars.validate() for item in checked])
    return ImportReport(
        replaced.version,
        tuple(
            ImportedSymbol(
                symbol=item.bars.symbol,
                source=item.bars.source,
                bars=len(item.bars),
                first=session_date(item.bars.times[0]),
                last=session_date(item.bars.times[-1]),
                changed=item.bars.symbol in replaced.changed,
                quarantined=item.quarantined,
                faults=item.faults,
            )
            for item in checked
        ),
    )
