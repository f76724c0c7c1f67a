"""Write the schemas of the domain events: python -m algotrendy.cli.events docs/events [--check]."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import algotrendy
from algotrendy.kernel.events import Event, registered, schema_texts, write_schemas


def product_events() -> list[type[Event]]:
    """Find the events that the capabilities define in their ``events.py``."""
    for room in iter_modules(algotrendy.__path__):
        folder = Path(algotrendy.__path__[0], room.name)
        if room.ispkg and (folder / "events.py").is_file():
            import_module(f"algotrendy.{room.name}.events")
    return [kind for kind in registered() if kind.__module__.startswith("algotrendy.")]


def outdated(folder: Path) -> list[str]:
    """Name the files in a folder that differ from the code, are missing, or stand for nothing."""
    texts = schema_texts(product_events())
    kept = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    return sorted(name for name in texts.keys() | kept.keys() if texts.get(name) != kept.get(name))


def main(arguments: list[str]) -> int:
    """Write the schemas or, with ``--check``, say which of them are not what the code says."""
    folder = Path(next((word for word in arguments if not word.startswith("-")), "docs/events"))
    if "--check" not in arguments:
        write_schemas(folder, product_events())
        return 0
    names = outdated(folder)
    if names:
        sys.stderr.write(f"{folder} is not what the code says: {', '.join(names)}\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
