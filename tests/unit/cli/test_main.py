import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from algotrendy.cli.api_client import Refused
from algotrendy.cli.main import ENTRIES, Entry, exit_code
from algotrendy.kernel.errors import AlgoTrendyError, Conflict, Invalid, NotFound, Unavailable
from fixtures.commands import ALGOTRENDY, forked


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {**os.environ, "ALGOTRENDY_HOME": str(home), "NO_COLOR": "1", **environment}
    return forked(arguments, Path.cwd(), told, 60)


def test_help_names_every_command_and_imports_none_of_them(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['algotrendy', '--help']\n"
        "from algotrendy.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(n for n in sys.modules if n.startswith('algotrendy.cli.')"
        " or n in ('boto3', 'psutil', 'pydantic', 'fastapi')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *text, modules = done.stdout.splitlines()
    assert modules == "['algotrendy.cli.main']"
    for entry in ENTRIES:
        assert any(f" {entry.name} " in line for line in text), entry.name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_command_of_the_table_can_be_loaded_and_explains_itself(
    entry: Entry, tmp_path: Path
) -> None:
    done = run(tmp_path, entry.name, "--help")
    assert done.returncode == 0, done.stderr
    usage = " ".join(done.stdout.split("\n\n")[0].split())
    assert f"{entry.name} [OPTIONS]" in usage


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("fast", "positive", -1), 2),
        (Unavailable("emulator", "it is down"), 3),
        (NotFound("symbol", "XYZ"), 1),
        (Conflict("already there"), 1),
        (Refused("fats is no parameter", status=422), 2),
        (Refused("needs the role researcher", status=403), 1),
        (AlgoTrendyError("anything else"), 1),
    ],
)
def test_scripts_can_tell_the_errors_apart(error: AlgoTrendyError, code: int) -> None:
    assert exit_code(error) == code


def test_an_expected_error_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, "up", ALGOTRENDY_EMULATOR_PORT="http")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: ALGOTRENDY_EMULATOR_PORT must be a port number from 1 to 65535, was 'http'"
    ]


def test_debug_adds_the_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, "--debug", "up", ALGOTRENDY_EMULATOR_PORT="http")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "must be a port number" in done.stderr


def test_a_mistyped_command_gets_a_suggestion(tmp_path: Path) -> None:
    done = run(tmp_path, "stats")
    assert done.returncode == 2
    assert "status" in done.stderr


def test_down_with_nothing_running_is_fine(tmp_path: Path) -> None:
    done = run(tmp_path / "never-up", "down")
    assert done.returncode == 0
    assert done.stdout == "down: nothing was running\n"
    assert not (tmp_path / "never-up").exists()


def test_the_status_of_a_platform_that_is_down_says_how_to_start_it(tmp_path: Path) -> None:
    done = run(tmp_path, "status")
    assert done.returncode == 3
    assert "algotrendy up" in done.stdout


def test_the_status_of_a_platform_that_is_down_as_json(tmp_path: Path) -> None:
    done = run(tmp_path, "status", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout) == {"phase": "stopped", "parts": [], "home": str(tmp_path)}


def test_logs_of_an_unknown_part_say_what_there_is(tmp_path: Path) -> None:
    done = run(tmp_path, "logs", "postgres")
    assert done.returncode == 1
    assert done.stderr == "error: log postgres was not found; nothing was started yet\n"


def test_function_logs_of_a_platform_that_is_down_say_how_to_start_it(tmp_path: Path) -> None:
    done = run(tmp_path, "logs", "--function", "run-shard")
    assert done.returncode == 3
    assert "algotrendy up" in done.stderr


def test_the_executable_gives_the_version_of_the_package(tmp_path: Path) -> None:
    done = subprocess.run([ALGOTRENDY, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("algotrendy 0.")
    assert run(tmp_path, "--version").stdout == done.stdout
