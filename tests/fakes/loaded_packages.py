"""Tell which installed packages a list of requirements brings, and which some modules load."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
# Loaded where they happen to be, and not needed.
_OPTIONAL = {"algotrendy", "bottleneck", "click", "pygments", "rich"}

_LOADS = """
import importlib, json, pkgutil, sys
from importlib.metadata import packages_distributions
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    module = importlib.import_module(name.removesuffix(".*"))
    if name.endswith(".*"):
        for found in pkgutil.walk_packages(module.__path__, module.__name__ + "."):
            importlib.import_module(found.name)
names = packages_distributions()
roots = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(json.dumps(sorted({package for root in roots for package in names.get(root, ())})))
"""


def canonical(name: str) -> str:
    """Give the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def loaded_by(modules: Sequence[str]) -> set[str]:
    """Load modules in a fresh process, ``name.*`` with all within, and give the packages used."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LOADS, str(ROOT), *modules],
        capture_output=True,
        text=True,
        check=True,
    )
    return {canonical(name) for name in json.loads(ran.stdout.splitlines()[-1])} - _OPTIONAL


def brought_by(requirements: Iterable[str]) -> set[str]:
    """Give the packages that an installation of these has, by their metadata."""
    wanted = [Requirement(each) for each in requirements if not each.startswith("#")]
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
