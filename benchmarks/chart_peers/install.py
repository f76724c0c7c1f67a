"""Make the environment of the peers of the charts' benchmark, .venv-bench-charts.

    python3 benchmarks/chart_peers/install.py .uv/bin/uv

What does not install is written down with its reason in failures.json there; the benchmark reports
it. nautilus_trader has the environment that `make bench-backtest` makes. Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".venv-bench-charts"
FAILURES = PEERS / "failures.json"
PACKAGES = ("tickbar", "finmlkit", "renko-rs", "raptorbt")


def _uv(uv: str, *arguments: str) -> str:
    """Run uv; give the reason of a failure, or nothing."""
    done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    return " ".join(done.stderr.split())[:500] or f"uv ended with {done.returncode}"


def main() -> None:
    """Install all at once, or where that fails one by one."""
    uv, pinned = sys.argv[1], str(HERE / "requirements.txt")
    if reason := _uv(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(PEERS)):
        raise SystemExit(reason)
    install = ("pip", "install", "--quiet", "--python", str(PEERS / "bin" / "python"))
    failures: dict[str, str] = {}
    if _uv(uv, *install, "-r", pinned):
        for package in PACKAGES:
            if reason := _uv(uv, *install, package, "-c", pinned):
                failures[package] = reason
                print(f"{package} does not install here: {reason}", file=sys.stderr)
    FAILURES.write_text(json.dumps(failures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
