"""Hold what the benchmark of backtests makes of its lines."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.ratios import ratios, table


def line(workload: str, peer: str, mode: str, **more: Any) -> dict[str, Any]:
    rates = {"bars_per_s": 1_000, "runs_per_s": 1.0}
    seen = {"first_call_s": 0.5, "peak_memory_mb": 64.0, "final_equity": 99.5, "fills": 2}
    return {
        "workload": workload,
        "peer": peer,
        "mode": mode,
        "parity": True,
        **rates,
        **seen,
    } | more


def test_a_ratio_says_how_many_times_as_fast_we_are() -> None:
    lines = [
        line("W1", "ours", "compiled", bars_per_s=36_000_000),
        line("W1", "ours", "interpreted", bars_per_s=900_000),
        line("W1", "vectorbt", "arrays", bars_per_s=6_000_000),
    ]
    assert ratios(lines) == {
        "W1": {"compiled": {"vectorbt (arrays)": 6.0}, "interpreted": {"vectorbt (arrays)": 0.15}}
    }


def test_a_sweep_is_compared_by_runs_and_not_by_bars() -> None:
    lines = [
        line("W2", "ours", "compiled", runs_per_s=50_000.0),
        line("W2", "raptorbt", "arrays", runs_per_s=5_000.0),
    ]
    assert ratios(lines)["W2"]["compiled"]["raptorbt (arrays)"] == 10.0


def test_workloads_are_not_compared_with_one_another() -> None:
    lines = [line("W1", "ours", "compiled"), line("W4", "vectorbt", "arrays")]
    assert ratios(lines) == {"W1": {"compiled": {}}}


def test_a_peer_that_could_not_be_measured_has_no_ratio_and_keeps_its_reason() -> None:
    failed = {"workload": "W1", "peer": "vectorbt", "mode": "", "failed": "does not install"}
    lines = [line("W1", "ours", "compiled"), failed]
    assert ratios(lines) == {"W1": {"compiled": {}}}
    assert "not measured: does not install" in table(lines)


def test_the_table_has_the_fastest_of_a_workload_first_and_says_whose_figures_differ() -> None:
    slow = line("W1", "backtrader", "Python", bars_per_s=5_000, parity=False)
    rows = table([slow, line("W1", "ours", "compiled", bars_per_s=10_000_000)]).splitlines()
    assert [row.split()[1] for row in rows[1:]] == ["ours", "backtrader"]
    assert rows[2].endswith("differs")
