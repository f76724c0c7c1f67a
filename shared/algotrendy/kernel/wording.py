"""Say in the platform's own words what pydantic expects of a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

# What reads badly after "must be" as pydantic words it.
_EXPECTED: Final = {
    "extra_forbidden": "left out: nobody knows it",
    "model_attributes_type": "a JSON object",
}
_PREFIXES: Final = ("Value error, ", "Input should be ")
_LENGTH: Final = re.compile(r"\w+ should have (.+?)(?: after validation, not .*)?")
_PATTERN: Final = re.compile(r"String should match pattern '(.*)'", re.DOTALL)


def expected_of(found: Mapping[str, Any]) -> str:
    """Give what reads well after "must be", of one of ``ValidationError.errors()``."""
    if (known := _EXPECTED.get(found["type"])) is not None:
        return known
    text = str(found["msg"])
    if length := _LENGTH.fullmatch(text):
        return length[1]
    if pattern := _PATTERN.fullmatch(text):
        return f"a text that matches {pattern[1]}"
    for words in _PREFIXES:
        text = text.removeprefix(words)
    return text.partition(", unable to ")[0]
