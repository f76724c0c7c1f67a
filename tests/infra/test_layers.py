"""The layers: the locked versions, the same bytes on every build, safe beside another build."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import tomllib
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fakes.cloud_assembly import Stage
from fakes.loaded_packages import brought_by, loaded_by

# By name: the type checker of the tests does not follow infra_cdk into the CDK.
config: Any = importlib.import_module("infra_cdk.config")
layers: Any = importlib.import_module("infra_cdk.layers")

ROOT = Path(__file__).resolve().parents[2]
PROVIDED = {"boto3", "botocore", "s3transfer", "urllib3", "python-dateutil", "six"}
Builder = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with a little product code and no uv."""
    package = tmp_path / "project" / "shared" / "algotrendy"
    for name in ("kernel/money.py", "local/home.py", "cli/main.py", "tests/kept.py"):
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\n")
    (package / "kernel" / "__pycache__").mkdir()
    (package / "kernel" / "__pycache__" / "old.pyc").write_bytes(b"stale")
    return tmp_path / "project"


@pytest.fixture
def builder(project: Path) -> Builder:
    target = config.PackageTarget(
        python_version="{}.{}".format(*sys.version_info[:2]),
        machine="x86_64",
        python=Path(sys.executable),
    )

    def make(output: Path, **environment: str) -> Any:
        return layers.LayerBuilder(target, root=project, output=output, environment=environment)

    return make


def names(archive: str) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def test_the_code_layer_holds_the_product_without_the_laptop_and_the_command_line(
    builder: Builder, tmp_path: Path
) -> None:
    built = builder(tmp_path / "out").build("code")
    sources = [name for name in names(built.archive) if name.endswith(".py")]
    assert sources == ["python/algotrendy/kernel/money.py", "python/algotrendy/tests/kept.py"]
    bytecode = [name for name in names(built.archive) if name.endswith(".pyc")]
    assert len(bytecode) == 2
    assert not any("old" in name for name in bytecode)


def test_the_same_code_gives_the_same_bytes(
    builder: Builder, project: Path, tmp_path: Path
) -> None:
    first = builder(tmp_path / "one").build("code")
    (project / "shared/algotrendy/kernel/money.py").touch()
    second = builder(tmp_path / "two").build("code")
    assert first.archive != second.archive
    assert first.sha256 == second.sha256


def test_a_finished_build_is_used_again_until_its_sources_change(
    builder: Builder, project: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    first = builder(output).build("code")
    written = Path(first.archive).stat().st_mtime_ns
    assert builder(output).build("code") == first
    assert Path(first.archive).stat().st_mtime_ns == written
    (project / "shared/algotrendy/kernel/money.py").write_text("NAME = 'changed'\n")
    assert builder(output).build("code").sha256 != first.sha256


def test_builds_at_the_same_time_end_with_one_whole_archive(
    builder: Builder, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: builder(output).build("code"), range(4)))
    assert len({built_layer.sha256 for built_layer in built}) == 1
    [home] = output.iterdir()
    assert sorted(path.name for path in home.iterdir()) == ["layer.json", "layer.zip"]


def test_a_missing_uv_says_how_to_get_it(builder: Builder, project: Path, tmp_path: Path) -> None:
    for name in ("uv.lock", "layers/provided.txt", "layers/core/requirements.in"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    empty = tmp_path / "bin"
    empty.mkdir()
    with pytest.raises(layers.LayerBuildError, match="uv was not found: run `make setup`"):
        builder(tmp_path / "out", PATH=str(empty)).build("core")
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


def test_a_failing_uv_says_what_it_said(builder: Builder, project: Path, tmp_path: Path) -> None:
    for name in ("uv.lock", "layers/provided.txt", "layers/core/requirements.in"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    fake = tmp_path / "uv"
    fake.write_text("#!/bin/sh\necho 'no such index' >&2\nexit 2\n")
    fake.chmod(0o755)
    with pytest.raises(layers.LayerBuildError, match="uv export --frozen failed:\nno such index"):
        builder(tmp_path / "out", PATH="/usr/bin:/bin", UV=str(fake)).build("core")


def test_the_layers_hold_the_locked_versions_and_nothing_twice(stages: dict[str, Stage]) -> None:
    locked: dict[str, set[str]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]:
        locked.setdefault(package["name"], set()).add(package.get("version", ""))
    manifests = [
        json.loads(path.read_text()) for path in (ROOT / ".build" / "layers").glob("*/layer.json")
    ]
    used = {
        hashlib.sha256(asset.read_bytes()).hexdigest()
        for stage in stages.values()
        for asset in stage.assembly.glob("asset.*.zip")
    }
    current = [found for found in manifests if found["sha256"] in used]
    assert {found["profile"] for found in current} == {
        *("code", "core", "web", "data", "lake", "compute", "history", "runs")
    }
    for found in current:
        for name, version in found["packages"].items():
            assert version in locked[name], f"{name} {version}"
        assert not PROVIDED & found["packages"].keys()
    core = next(set(found["packages"]) for found in current if found["profile"] == "core")
    for found in current:
        if found["profile"] != "core":
            assert not core & set(found["packages"])


def test_the_cloud_layers_hold_arm_binaries_and_their_metadata(stages: dict[str, Stage]) -> None:
    archives = sorted(stages["prod"].assembly.glob("asset.*.zip"))
    libraries, metadata = [], []
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith("METADATA"):
                    metadata.append(name)
                if name.endswith(".so") or ".so." in name:
                    libraries.append((name, opened.read(name)[:20]))
    assert any("deltalake" in name for name, _ in libraries)
    # ELF header, e_machine at byte 18: 0xB7 is AArch64.
    wrong = [name for name, head in libraries if head[:4] != b"\x7fELF" or head[18] != 0xB7]
    assert wrong == []
    assert any("pydantic-" in name for name in metadata)


def test_the_functions_that_run_backtests_have_every_package_that_they_load() -> None:
    loaded = loaded_by(("algotrendy.backtest.shard", "algotrendy.backtest.rows"))
    listed = [
        requirement
        for profile in ("core", "compute")
        for requirement in (ROOT / "layers" / profile / "requirements.in").read_text().splitlines()
    ]
    assert "numpy" in loaded
    assert loaded <= brought_by([*listed, "boto3"])


def test_the_functions_of_orders_have_every_package_that_they_load() -> None:
    adapters = "algotrendy.trading.adapters"
    used = (
        "algotrendy.platform.database",
        "algotrendy.platform.bus",
        "algotrendy.trading.wiring",
        "algotrendy.trading.api.*",
        "algotrendy.trading.intake",
        "algotrendy.trading.risk_control",
        "algotrendy.trading.sweeper",
        f"{adapters}.postgres.*",
        f"{adapters}.order_workflows",
        f"{adapters}.sqs_bell",
    )
    listed = [
        requirement
        for profile in ("core", "web", "data")
        for requirement in (ROOT / "layers" / profile / "requirements.in").read_text().splitlines()
    ]
    loaded = loaded_by(used)
    assert "psycopg" in loaded
    assert loaded <= brought_by([*listed, "boto3"])
