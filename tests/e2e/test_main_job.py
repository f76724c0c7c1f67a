"""The main job, from the command line, over the deployed platform."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fixtures.commands import ALGOTRENDY
from fixtures.platform import Platform

pytestmark = pytest.mark.platform

SWEEP = ("sweep", "sma_cross", "AAPL", "IBM", "-p", "fast=5:40:5", "-p", "slow=50:200:25")


@pytest.fixture(scope="module", autouse=True)
def _signed_in(platform: Platform) -> None:
    platform.token("ada")


@pytest.fixture(scope="module")
def deployed(platform: Platform) -> Path:
    platform.succeed(*SWEEP, "--out", "deployed")
    return platform.home / "deployed"


def test_both_executors_write_the_same_table_to_the_byte(
    platform: Platform, deployed: Path
) -> None:
    platform.succeed(*SWEEP, "--executor", "local", "--out", "local")
    table = (platform.home / "local" / "results.csv").read_bytes()
    assert table == (deployed / "results.csv").read_bytes()
    assert len(table.splitlines()) == 1 + 2 * 56


def test_a_seed_draws_the_same_sample_under_both_executors(platform: Platform) -> None:
    sample = (*SWEEP, "--max-runs", "20", "--seed", "7")
    for executor in ("local", "stepfunctions"):
        platform.succeed(*sample, "--executor", executor, "--out", f"seeded-{executor}")
    local, deployed = (
        (platform.home / f"seeded-{executor}" / "results.csv").read_bytes()
        for executor in ("local", "stepfunctions")
    )
    assert local == deployed
    assert len(local.splitlines()) == 1 + 20


def test_the_report_is_one_file_that_needs_no_network(deployed: Path) -> None:
    page = (deployed / "report.html").read_text(encoding="utf-8")
    assert "AAPL" in page
    assert 'src="http' not in page
    assert 'href="http' not in page.replace('href="https://github.com', "")


def test_a_second_up_does_nothing_over_again(platform: Platform) -> None:
    before = platform.status()
    platform.succeed("up", timeout_s=60)
    after = platform.status()
    pids = [[part["pid"] for part in status["parts"]] for status in (before, after)]
    assert pids[0] == pids[1]
    assert after["fingerprint"] == before["fingerprint"]
    assert {step["state"] for step in after["steps"]} <= {"skipped"}, after["steps"]


def test_an_import_again_changes_nothing(platform: Platform) -> None:
    assert "unchanged:" in platform.succeed("bars", "import", "--source", "bokeh")


def test_a_file_with_bad_rows_is_refused_with_every_line(platform: Platform) -> None:
    rows = [
        "date,open,high,low,close,volume",
        "2024-01-02,10,11,9,10.5,100",
        "2024-01-03,10,9,11,10,100",
        "2024-01-04,ten,11,9,10,100",
    ]
    (platform.home / "bad.csv").write_text("\n".join(rows) + "\n")
    refused = platform.run("bars", "import", "--csv", "bad.csv", "--symbol", "BAD")
    assert refused.returncode == 2
    assert "line 3" in refused.stderr
    assert "line 4" in refused.stderr
    assert "BAD" not in platform.succeed("bars", "list")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("NONE",), "NONE"),
        (("AAPL", "-p", "fast=0"), "parameters.fast"),
        (("AAPL", "--from", "2031-01-01"), "start"),
    ],
)
@pytest.mark.parametrize("executor", ["local", "stepfunctions"])
def test_a_bad_request_is_one_clear_line(
    platform: Platform, executor: str, arguments: tuple[str, ...], words: str
) -> None:
    refused = platform.run("sweep", "sma_cross", *arguments, "--executor", executor)
    assert refused.returncode in (1, 2)
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not in {timeout_s} s"
        time.sleep(0.05)


def started(platform: Platform, out: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(ALGOTRENDY), *SWEEP, "-p", "units=0,1,2,3,4,5", "--out", out],
        cwd=platform.home,
        env=platform.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def shard_results(platform: Platform) -> int:
    bucket = platform.results_bucket
    pages = platform.aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return sum("/results/shard-" in key for key in keys)


@pytest.fixture(scope="module")
def expected(platform: Platform) -> bytes:
    arguments = (*SWEEP, "-p", "units=0,1,2,3,4,5", "--executor", "local", "--out", "expected")
    platform.succeed(*arguments)
    return (platform.home / "expected" / "results.csv").read_bytes()


def test_workers_killed_in_mid_sweep_lose_and_double_nothing(
    platform: Platform, expected: bytes
) -> None:
    before = shard_results(platform)
    sweep = started(platform, "killed-workers")
    wait_until(lambda: shard_results(platform) > before, "a first shard")
    emulator = psutil.Process(platform.part("emulator")["pid"])
    killed = [worker for worker in emulator.children(recursive=True) if worker.is_running()]
    for worker in killed:
        worker.kill()
    output, _ = sweep.communicate(timeout=120)
    assert killed
    assert sweep.returncode == 0, output
    assert (platform.home / "killed-workers" / "results.csv").read_bytes() == expected


def test_an_emulator_killed_in_mid_sweep_comes_back_and_the_sweep_ends_right(
    platform: Platform, expected: bytes
) -> None:
    before, pid = shard_results(platform), platform.part("emulator")["pid"]
    sweep = started(platform, "killed-emulator")
    wait_until(lambda: shard_results(platform) > before, "a first shard")
    psutil.Process(pid).kill()
    wait_until(
        lambda: (
            platform.part("emulator")["pid"] not in (None, pid)
            and platform.status()["phase"] == "ready"
        ),
        "the emulator is back",
    )
    restart = next(
        found["FunctionName"]
        for page in platform.aws("lambda").get_paginator("list_functions").paginate()
        for found in page["Functions"]
        if "restart-lost-studies" in found["FunctionName"]
    )
    # What the schedule does every minute.
    wait_until(lambda: _picked_up(platform, restart, sweep), "the sweep ends", timeout_s=120)
    output, _ = sweep.communicate(timeout=60)
    assert sweep.returncode == 0, output
    assert (platform.home / "killed-emulator" / "results.csv").read_bytes() == expected


def _picked_up(platform: Platform, function: str, sweep: subprocess.Popen[str]) -> bool:
    platform.aws("lambda").invoke(FunctionName=function, Payload=b"{}")
    time.sleep(2)
    return sweep.poll() is not None
