"""Name what is traded, and say how it is quoted."""

from __future__ import annotations

import re
from typing import NewType

from algotrendy.kernel.errors import Invalid

Symbol = NewType("Symbol", str)

# A slash parts a pair (BTC/USD), a dot a share class (BRK.B). Two in a row, or a slash at the end,
# would climb or split the folder that a store may make of a symbol.
_SYMBOL = re.compile(r"(?!.*[./]{2})[A-Z0-9][A-Z0-9.^/_-]{0,19}(?<!/)")


def parse_symbol(text: str, field: str = "symbol") -> Symbol:
    """Read a symbol such as AAPL, BRK.B or BTC/USD.

    Raises:
        Invalid: If it is not 1 to 20 capitals, digits and ``. ^ / _ -``, which names ``field``.
    """
    if not _SYMBOL.fullmatch(text):
        raise Invalid(field, "1 to 20 capitals, digits and . ^ / _ -, like AAPL or BRK.B", text)
    return Symbol(text)
