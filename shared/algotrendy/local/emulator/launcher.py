"""Run ministack with our fixes, in the foreground: the AWS of a laptop.

Run by the interpreter of the emulator's own virtual environment (`algotrendy.local.emulator`
names command and environment); needs nothing but the standard library and ministack.
"""

import importlib.metadata
import sys
from pathlib import Path

# This file runs as a script, so its package has to be made importable first.
sys.path[0] = str(Path(__file__).resolve().parents[3])


def main() -> None:
    """Check the version, apply the fixes and serve until SIGTERM."""
    from algotrendy.local.emulator import fixes

    try:
        found = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != fixes.MINISTACK_VERSION:
        sys.exit(
            f"The emulator fixes are written for ministack {fixes.MINISTACK_VERSION}, "
            f"{sys.prefix} holds {found}. Run `uv sync --group emulator` for the locked version."
        )
    fixes.apply_all()

    from ministack.app import main as serve

    serve()


if __name__ == "__main__":
    main()
