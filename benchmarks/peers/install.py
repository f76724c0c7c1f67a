"""Make the peers' environments: .venv-bench, and .venv-bench-nautilus with a newer Python.

    python3 benchmarks/peers/install.py .uv/bin/uv

What does not install is written down with its reason in .venv-bench/failures.json; the benchmark
reports it. Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS, NAUTILUS = ROOT / ".venv-bench", ROOT / ".venv-bench-nautilus"
FAILURES = PEERS / "failures.json"
NEWER = ("3.13", "3.12")
"""The Pythons that nautilus_trader 2 runs on, the best first."""


def _uv(uv: str, *arguments: str) -> str:
    """Run uv; give the reason of a failure, or nothing."""
    done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    return " ".join(done.stderr.split())[:500] or f"uv ended with {done.returncode}"


def _environment(uv: str, python: str, folder: Path) -> str:
    return _uv(uv, "venv", "--quiet", "--clear", "--python", python, str(folder))


def _install(uv: str, folder: Path, *packages: str) -> str:
    python = str(folder / "bin" / "python")
    return _uv(uv, "pip", "install", "--quiet", "--python", python, *packages)


def _listed(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def install_peers(uv: str) -> dict[str, str]:
    """Install all peers at once, or where that fails one by one; give the reasons of failures."""
    pinned = str(HERE / "requirements.txt")
    if reason := _environment(uv, sys.executable, PEERS):
        raise SystemExit(reason)
    if not _install(uv, PEERS, "-r", pinned):
        return {}
    found = {
        peer: _install(uv, PEERS, peer, "-c", pinned) for peer in _listed(HERE / "requirements.in")
    }
    return {peer: reason for peer, reason in found.items() if reason}


def install_nautilus(uv: str) -> dict[str, str]:
    """Install nautilus_trader where a Python is new enough for it."""
    python = newer_python()
    if python is None:
        return {"nautilus_trader": f"needs Python {' or '.join(NEWER)}, and none was found"}
    reason = _environment(uv, python, NAUTILUS) or _install(
        uv, NAUTILUS, "--prerelease=allow", "-r", str(HERE / "requirements-nautilus.txt")
    )
    return {"nautilus_trader": reason} if reason else {}


def newer_python() -> str | None:
    """Find a Python for nautilus_trader: this one, on the path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for wanted in NEWER:
        candidates = [sys.executable, shutil.which(f"python{wanted}")]
        candidates += sorted(str(each) for each in pyenv.glob(f"{wanted}.*/bin/python3"))
        for candidate in candidates:
            if candidate and _version(candidate) == wanted:
                return candidate
    return None


def _version(python: str) -> str:
    # Asked, not read off the name: a shim of pyenv may stand for a version that is not installed.
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def main() -> None:
    """Make both, and write down what failed."""
    uv = sys.argv[1]
    failures = install_peers(uv) | install_nautilus(uv)
    FAILURES.write_text(json.dumps(failures, indent=2) + "\n", encoding="utf-8")
    for peer, reason in failures.items():
        print(f"{peer} does not install here: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
