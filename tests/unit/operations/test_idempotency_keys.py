"""Whatever acts can be sent twice: a walk of every route of the API's document."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.operations.openapi import whole_api

# A POST that only asks, of which a second does nothing more than the first.
ONLY_ASKS: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def posts() -> dict[str, dict[str, Any]]:
    """Give every POST by its path."""
    return {path: found["post"] for path, found in whole_api()["paths"].items() if "post" in found}


def test_every_post_that_acts_takes_an_idempotency_key(posts: dict[str, dict[str, Any]]) -> None:
    without = {
        path
        for path, operation in posts.items()
        if not any(
            parameter.get("in") == "header" and parameter["name"].lower() == "idempotency-key"
            for parameter in operation.get("parameters", ())
        )
    }
    assert len(posts) >= 11
    assert without == ONLY_ASKS
