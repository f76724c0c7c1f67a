from collections.abc import Callable
from pathlib import Path

import pytest

from algotrendy.local.fingerprint import supervisor_fingerprint, synth_fingerprint

VALUES = {"ALGOTRENDY_LOCAL_ENDPOINT_URL": "http://127.0.0.1:4566"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "infra_cdk/app.py",
        "functions/backtest/api.py",
        "state_machines/backtest/sweep.asl.json",
        "shared/algotrendy/kernel/money.py",
        "shared/algotrendy/local/supervisor.py",
        "shared/algotrendy/cli/main.py",
        "cdk.json",
        "uv.lock",
        "README.md",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda p: (p / "infra_cdk/app.py").write_text("other"),
        lambda p: (p / "functions/backtest/api.py").unlink(),
        lambda p: (p / "shared/algotrendy/kernel/price.py").write_text("new"),
        lambda p: (p / "uv.lock").write_text("other"),
        lambda p: (p / "cdk.json").rename(p / "functions/cdk.json"),
        lambda p: (p / "functions/backtest").rename(p / "functions/backtests"),
    ],
)
def test_a_change_of_what_the_synth_reads_is_seen(
    project: Path, change: Callable[[Path], object]
) -> None:
    before = synth_fingerprint(project, VALUES)
    change(project)
    assert synth_fingerprint(project, VALUES) != before


@pytest.mark.parametrize(
    "name",
    [
        "shared/algotrendy/local/supervisor.py",
        "shared/algotrendy/cli/main.py",
        "shared/algotrendy/backtest/engine/compiled/kernels/0a1b/driver.nbi",
        "README.md",
        "functions/backtest/__pycache__/api.cpython-311.pyc",
        "functions/backtest/.api.py.swp",
    ],
)
def test_a_change_of_what_it_does_not_read_is_none(project: Path, name: str) -> None:
    before = synth_fingerprint(project, VALUES)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("other")
    assert synth_fingerprint(project, VALUES) == before


def test_another_value_of_the_configuration_is_a_change(project: Path) -> None:
    other = {"ALGOTRENDY_LOCAL_ENDPOINT_URL": "http://127.0.0.1:5000"}
    assert synth_fingerprint(project, other) != synth_fingerprint(project, VALUES)


def test_moving_a_boundary_between_name_and_content_is_a_change(project: Path) -> None:
    assert synth_fingerprint(project, {"a": "bc"}) != synth_fingerprint(project, {"ab": "c"})


def test_the_same_tree_elsewhere_has_the_same_fingerprint(project: Path) -> None:
    before = synth_fingerprint(project, VALUES)
    moved = project.rename(project.with_name("moved"))
    assert synth_fingerprint(moved, VALUES) == before


def test_the_supervisor_knows_its_own_code() -> None:
    assert len(supervisor_fingerprint()) == 32
    assert supervisor_fingerprint() == supervisor_fingerprint()
