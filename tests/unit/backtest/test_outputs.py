from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from algotrendy.backtest.data.actions import split
from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs import definitions
from algotrendy.backtest.outputs.assumptions import assumptions_of
from algotrendy.backtest.outputs.cautions import cautions_of, share_of_best
from algotrendy.backtest.outputs.findings import findings_of
from algotrendy.backtest.outputs.json_form import plain
from algotrendy.backtest.outputs.trips import trips_of
from algotrendy.backtest.outputs.writing import replaced, write_bytes
from algotrendy.backtest.statistics.annual import steps_a_year
from algotrendy.backtest.statistics.benchmark import Relative
from algotrendy.backtest.statistics.drawdowns import DrawdownSummary
from algotrendy.backtest.statistics.exposure import Activity
from algotrendy.backtest.statistics.of_run import statistics_of
from algotrendy.backtest.statistics.returns import Growth
from algotrendy.backtest.statistics.risk import Ratios, Risk
from algotrendy.backtest.statistics.round_trips import TradeStatistics
from algotrendy.backtest.statistics.selection import Confidence
from algotrendy.backtest.statistics.summary import periods_per_year, summarise
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.making import strategy
from fakes.run_reports import TERMS, many_trades, no_trades, two_assets

MANY, NONE, TWO = many_trades(), no_trades(), two_assets()


def read(path: Path) -> dict[str, list[Any]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description or ()]
        rows = found.fetchall()
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


@pytest.mark.parametrize("backtest", [MANY, NONE, TWO], ids=["many", "none", "two"])
def test_parquet_gives_back_what_the_run_holds(backtest: Any, tmp_path: Path) -> None:
    paths = backtest.to_parquet(tmp_path / "run")
    assert [path.name for path in paths] == [
        "equity.parquet",
        "fills.parquet",
        "orders.parquet",
        "trades.parquet",
    ]
    assert sorted((tmp_path / "run").iterdir()) == sorted(paths)
    equity, fills, orders, trades = (read(path) for path in paths)
    assert equity["equity"] == backtest.equity.tolist()
    seconds = [moment.timestamp() for moment in equity["time"]]
    assert seconds == (backtest.time / 1e9).tolist()
    for name in ("units", "price", "fee", "slippage", "step", "order"):
        assert fills[name] == backtest.fills[name].tolist()
    assert orders["filled"] == backtest.orders["filled"].tolist()
    assert orders["id"] == list(range(1, len(backtest.orders) + 1))
    assert set(orders["side"]) <= {"buy", "sell"}
    closed = [pnl for pnl, still in zip(trades["pnl"], trades["is_open"], strict=True) if not still]
    assert closed == [trade.pnl for trade in backtest.trades]
    assert len(trades["pnl"]) == len(backtest.trades) + len(backtest.open_trades)


