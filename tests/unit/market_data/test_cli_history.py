"""`algotrendy actions` and `algotrendy universe`, on a real lake in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.actions import app as actions_app
from algotrendy.cli.bars import app as bars_app
from algotrendy.cli.universe import app as universe_app
from algotrendy.kernel.errors import Invalid, InvalidRows, NotFound
from algotrendy.market_data import wiring
from algotrendy.platform.settings import reset_settings

STORES = (wiring.bar_store, wiring.action_store, wiring.universe_store, wiring.import_notes)


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    _forget()
    yield
    _forget()


def _forget() -> None:
    reset_settings()
    for store in STORES:
        store.cache_clear()


def actions(*arguments: object) -> Result:
    return _run(actions_app, arguments)


def universe(*arguments: object) -> Result:
    return _run(universe_app, arguments)


def bars(*arguments: object) -> Result:
    return _run(bars_app, arguments)


def _run(app: object, arguments: tuple[object, ...]) -> Result:
    done = CliRunner().invoke(app, [str(each) for each in arguments])  # type: ignore[arg-type]
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


ACTIONS = """symbol,kind,day,value,new_symbol
XYZ,split,2024-01-03,2:1,
XYZ,dividend,2024-01-04,0.5,
FB,rename,2022-06-09,,META
OLD,delisting,2023-05-01,0.25,
"""
BARS = """date,open,high,low,close,volume
2024-01-02,100,101,99,100,10
2024-01-03,50,51,49,50,20
2024-01-04,49,50,48,49,20
"""


def test_actions_are_imported_listed_and_applied(tmp_path: Path) -> None:
    path = file(tmp_path, "actions.csv", ACTIONS)
    first = actions("import", path).stdout
    assert first == "imported: 4 actions, 4 new, changed or taken back\n"
    assert actions("import", path).stdout.startswith("unchanged: 4 actions, 0 new")
    listed = actions("list", "XYZ").stdout
    assert [line.split() for line in listed.splitlines()[1:]] == [
        ["XYZ", "2024-01-03", "split", "2"],
        ["XYZ", "2024-01-04", "dividend", "0.5"],
    ]
    assert "META" in actions("list").stdout
    bars("import", "--csv", file(tmp_path, "xyz.csv", BARS), "--symbol", "XYZ")
    split = bars("show", "XYZ", "--adjustment", "split").stdout
    assert "2024-01-02  50.00  50.50  49.50  50.00      20" in split
    whole = bars("show", "XYZ", "--adjustment", "all", "--end", "2024-01-02").stdout
    assert "49.50  49.99  49.01  49.50" in whole
    with pytest.raises(NotFound, match="XYZ was not found"):
        bars("show", "XYZ", "--as-of", "2020-01-01T00:00Z")


def test_a_smaller_file_takes_back_what_lies_in_its_days_alone(tmp_path: Path) -> None:
    actions("import", file(tmp_path, "a.csv", ACTIONS))
    smaller = "symbol,kind,day,value\nXYZ,dividend,2024-01-03,0.5\nXYZ,dividend,2024-01-04,0.5\n"
    told = actions("import", file(tmp_path, "a.csv", smaller)).stdout
    assert told == "imported: 2 actions, 2 new, changed or taken back\n"
    assert "split" not in actions("list", "XYZ").stdout
    assert "META" in actions("list", "FB").stdout


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("XYZ,splits,2024-01-03,2,", "kind"),
        ("XYZ,split,2024-01-03,0,", "value"),
        ("XYZ,split,2024-01-03,2:0,", "value"),
        ("XYZ,split,3 Jan,2,", "day"),
        ("x z,split,2024-01-03,2,", "symbol"),
        ("XYZ,rename,2024-01-03,,", "new_symbol"),
        ("XYZ,dividend,2024-01-03,,", "value"),
        ("XYZ,delisting,2024-01-03,-1,", "value"),
        ("XYZ,split,2024-01-03,2,ABC", "new_symbol"),
    ],
)
def test_a_bad_action_refuses_the_file_and_is_named(tmp_path: Path, row: str, field: str) -> None:
    path = file(tmp_path, "a.csv", f"symbol,kind,day,value,new_symbol\n{row}\n")
    with pytest.raises(InvalidRows) as caught:
        actions("import", path)
    assert [(fault.line, fault.field) for fault in caught.value.rows] == [(2, field)]


def test_what_cannot_be_together_is_refused(tmp_path: Path) -> None:
    twice = "symbol,kind,day,value\nX,split,2024-01-03,2\nX,split,2024-01-03,3\n"
    with pytest.raises(Invalid, match="actions must be one split of X on 2024-01-03, was 2"):
        actions("import", file(tmp_path, "a.csv", twice))
    with pytest.raises(Invalid, match="either a CSV file or --alpaca"):
        actions("import")
    overlapping = "symbol,first,last\nX,2020-01-01,\nX,2021-01-01,\n"
    with pytest.raises(Invalid, match=r"X\.first must be after the stay before it"):
        universe("import", "all", file(tmp_path, "u.csv", overlapping))


STAYS = """symbol,first,last
AAPL,2015-01-01,
FB,2013-12-23,
OLD,2010-01-01,
GE,1980-01-01,2018-06-25
GE,2024-04-02,
"""


def test_members_are_those_of_the_day_by_its_names_and_without_the_delisted(
    tmp_path: Path,
) -> None:
    path = file(tmp_path, "u.csv", STAYS)
    assert universe("import", "big", path).stdout == "imported: 5 stays of 4 symbols in big\n"
    assert universe("import", "big", path).stdout.startswith("unchanged: 5 stays")
    actions("import", file(tmp_path, "a.csv", ACTIONS))

    def on(day: str) -> list[str]:
        return universe("show", "big", "--as-of", day).stdout.split()

    assert on("2012-01-01") == ["GE", "OLD"]
    assert on("2018-06-25") == ["AAPL", "FB", "GE", "OLD"]
    assert on("2022-06-08") == ["AAPL", "FB", "OLD"]
    assert on("2022-06-09") == ["AAPL", "META", "OLD"]
    assert on("2023-04-30") == ["AAPL", "META", "OLD"]
    assert on("2023-05-01") == ["AAPL", "META"]
    assert on("2024-04-02") == ["AAPL", "GE", "META"]
    assert universe("list").stdout == "big\n"


def test_an_edition_is_kept_when_a_universe_is_imported_anew(tmp_path: Path) -> None:
    universe("import", "big", file(tmp_path, "u.csv", STAYS))
    recorded = wiring.universe_store().read("big").recorded
    universe("import", "big", file(tmp_path, "u.csv", "symbol,first\nIBM,1990-01-01\n"))
    day = ("--as-of", "2016-01-01")
    assert universe("show", "big", *day).stdout == "IBM\n"
    then = universe("show", "big", *day, "--known", recorded.isoformat()).stdout
    assert then.split() == ["AAPL", "FB", "GE", "OLD"]
    with pytest.raises(NotFound, match="universe big was not found; there are big"):
        universe("show", "big", "--known", "2001-01-01T00:00Z")
    with pytest.raises(NotFound, match="universe small was not found; there are big"):
        universe("show", "small")


@pytest.mark.parametrize(
    ("app", "given", "header", "rows"),
    [
        (actions_app, (), "symbol,kind,day,value", ("XYZ,splot,2024-01-03,2", "X Y,split,soon,2")),
        (universe_app, ("sp500",), "symbol,first,last", ("A B,2024-01-03,", "XYZ,soon,")),
    ],
)
def test_every_bad_row_is_told(
    tmp_path: Path, app: object, given: tuple[str, ...], header: str, rows: tuple[str, ...]
) -> None:
    path = file(tmp_path, "rows.csv", "\n".join((header, *rows)))
    done = CliRunner().invoke(app, ["import", *given, str(path)])  # type: ignore[arg-type]
    assert isinstance(done.exception, InvalidRows)
    assert "rows.csv: nothing was imported; 2 bad rows" in done.stderr
    assert [line.split()[1] for line in done.stderr.splitlines()[1:]] == ["2:", "3:"]
