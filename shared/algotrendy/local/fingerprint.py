"""Tell whether anything that a step reads has changed, by the content of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# What the synth reads. local/ and cli/ are not packaged into any function.
_SYNTH_READS = (
    "infra_cdk",
    "functions",
    "layers",
    "services",
    "state_machines",
    "shared/algotrendy",
    "cdk.json",
    "pyproject.toml",
    "uv.lock",
    "package-lock.json",
    ".venv-emulator/pyvenv.cfg",
)
_SYNTH_LEAVES_OUT = (
    "shared/algotrendy/local",
    "shared/algotrendy/cli",
    "shared/algotrendy/backtest/engine/compiled/kernels",
)
_NEVER = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def synth_fingerprint(project: Path, values: Mapping[str, str]) -> str:
    """Fingerprint everything that `cdk synth` of the local stage reads.

    Args:
        project: The folder with cdk.json.
        values: The configuration that comes through the environment.
    """
    left_out = tuple(project / path for path in _SYNTH_LEAVES_OUT)
    files = (
        file
        for name in _SYNTH_READS
        for file in _files(project / name)
        if not any(file.is_relative_to(folder) for folder in left_out)
    )
    return _fingerprint(project, files, values)


def supervisor_fingerprint() -> str:
    """Fingerprint the code that a running supervisor has loaded, as it is on disk now."""
    folder = Path(__file__).parent
    return _fingerprint(folder, (file for file in _files(folder) if file.suffix == ".py"), {})


def _fingerprint(root: Path, files: Iterable[Path], values: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(values.items()):
        _add(digest, name.encode(), value.encode())
    for file in sorted(files):
        _add(digest, file.relative_to(root).as_posix().encode(), file.read_bytes())
    return digest.hexdigest()[:32]


def _add(digest: hashlib._Hash, *fields: bytes) -> None:
    # Lengths keep "ab" + "c" apart from "a" + "bc".
    for field in fields:
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for entry in path.iterdir():
            # An editor's swap file is neither read by the synth nor there for long.
            if entry.name not in _NEVER and not entry.name.startswith("."):
                yield from _files(entry)
