"""The services that run on what was deployed are told where it is, and what people chose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.local.home import Home, project_root, write_environment_file
from algotrendy.local.services import (
    STREAMED_STYLES,
    STREAMED_SYMBOLS,
    STYLES_VARIABLE,
    SYMBOLS_VARIABLE,
    Execution,
    Streaming,
    check_streamed,
    streamed_styles,
)
from algotrendy.market_data.charts.styles import parse
from algotrendy.platform.settings import reset_settings
from fixtures.valkey import free_port


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    write_environment_file(found.environment_file, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    return found


def test_a_service_is_told_where_the_platform_is_and_little_of_the_shell(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real-money")
    monkeypatch.setenv("ALGOTRENDY_LIVE_TRADING", "true")
    for service in (Execution, Streaming):
        port = free_port()
        launch = service(home, port, home.root).prepare()
        assert launch.command[-1] == f"services.{service(home, port, home.root).name}"
        assert launch.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
        assert str(port) in launch.environment.values()
        assert "AWS_PROFILE" not in launch.environment
    # Who listens has nothing to do with money.
    assert "ALGOTRENDY_LIVE_TRADING" not in launch.environment


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        (STYLES_VARIABLE, "foo", "stream_styles must be"),
        (STYLES_VARIABLE, "renko:size=x", "stream_styles.renko.size must be"),
        (SYMBOLS_VARIABLE, "AAPL, aapl", "stream_symbols must be"),
        ("ALGOTRENDY_STREAM_FEED", "foo", "ALGOTRENDY_STREAM_FEED must be paper, "),
        ("ALGOTRENDY_STREAM_FEED", "replay:ticks@0", "with a speed above 0"),
    ],
)
def test_what_a_stream_cannot_begin_with_is_refused_in_one_line(
    variable: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is started, and by the service itself."""
    monkeypatch.setenv(variable, text)
    reset_settings()
    try:
        with pytest.raises(Invalid, match=said):
            check_streamed()
        environment = {"PYTHONPATH": "shared", "PATH": "", variable: text}
        done = subprocess.run(
            [sys.executable, "-m", "services.streaming"],
            cwd=project_root(),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        monkeypatch.undo()
        reset_settings()
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert said in line


def test_two_symbols_are_streamed_unless_others_or_none_are_chosen(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def streamed() -> str:
        return Streaming(home, free_port(), home.root).prepare().environment[SYMBOLS_VARIABLE]

    monkeypatch.delenv(SYMBOLS_VARIABLE, raising=False)
    assert streamed() == STREAMED_SYMBOLS
    for chosen in ("", "MSFT"):
        monkeypatch.setenv(SYMBOLS_VARIABLE, chosen)
        assert streamed() == chosen


def test_some_styles_that_suit_any_price_are_streamed_unless_others_are_chosen(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def streamed() -> str:
        return Streaming(home, free_port(), home.root).prepare().environment[STYLES_VARIABLE]

    for chosen in (None, "", "renko:size=1"):
        if chosen is None:
            monkeypatch.delenv(STYLES_VARIABLE, raising=False)
        else:
            monkeypatch.setenv(STYLES_VARIABLE, chosen)
        assert streamed() == streamed_styles() == (chosen or STREAMED_STYLES)
    for style in STREAMED_STYLES.split(";"):
        assert str(parse(style)) == style
