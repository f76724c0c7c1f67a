"""Keep secrets out of what is logged: by their shape, by the name beside them, by their value.

The last thing that happens to a line before it is written, so that it is all one how a secret came
into it: as a field, within a message, in the text of an exception of somebody else's library.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

HIDDEN = "[redacted]"

# Shorter ones would hide innocent words.
_SHORTEST_SECRET = 8

_NAMES = (
    r"(?:[\w-]*(?:password|passwd|passphrase|secret|authorization|credential)[\w-]*"
    r"|(?:[\w-]*[_-])?(?:token|api[_-]?key|access[_-]?key(?:[_-]?id)?|key[_-]?id|cookie)"
    r"|access_?token|refresh_?token|id_?token|security_?token|code_verifier)"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
# What makes a line worth a closer look; most lines have nothing of it.
_SUSPECT = re.compile(
    r"eyJ|atk_|://|bearer|basic|X-Amz-|pass(?:word|wd|phrase)|secret|authorization|credential"
    r"|token|key|cookie|code_verifier",
    re.IGNORECASE,
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A JWT, whole or cut off.
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,2}"), HIDDEN),
    # An API key of ours: which key it was may be told.
    (re.compile(r"\b(atk_[A-Za-z0-9-]+)_[\w-]+"), rf"\1_{HIDDEN}"),
    (re.compile(r"\b(bearer|basic)(\s+)[\w.~+/-]{8,}=*", re.IGNORECASE), rf"\1\2{HIDDEN}"),
    # A password in an address.
    (re.compile(r"(://[^\s/:@\"']*):[^\s/@\"']+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"\b(X-Amz-(?:Signature|Security-Token|Credential))=[^&\s\"'\\]+", re.IGNORECASE
        ),
        rf"\1={HIDDEN}",
    ),
    # "name": "value", also within a text that is JSON itself.
    (
        re.compile(
            rf'(\\*")({_NAMES})\1(\s*:\s*)(\\*")((?:(?!\4)(?:\\.|[^\\]))*)\4', re.IGNORECASE
        ),
        rf"\1\2\1\3\4{HIDDEN}\4",
    ),
    (
        re.compile(rf"(')({_NAMES})\1(\s*:\s*)(b?')([^']*)'", re.IGNORECASE),
        rf"\1\2\1\3\4{HIDDEN}'",
    ),
    # name=value, of a query or of a keyword; name: value, of a header.
    (re.compile(rf"\b({_NAMES})(=)(['\"]?)[^\s&,;)'\"\\]+", re.IGNORECASE), rf"\1\2\3{HIDDEN}"),
    (
        re.compile(
            r"\b(authorization|x-api-key|apca-api-(?:secret-)?key(?:-id)?|cookie|set-cookie)"
            r"(:\s*)(?!\[)[^\s\"'\\]+(?:\s+[^\s\"'\\,]+)?",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
)

_lock = threading.Lock()
_known: set[str] = set()
_known_pattern: re.Pattern[str] | None = None


def remember(secret: str) -> None:
    """Hide this very value from now on; of a secret that is JSON, each secret in it too."""
    global _known_pattern  # noqa: PLW0603 - one a process, as the log is
    found = {text for text in (secret, *_texts(secret)) if len(text) >= _SHORTEST_SECRET}
    with _lock:
        if found <= _known:
            return
        _known.update(found)
        # As a line has it, where it stands within JSON.
        forms = {form for text in _known for form in (text, json.dumps(text)[1:-1])}
        longest_first = sorted(forms, key=len, reverse=True)
        _known_pattern = re.compile("|".join(map(re.escape, longest_first)))


def scrub(line: str) -> str:
    """Give a line of the log without secrets."""
    if _known_pattern is not None:
        line = _known_pattern.sub(HIDDEN, line)
    if _SUSPECT.search(line) is None:
        return line
    for pattern, replacement in _RULES:
        line = pattern.sub(replacement, line)
    return line


def _texts(secret: str) -> list[str]:
    """Give the values of a secret that is JSON which stand under the name of a secret.

    Others are such as names of accounts and addresses, which a log may tell.
    """
    try:
        return list(_leaves(json.loads(secret), is_secret=False))
    except ValueError:
        return []


def _leaves(node: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(node, str) and is_secret:
        yield node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, is_secret=is_secret or _is_secret_name(name))
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, is_secret=is_secret)


def _is_secret_name(name: str) -> bool:
    return name.lower() in ("key", "keys", "code") or _NAME.fullmatch(name) is not None
