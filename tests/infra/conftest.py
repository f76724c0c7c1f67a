"""Synthesise every stage once, and remember it for as long as nothing that it reads changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from algotrendy.local.fingerprint import synth_fingerprint
from fakes.cloud_assembly import Stage

ROOT = Path(__file__).resolve().parents[2]
INFRA_PYTHON = ROOT / ".venv-infra" / "bin" / "python"
STAGES = ("local", "dev", "prod")

# Of infra_cdk, config and layers need nothing of the CDK: tests import them by name.
sys.path.append(str(ROOT))

Json = dict[str, Any]


def infra_environment() -> dict[str, str]:
    """Give the environment of a synth: no account, and nothing of the tests' own AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}


def synthesise(stage: str, output: Path) -> None:
    environment = {
        **infra_environment(),
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps({"stage": stage}),
        "ALGOTRENDY_CORS_ORIGINS": "https://console.example.com",
        "ALGOTRENDY_STREAM_SYMBOLS": "AAPL,BTC/USD",
        "ALGOTRENDY_LOCAL_CACHE_URL": "redis://127.0.0.1:6380",
    }
    done = subprocess.run(
        [INFRA_PYTHON, "infra_cdk/app.py"],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"stage {stage}:\n{done.stdout}\n{done.stderr}"


def _assembly(stage: str) -> Path:
    fingerprint = synth_fingerprint(ROOT, {"stage": stage, "tests": Path(__file__).read_text()})
    home = ROOT / ".build" / "synth"
    finished = home / f"{stage}-{fingerprint}"
    if not (finished / "manifest.json").is_file():
        fresh = home / f".{stage}-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        home.mkdir(parents=True, exist_ok=True)
        synthesise(stage, fresh)
        for old in home.glob(f"{stage}-*"):
            # Another run of the tests may be reading a younger one.
            if old.stat().st_mtime < time.time() - 3600:
                shutil.rmtree(old, ignore_errors=True)
        try:
            fresh.rename(finished)
        except OSError:
            # Another run of the tests was first, with the same result.
            if not (finished / "manifest.json").is_file():
                raise
            shutil.rmtree(fresh, ignore_errors=True)
    return finished


@pytest.fixture(scope="session")
def stages() -> dict[str, Stage]:
    first, *others = STAGES
    # Alone: it compiles the CDK's modules, as large as they are, for all of them.
    assemblies = [_assembly(first)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        assemblies += pool.map(_assembly, others)
    return dict(zip(STAGES, map(Stage, STAGES, assemblies), strict=True))


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, stages: dict[str, Stage]) -> Stage:
    return stages[request.param]


@pytest.fixture(params=("dev", "prod"))
def cloud(request: pytest.FixtureRequest, stages: dict[str, Stage]) -> Stage:
    return stages[request.param]


@pytest.fixture(scope="session")
def planted() -> Callable[[str], Json]:
    """Give what the CDK made of one small app of tests/infra/planted.py."""
    done = subprocess.run(
        [INFRA_PYTHON, Path(__file__).with_name("planted.py")],
        cwd=ROOT,
        env=infra_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Json] = json.loads(done.stdout.splitlines()[-1])
    return found.__getitem__
