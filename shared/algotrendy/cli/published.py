"""Write what others build on, from the code: python -m algotrendy.cli.published docs [--check].

That is ``openapi.json``, the schema of each domain event under ``events/``, and models and methods
of ``algotrendy.client``. With ``--check`` nothing is written: it says which files are not what the
code says, and what in the document would break clients of the one that was released, unless
``api-changes.toml`` declares it. ``--release`` makes the present document the released one.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import algotrendy
from algotrendy.kernel.events import Event, registered, schema_texts

# From the folder of documents.
CLIENT = "../shared/algotrendy/client"
RELEASED, DECLARED = "openapi.released.json", "api-changes.toml"


def product_events() -> list[type[Event]]:
    """Find the events that the capabilities define in their ``events.py``."""
    for room in iter_modules(algotrendy.__path__):
        folder = Path(algotrendy.__path__[0], room.name)
        if room.ispkg and (folder / "events.py").is_file():
            import_module(f"algotrendy.{room.name}.events")
    return [kind for kind in registered() if kind.__module__.startswith("algotrendy.")]


def published() -> dict[str, str]:
    """Give the text of each file, by its path below the folder of documents."""
    from algotrendy.operations.client_methods import methods_text
    from algotrendy.operations.client_models import models_text
    from algotrendy.operations.openapi import whole_api

    document = whole_api()
    return {
        "openapi.json": json.dumps(document, indent=2, sort_keys=True) + "\n",
        f"{CLIENT}/models.py": models_text(document),
        f"{CLIENT}/operations.py": methods_text(document),
    } | {f"events/{name}": text for name, text in schema_texts(product_events()).items()}


def outdated(folder: Path) -> list[str]:
    """Name the files in a folder that differ from the code, are missing, or stand for nothing."""
    texts = published()
    there = {f"events/{file.name}" for file in folder.glob("events/*.json")}
    return sorted(name for name in texts.keys() | there if _text(folder / name) != texts.get(name))


def broken(folder: Path) -> list[str]:
    """Say what would break clients and is not declared, and what is declared and does not."""
    from algotrendy.operations.compatibility import Declared, breaking_changes

    released = _text(folder / RELEASED)
    if released is None:
        return []
    changes = breaking_changes(json.loads(released), json.loads(published()["openapi.json"]))
    declared = Declared.read(_text(folder / DECLARED) or "")
    return [str(change) for change in declared.undeclared(changes)] + [
        f"declared, and not so: {each.kind}: {each.where}" for each in declared.unused(changes)
    ]


def release(folder: Path) -> None:
    """Make the present document the released one; what was declared is history by that."""
    (folder / RELEASED).write_text(published()["openapi.json"], encoding="utf-8")
    declared = _text(folder / DECLARED) or ""
    (folder / DECLARED).write_text(declared.split("\n[[change]]")[0], encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the files or, with ``--check``, say which of them are not what the code says."""
    folder = Path(next((word for word in arguments if not word.startswith("-")), "docs"))
    if "--release" in arguments:
        release(folder)
        return 0
    breaking = broken(folder)
    for line in breaking:
        sys.stderr.write(f"breaks clients; declare it in {folder / DECLARED}: {line}\n")
    if "--check" in arguments:
        names = outdated(folder)
        if names:
            listed = ", ".join(names)
            sys.stderr.write(f"not what the code says; run `make published`: {listed}\n")
        return 1 if names or breaking else 0
    texts = published()
    for name in outdated(folder):
        file = folder / name
        if name in texts:
            file.parent.resolve().mkdir(parents=True, exist_ok=True)
            file.write_text(texts[name], encoding="utf-8")
        else:
            file.unlink()
        sys.stdout.write(f"{os.path.normpath(file)}\n")
    return 0


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