def test_parquet_of_the_same_run_is_the_same_to_the_byte(tmp_path: Path) -> None:
    first, second = MANY.to_parquet(tmp_path / "a"), many_trades().to_parquet(tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_price_that_an_order_does_not_have_is_null(tmp_path: Path) -> None:
    orders = read(MANY.to_parquet(tmp_path)[2])
    assert set(orders["kind"]) == {"market"}
    assert set(orders["limit"]) == set(orders["stop"]) == {None}


def test_json_gives_back_the_figures_and_says_what_was_run() -> None:
    found = json.loads(MANY.to_json())
    key = summarise(MANY)
    assert found["summary"] == {f.name: getattr(key, f.name) for f in fields(key)}
    assert found["strategy"]["parameters"] == {"fast": 3, "slow": 10, "units": 0}
    assert found["data"]["sha256"] == MANY.setting.dataset.sha256()
    assert found["terms"]["slippage_bps"] == 2.0
    assert found["costs"] == MANY.costs()
    assert found["run"]["mode"] == "interpreted"
    assert "next bar's open" in found["assumptions"]["Orders"]
    assert found["statistics"]["growth"]["total_return"] == key.total_return


@pytest.mark.parametrize("backtest", [NONE, many_trades(1), many_trades(2), TWO])
def test_json_has_null_for_what_is_not_defined_and_never_nan(backtest: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(backtest.to_json(), parse_constant=refuse)
    if not backtest.trades:
        assert found["summary"]["win_rate"] is None


def test_what_is_not_finite_becomes_null() -> None:
    given = {"a": math.nan, "b": [np.float64(math.inf), np.int64(3)], "c": np.array([1.0, -1.5])}
    assert plain(given) == {"a": None, "b": [None, 3], "c": [1.0, -1.5]}


def test_json_and_report_are_written_to_files(tmp_path: Path) -> None:
    path = NONE.save_json(tmp_path / "deep" / "run.json")
    assert json.loads(path.read_text()) == json.loads(NONE.to_json())
    page = NONE.report(tmp_path / "run.html", scenarios=False, title="Mine & yours")
    assert b"Mine &amp; yours" in page.read_bytes()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["deep", "run.html"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "kept.json", b"old")

    def write() -> None:
        with replaced(path) as partial:
            partial.write_bytes(b"ne")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"")
    with pytest.raises(Invalid, match="a file that can be written"):
        MANY.to_parquet(tmp_path / "file")


def test_the_summary_stands_beside_the_benchmark_in_text_and_html() -> None:
    text = str(MANY.summary())
    lines = text.splitlines()
    assert lines[0] == "sma_cross on AAA"
    assert lines[1].endswith("900 bars of 1Day · interpreted")
    [final] = [line for line in lines if line.startswith("Final equity")]
    assert f"{MANY.equity[-1]:,.0f}" in final
    assert max(map(len, lines)) <= 88
    html = MANY._repr_html_()
    assert f"<td>{MANY.equity[-1]:,.0f}</td>" in html
    assert "<script" not in html


def test_a_name_with_markup_stays_a_name_in_a_summary() -> None:
    named = replace(MANY.setting.strategy, name="[bold]<b>x</b>")
    summary = replace(MANY, setting=replace(MANY.setting, strategy=named)).summary()
    assert "[bold]<b>x</b> on AAA" in str(summary)
    assert "<b>x</b>" not in summary.to_html()


GROUPS = [
    (definitions.GROWTH, Growth),
    (definitions.RISK, Risk),
    (definitions.RATIOS, Ratios),
    (definitions.DRAWDOWNS, DrawdownSummary),
    (definitions.ACTIVITY, Activity),
    (definitions.TRADES, TradeStatistics),
    (definitions.BENCHMARK, Relative),
    (definitions.CONFIDENCE, Confidence),
]


@pytest.mark.parametrize(("group", "kind"), GROUPS, ids=[kind.__name__ for _, kind in GROUPS])
def test_every_figure_has_a_label_and_a_definition(group: Any, kind: Any) -> None:
    assert {figure.name for figure in group} == {field.name for field in fields(kind)}
    assert all(figure.label and figure.definition.endswith(".") for figure in group)
    assert len({figure.label for figure in group}) == len(group)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, "percent", "–"),
        (-0.1234, "percent", "−12.3%"),
        (0.00321, "percent", "0.321%"),
        (0.0, "percent", "0.0%"),
        (1234567.8, "money", "1,234,568"),
        (0.0123, "number", "0.012"),
        (1.0, "number", "1.00"),
    ],
)
def test_figures_are_written_for_people(value: Any, form: Any, text: str) -> None:
    assert definitions.written(value, form) == text


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_a_year_has_as_many_bars_as_in_a_sweep(timeframe: Timeframe) -> None:
    assert steps_a_year(timeframe.value) == pytest.approx(periods_per_year(timeframe))


def test_longer_bars_are_fewer_a_year() -> None:
    assert (steps_a_year("1Week"), steps_a_year("3Month")) == (52.0, 4.0)


def test_few_trades_are_warned_of() -> None:
    assert any("only" in words for words in cautions_of(findings_of(many_trades(60))))
    assert not any("only" in words for words in cautions_of(findings_of(MANY)))


def test_a_profit_of_a_few_trades_is_warned_of() -> None:
    assert share_of_best(np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])) == 0.5
    assert share_of_best(np.array([1.0, -2.0])) is None
    assert share_of_best(np.array([10.0, 10, 10, 10, 10, -20, -20])) == 5.0


def test_cut_unfilled_interpreted_and_ruin_are_warned_of() -> None:
    account = MANY.raw.account
    assert account.cut > 0
    warned = cautions_of(findings_of(replace(MANY, why_interpreted="a set is used")))
    assert any(f"{account.cut} fills were made smaller" in words for words in warned)
    assert any("could not be compiled: a set is used" in words for words in warned)


def test_a_gain_that_harsh_fills_take_away_is_warned_of() -> None:
    found = findings_of(MANY)
    given, harsh = (scenario.statistics.total_return for scenario in found.scenarios[1:])
    warned = any("Under harsh fills" in words for words in cautions_of(found))
    assert warned == (given > 0.0 >= harsh)
    kind, hard = found.scenarios[0], found.scenarios[2]
    turned = replace(found)
    turned.__dict__["scenarios"] = (
        kind,
        replace(kind, statistics=replace(kind.statistics, total_return=0.5)),
        replace(hard, statistics=replace(hard.statistics, total_return=-0.25)),
    )
    assert any("a loss of 25.0%" in words for words in cautions_of(turned))


