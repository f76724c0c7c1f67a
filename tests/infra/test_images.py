"""What the images are made of; nobody builds them here, so read them closely."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fakes.cloud_assembly import Stage
from fakes.loaded_packages import ROOT, brought_by, loaded_by

IMAGES = ("compiled", "live", "execution", "streaming")
LAMBDAS = frozenset({"compiled", "live"})
# Numba, botocore, httpx and OpenTelemetry take these where they happen to be, and do without.
WITHOUT = {
    "brotli",
    "certifi",
    "cffi",
    "charset-normalizer",
    "coverage",
    "psutil",
    "pycparser",
    "pyyaml",
    "scipy",
}


def path_of(image: str) -> str:
    return f"layers/{image}/Dockerfile" if image in LAMBDAS else "services/Dockerfile"


def dockerfile(image: str) -> str:
    """Read what the image is made by, as it is when it is made."""
    return (ROOT / path_of(image)).read_text().replace("${SERVICE}", image)


def requirements(image: str) -> list[str]:
    """Read what the image installs; a service copies its list to where it installs from."""
    named = re.findall(r"--requirement (\S+)", dockerfile(image))
    copied = re.findall(r"^COPY (\S+/requirements.in) \./$", dockerfile(image), re.MULTILINE)
    lines = []
    for path in copied or named:
        lines += (ROOT / path).read_text().splitlines()
    return lines


def assets_of(stage: Stage) -> dict[str, tuple[str, Path]]:
    """Give the hash of each image and the folder that it is built from, by its name."""
    found: dict[str, tuple[str, Path]] = {}
    for manifest in stage.assembly.glob("*.assets.json"):
        images: dict[str, Any] = json.loads(manifest.read_text()).get("dockerImages", {})
        for digest, image in images.items():
            source = image["source"]
            assert source["platform"] == "linux/arm64"
            of_itself = Path(source["dockerFile"]).parent.name
            name = source.get("dockerBuildArgs", {}).get("SERVICE", of_itself)
            assert source["dockerFile"] == path_of(name)
            found[name] = digest, stage.assembly / source["directory"]
    return found


def test_the_service_has_every_package_that_it_loads() -> None:
    loaded = loaded_by(
        [
            "services.execution.__main__",
            "algotrendy.trading.adapters.*",
            "algotrendy.brokers.alpaca.broker",
            "algotrendy.brokers.ccxt.vendor",
            "algotrendy.brokers.quantconnect.wiring",
            "alpaca.trading.client",
            "boto3",
        ]
    )
    assert {"psycopg", "alpaca-py"} <= loaded
    assert loaded - WITHOUT <= brought_by(requirements("execution"))


def test_the_streaming_service_has_every_package_that_it_loads() -> None:
    loaded = loaded_by(
        [
            "services.streaming.__main__",
            "algotrendy.brokers.ccxt.feed",
            "algotrendy.market_data.adapters.feed_alpaca",
            "algotrendy.market_data.adapters.feed_replay",
            "boto3",
        ]
    )
    assert {"websockets", "redis"} <= loaded
    assert loaded - WITHOUT <= brought_by(requirements("streaming"))


def test_compiled_functions_have_every_package_that_they_load() -> None:
    loaded = loaded_by(
        [
            "functions.backtest.run_shard",
            "functions.backtest.run_window",
            "functions.backtest.reduce_walk",
            "algotrendy.backtest.kernels",
            "algotrendy.backtest.engine.compiled.many",
            "algotrendy.market_data.adapters.lake_bars",
            "algotrendy.platform.blobs",
            "deltalake",
            "boto3",
        ]
    )
    assert {"numba", "numpy", "deltalake"} <= loaded
    assert loaded - WITHOUT <= brought_by(requirements("compiled"))


def test_the_laptop_builds_no_image_and_every_stage_of_the_cloud_the_same(
    stages: dict[str, Stage],
) -> None:
    assert assets_of(stages["local"]) == {}
    dev, prod = (assets_of(stages[name]) for name in ("dev", "prod"))
    assert set(dev) == set(IMAGES)
    for name in IMAGES:
        assert dev[name][0] == prod[name][0]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_built_from_what_it_copies_and_from_nothing_made_here(
    image: str, stages: dict[str, Stage]
) -> None:
    _, folder = assets_of(stages["prod"])[image]
    assert (folder / path_of(image)).is_file()
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(image), re.MULTILINE)
    copied = {path for line in lines for path in line.split()}
    assert copied
    for path in [*copied, *re.findall(r"--requirement (\S+/\S+)", dockerfile(image))]:
        assert (folder / path).exists()
    for made in ("__pycache__", "kernels", "uv", ".git", ".build"):
        assert not [path for path in folder.rglob(made) if path.is_dir()]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_the_python_and_the_uv_of_the_layers(image: str) -> None:
    text = dockerfile(image)
    assert set(re.findall(r"^FROM \S+python:(3\.\d+)", text, re.MULTILINE)) == {"3.13"}
    [version] = re.findall(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"uv=={version}" in text


@pytest.mark.parametrize("name", ["execution", "streaming"])
def test_a_service_runs_what_the_container_is_asked_for(name: str) -> None:
    text = dockerfile(name)
    assert f'CMD ["sh", "-c", "exec python -m services.{name}"]' in text
    assert "USER 10001" in text
    assert (ROOT / "services" / name / "__main__.py").is_file()


def test_compiled_functions_find_what_their_image_compiled_and_write_to_tmp_alone() -> None:
    text = dockerfile("compiled")
    steps = [text.index(f"algotrendy.backtest.kernels {task}") for task in ("make", "check")]
    assert text.index("COPY shared/algotrendy") < steps[0] < steps[1]
    assert "NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/tmp" in text[steps[1] :]
