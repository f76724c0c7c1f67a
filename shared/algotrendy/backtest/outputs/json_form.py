"""Write a run as JSON: what was run, what it came to, and what was assumed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from algotrendy.backtest.data.moments import in_words
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.outputs.assumptions import assumptions_of
from algotrendy.backtest.outputs.cautions import cautions_of
from algotrendy.backtest.outputs.findings import Findings, findings_of
from algotrendy.strategy.fingerprint import code_hash

FORMAT = 1
"""Grows when a name in the JSON changes its meaning or goes away."""


def to_json(backtest: Backtest, **options: Any) -> str:
    """Write a run as JSON text; options as of ``findings_of``.

    Undefined figures are null, never NaN. The same run gives the same text.
    """
    found = findings_of(backtest, **{"scenarios": False, **options})
    return json.dumps(described(found), indent=1, ensure_ascii=False, allow_nan=False)


def described(findings: Findings) -> dict[str, Any]:
    """Give a run as plain dicts, lists, texts and finite numbers."""
    run = findings.backtest
    return {
        "format": FORMAT,
        "strategy": _strategy(run),
        "data": _data(run),
        "terms": plain(asdict(run.setting.terms)),
        "run": {
            "engine": ENGINE_VERSION,
            "mode": run.mode,
            "why_interpreted": run.why_interpreted,
            "trade_from": run.setting.trade_from,
            "periods_per_year": findings.periods_per_year,
        },
        "summary": plain(asdict(findings.key)),
        "statistics": plain(findings.full.as_dict()),
        "benchmark": {
            "name": findings.benchmark.name,
            "summary": None
            if findings.benchmark.statistics is None
            else plain(asdict(findings.benchmark.statistics)),
        },
        "costs": plain(run.costs()),
        "scenarios": {found.name: plain(asdict(found.statistics)) for found in findings.scenarios},
        "warnings": list(cautions_of(findings)),
        "assumptions": dict(assumptions_of(findings)),
    }


def plain(value: Any) -> Any:
    """Turn a value into what JSON has: numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value


def _strategy(run: Backtest) -> dict[str, Any]:
    strategy = run.setting.strategy
    return {
        "name": strategy.name,
        "summary": strategy.summary,
        "source": strategy.source,
        "parameters": plain(run.setting.values),
        "code_sha256": code_hash(strategy),
    }


def _data(run: Backtest) -> dict[str, Any]:
    dataset = run.setting.dataset
    return {
        "sha256": dataset.sha256(),
        "currency": dataset.currency,
        "timeframes": list(dataset.timeframes),
        "steps": len(dataset),
        "first": in_words(int(dataset.timeline[0])),
        "last": in_words(int(dataset.timeline[-1])),
        "assets": [
            {
                "symbol": asset.symbol,
                "currency": asset.currency,
                "multiplier": asset.multiplier,
                "bars": len(asset.base),
                "actions": len(asset.actions),
            }
            for asset in dataset.assets
        ],
    }