def test_buy_and_hold_begins_when_the_warm_up_ends() -> None:
    late = run(replace(MANY.setting, trade_from=100), "interpreted")
    found = findings_of(late).benchmark
    assert (found.equity[:101] == TERMS.cash).all()
    assert len(found.equity) == len(late.time)
    closes = MANY.setting.dataset.assets[0].base.close
    held = found.equity[102:] - found.equity[101]
    units = held[-1] / (closes[-1] - closes[101])
    assert units > 1.0
    assert held == pytest.approx((closes[102:] - closes[101]) * units)


def test_harsh_terms_stay_within_what_terms_may_be() -> None:
    dear = replace(TERMS, fee_bps=4_000.0, slippage_bps=3_000.0, impact_bps=9_000.0)
    harsh = dear.harsh()
    assert (harsh.fee_bps, harsh.slippage_bps, harsh.impact_bps) == (5_000.0, 5_000.0, 10_000.0)
    assert TERMS.harsh().fee_bps == 2 * TERMS.fee_bps


def test_harsh_terms_pay_no_better_for_cash() -> None:
    assert replace(TERMS, cash_rate=-0.005).harsh().cash_rate == -0.01
    assert replace(TERMS, cash_rate=0.02).harsh().cash_rate == 0.0


def test_trials_deflate_and_their_doubt_is_told() -> None:
    found = findings_of(MANY, trials=1_000)
    assert found.full.confidence.trials == 1_000
    assert any("After 1,000 trials" in words for words in cautions_of(found))


def test_assumptions_say_what_the_terms_say() -> None:
    words = dict(assumptions_of(findings_of(TWO)))
    assert "2 basis points of the price" in words["Slippage"]
    assert "5 basis points of a fill's value" in words["Fees"]
    assert "Short sales are allowed" in words["Cash, shorts, leverage"]
    assert "2 times the equity" in words["Cash, shorts, leverage"]
    assert "0.03 paid on shares held short" in words["Interest and borrowing"]
    assert "no corporate actions" in words["Prices and corporate actions"]
    assert "252 bars a year" in words["Figures"]
    assert TWO.setting.dataset.sha256() in words["To repeat it"]


def test_free_trading_is_called_what_it_is() -> None:
    free = run(
        replace(MANY.setting, terms=Terms(1_000.0, fee_bps=0.0, fee_minimum=1.5)), "interpreted"
    )
    words = dict(assumptions_of(findings_of(free)))
    assert words["Fees"] == "1.5 a fill."
    assert words["Slippage"].startswith("None")
    assert words["Volume"].startswith("No limit")


def test_the_excursions_of_each_asset_are_its_own() -> None:
    trips = trips_of(TWO)
    assert set(trips.asset.tolist()) == {0, 1}
    assert set(np.sign(trips.units[trips.asset == 1])) == {-1.0}
    assert (trips.adverse <= 0.0).all()
    assert (trips.favourable >= 0.0).all()
    both = statistics_of(MANY, high=HIGH, low=LOW).trades
    own = trips_of(MANY)
    assert both is not None
    closed = own.adverse[~own.is_open]
    assert both.all.worst_adverse == pytest.approx(closed.min(), rel=1e-12)


HIGH = MANY.setting.dataset.assets[0].base.high
LOW = MANY.setting.dataset.assets[0].base.low


def test_a_split_is_no_excursion() -> None:
    day = 86_400_000_000_000
    price = np.array([100.0, 100.0, 100.0, 50.0, 50.0, 50.0, 50.0, 50.0])
    bars = {
        "time": np.arange(8) * day,
        "open": price,
        "high": price * 1.01,
        "low": price * 0.99,
        "close": price,
    }

    def hold(market: Any, own: Any, p: Any) -> None:
        if len(market.close) == 1:
            market.buy(10.0)
        if len(market.close) == 5:
            market.exit()

    dataset = from_arrays({"AAA": bars}, timeframe="1Day", actions={"AAA": [split(3 * day, 2.0)]})
    terms = Terms(10_000.0, fee_bps=0.0)
    made = run(Setting(dataset, strategy()(hold), {}, terms), "interpreted")
    trips = trips_of(made)
    assert len(trips) == 1
    assert not trips.is_open[0]
    assert trips.profit[0] == pytest.approx(0.0)
    assert trips.adverse[0] == pytest.approx(-0.01)
    assert trips.favourable[0] == pytest.approx(0.01)


def test_a_daily_bar_known_at_midnight_belongs_to_the_month_that_ends() -> None:
    months = findings_of(MANY).full.calendar.months
    assert months[0][:2] == (2000, 1)
    first = findings_of(many_trades(31)).full.calendar.months
    assert [month[:2] for month in first] == [(2000, 1)]
