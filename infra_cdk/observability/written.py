"""Write everything that is made of the table, or check that it is current.

``python -m infra_cdk.observability.written [--check]``
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from infra_cdk.config import ROOT
from infra_cdk.observability.grafana import dashboards
from infra_cdk.observability.page import page
from infra_cdk.observability.prometheus import configuration, rules_file

FOLDER: Final = Path("infra_cdk/observability/generated")
PAGE: Final = Path("docs/metrics.md")
_NOTE: Final = "# Written by `make published`; change infra_cdk/observability, not this.\n"


def files() -> Mapping[Path, str]:
    """Give every file, by its path from the root, with its text."""
    return {
        FOLDER / "prometheus.yml": _NOTE + _yaml(configuration()),
        FOLDER / "rules.yml": _NOTE + _yaml(rules_file()),
        **{
            FOLDER / "grafana" / name: json.dumps(found, indent=2, ensure_ascii=False) + "\n"
            for name, found in dashboards().items()
        },
        PAGE: page(),
    }


def stale(root: Path = ROOT) -> list[str]:
    """Name the files that are not what they would be written as, and those that are too many."""
    wanted = files()
    wrong = [
        str(path)
        for path, text in wanted.items()
        if not (root / path).is_file() or (root / path).read_text() != text
    ]
    there = {path.relative_to(root) for path in (root / FOLDER).rglob("*") if path.is_file()}
    return wrong + sorted(str(path) for path in there - wanted.keys())


def main() -> int:
    """Write, or check."""
    if "--check" in sys.argv[1:]:
        for name in (wrong := stale()):
            print(f"{name} is not current: run `make published`", file=sys.stderr)  # noqa: T201
        return 1 if wrong else 0
    for path, text in files().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
    return 0


def _yaml(document: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)
    return text


if __name__ == "__main__":
    sys.exit(main())
