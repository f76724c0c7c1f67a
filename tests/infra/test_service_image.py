"""What the execution service's image is made of; nobody builds it here, so read it closely."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "layers" / "execution"

# Loads what the service loads, vendors too, and tells which packages that took.
_LOADS = """
import importlib, json, pkgutil, sys
from importlib.metadata import packages_distributions
sys.path.insert(0, sys.argv[1])
importlib.import_module("services.execution.__main__")
adapters = importlib.import_module("algotrendy.trading.adapters")
for found in pkgutil.walk_packages(adapters.__path__, adapters.__name__ + "."):
    importlib.import_module(found.name)
for name in ("alpaca.broker", "ccxt.vendor", "quantconnect.wiring"):
    importlib.import_module("algotrendy.brokers." + name)
for name in ("alpaca.trading.client", "boto3", "psycopg"):
    importlib.import_module(name)
names = packages_distributions()
roots = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(json.dumps(sorted({package for root in roots for package in names.get(root, ())})))
"""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def everything_for(wanted: list[Requirement]) -> set[str]:
    """Give the packages that an installation of these has, by their metadata."""
    found: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        each = wanted.pop()
        key = canonical(each.name), frozenset(each.extras)
        if key in found:
            continue
        found.add(key)
        try:
            needs = requires(each.name) or ()
        except PackageNotFoundError:
            # Of another platform.
            continue
        for need in map(Requirement, needs):
            extras = each.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in extras):
                wanted.append(need)
    return {name for name, _ in found}


def test_the_image_has_every_package_that_the_service_loads() -> None:
    listed = (IMAGE / "requirements.in").read_text().split()
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LOADS, str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {canonical(name) for name in json.loads(ran.stdout.splitlines()[-1])}
    assert {"psycopg", "alpaca-py"} <= loaded
    # Loaded where they happen to be, and not needed.
    optional = {"algotrendy", "click", "pygments", "rich"}
    assert loaded - optional <= everything_for([Requirement(each) for each in listed])


def test_what_the_image_copies_is_there_and_changes_its_hash() -> None:
    source = (ROOT / "infra_cdk" / "capabilities" / "execution.py").read_text()
    found = re.search(r"IMAGE_READS = \(([^)]*)\)", source)
    assert found
    reads = set(re.findall(r'"([^"]+)"', found[1]))
    lines = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (IMAGE / "Dockerfile").read_text(), re.MULTILINE
    )
    copied = {path for line in lines for path in line.split()}
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert path.split("/")[0] in reads


def test_the_image_runs_what_the_container_is_asked_for() -> None:
    dockerfile = (IMAGE / "Dockerfile").read_text()
    assert 'CMD ["python", "-m", "services.execution"]' in dockerfile
    assert "USER 10001" in dockerfile
    assert (ROOT / "services" / "execution" / "__main__.py").is_file()
