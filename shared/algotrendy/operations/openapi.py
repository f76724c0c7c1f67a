"""Describe the whole API in one document, from the apps of the capabilities."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from fastapi import FastAPI

from algotrendy.identity.routes import ROUTES
from algotrendy.operations.openapi_answers import with_answers
from algotrendy.operations.openapi_examples import Examples, with_examples
from algotrendy.operations.openapi_schemas import operations_of, tidied

DESCRIPTION = """\
Market bars, parameter sweeps over them, and orders: risk-checked, sent, followed to their end.

Sign in with `algotrendy login`, then put the token that `algotrendy token` prints under
**Authorize**; a script takes an API key. Every error is a problem document (RFC 9457) that names
the field, and carries the correlation id to quote when asking for help.

Numbers of money and orders are decimals in strings. What acts takes an `Idempotency-Key`: sent
again with it, nothing is done twice. Lists come in pages: ask again with `cursor` set to the
`next_cursor` of the page before, until it is null. Answers grow: a client bears new fields and new
words. What would break a client is told in `docs/api-changes.toml` before it is done.
"""
_SENTENCE_END = re.compile(r"[.:;](?:\s|$)")
TAGS = {
    "market_data": "Bars, trades and quotes, as they were known at a moment.",
    "backtest": "Strategies, backtests, sweeps and walk-forwards, and the ledger of their trials.",
    "live": "Registered strategies in versions, their promotions, and their runs.",
    "trading": "Accounts, orders, positions and what was booked; limits and the kill switch.",
    "identity": "Who is calling, API keys, and who may use which account.",
    "operations": "The API's own page, and what serves the whole.",
}


def whole_api() -> dict[str, Any]:
    """Give the OpenAPI document of every capability together, with examples."""
    return described(said(), recorded_examples())


@functools.cache
def said() -> dict[str, Any]:
    """Give what the apps of all capabilities say of themselves; it is not to be changed."""
    return merged(whole_apps())


def whole_apps() -> list[FastAPI]:
    """Make the app of each capability that the document describes."""
    from algotrendy.backtest.api import create_api as backtest
    from algotrendy.identity.api import create_api as identity
    from algotrendy.live.api import create_api as live
    from algotrendy.market_data.api import create_api as market_data
    from algotrendy.trading.api import create_api as trading

    return [identity(), market_data(), backtest(), live(), trading()]


def recorded_examples() -> Examples:
    """Read the examples: what the apps answered when ``make published`` asked them."""
    text = files("algotrendy.operations").joinpath("openapi_examples.json").read_text("utf-8")
    return Examples.of(json.loads(text))


def described(plain: dict[str, Any], examples: Examples) -> dict[str, Any]:
    """Give what some apps say together, with what holds for all of them."""
    document = with_examples(tidied(json.loads(json.dumps(plain))), examples)
    return with_answers(document, ROUTES, examples.problems)


def merged(apps: Sequence[FastAPI]) -> dict[str, Any]:
    """Merge the documents of several apps.

    Raises:
        ValueError: If two apps have the same path or operation, or different schemas of one name.
    """
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "AlgoTrendy",
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        # Beside this document, wherever a gateway puts it.
        "servers": [{"url": "."}],
        "paths": {},
        "components": {},
    }
    for app in apps:
        own = app.openapi()
        # Of one path one capability may answer for a method, and another one for another.
        for path, operations in own["paths"].items():
            _add(whole["paths"].setdefault(path, {}), operations, f"operation of {path}")
        for kind, parts in own.get("components", {}).items():
            _add(whole["components"].setdefault(kind, {}), parts, kind)
        _add(whole, {"security": own.get("security", [])}, "rule")
    # What was merged is changed from here on; the apps keep what they said.
    whole = json.loads(json.dumps(whole))
    operations = [operation for _, _, operation in operations_of(whole)]
    names = [operation["operationId"] for operation in operations]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two operations have the name {', '.join(sorted(twice))}")
    for operation in operations:
        operation["summary"] = _first_sentence(operation["description"])
    used = {tag for operation in operations for tag in operation["tags"]}
    whole["tags"] = [{"name": tag, "description": TAGS.get(tag, "")} for tag in sorted(used)]
    return whole


def _first_sentence(description: str) -> str:
    paragraph = " ".join(description.split("\n\n")[0].split())
    return _SENTENCE_END.split(paragraph)[0].replace("`", "")


def _add(known: dict[str, Any], new: dict[str, Any], kind: str) -> None:
    for name, value in new.items():
        if known.setdefault(name, value) != value:
            raise ValueError(f"two capabilities have a different {kind} {name}")
