"""Put texts, numbers and files into a page that loads nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any

_DIGITS = 8


def embeddable(value: object) -> str:
    """Write JSON that cannot end the script element it stands in, whatever its strings say."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def resource(name: str) -> str:
    """Read a file of the report's own, such as ``page.css``."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def scripts(names: Iterable[str]) -> str:
    """Read scripts, one after the other."""
    return "\n".join(resource(name) for name in names)


def prose(words: str) -> str:
    """Escape a text, and show what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def short(value: Any) -> Any:
    """Round a float to what a chart can show; a whole number is written without a point."""
    if not isinstance(value, float):
        return value
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
