"""The typed configuration of the stages."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

# By name: the type checker of the tests does not follow infra_cdk into the CDK.
config: Any = importlib.import_module("infra_cdk.config")


def test_an_unknown_stage_names_the_known_ones() -> None:
    with pytest.raises(config.ConfigurationError, match=r"one of local, dev, prod, was 'qa'"):
        config.stage_config("qa", {})


def test_a_malformed_origin_is_named() -> None:
    with pytest.raises(config.ConfigurationError, match=r"stage dev: cors_origins\.1"):
        config.stage_config("dev", {"ALGOTRENDY_CORS_ORIGINS": "https://a.example, *"})


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("ALGOTRENDY_LOCAL_ENDPOINT_URL", "localhost:4566", "endpoint_url"),
        ("ALGOTRENDY_LOCAL_DATABASE_URL", "mysql://db", "database_url"),
        ("ALGOTRENDY_LOCAL_CACHE_URL", "http://cache", "cache_url"),
    ],
)
def test_a_malformed_local_address_is_named(name: str, value: str, field: str) -> None:
    with pytest.raises(config.ConfigurationError, match=field):
        config.stage_config("local", {name: value, "ALGOTRENDY_LOCAL_PYTHON": sys.executable})


def test_an_interpreter_that_does_not_run_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "python"
    with pytest.raises(config.ConfigurationError, match=rf"{missing} does not run.*make setup"):
        config.stage_config("local", {"ALGOTRENDY_LOCAL_PYTHON": str(missing)})


def test_the_laptop_packs_for_the_interpreter_that_runs_the_functions() -> None:
    local = config.stage_config("local", {"ALGOTRENDY_LOCAL_PYTHON": sys.executable})
    assert local.package_target.python == Path(sys.executable)
    assert local.package_target.python_version == "{}.{}".format(*sys.version_info[:2])
    assert local.is_local


def test_every_cloud_stage_has_a_network_and_keeps_its_data_and_only_prod_pays_for_a_cache() -> (
    None
):
    dev, prod = config.stage_config("dev", {}), config.stage_config("prod", {})
    assert (dev.network.cache is None, prod.network.cache is None) == (True, False)
    assert dev.retain_data
    assert prod.retain_data


def test_a_configuration_cannot_be_changed() -> None:
    dev = config.stage_config("dev", {})
    with pytest.raises(ValueError, match="frozen"):
        dev.retain_data = False
