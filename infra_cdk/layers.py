"""Build the Lambda layers: pinned wheels by profile, and the product's own code.

A build is a zip archive with a manifest beside it, in ``.build/layers/<profile>-<key>/``. The key
covers everything the build reads, so a second synth builds nothing; the archive of one key is the
same bytes on every run. Builds happen in a folder of their own and appear under their name in one
rename, so that several synths at once are safe.
"""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from infra_cdk.config import ROOT, PackageTarget

Profile = Literal["code", "core", "web", "data", "lake", "compute", "history", "runs"]
BASE: Profile = "core"

# The laptop never needs these rooms in a function, and a function could not start them.
NOT_IN_CODE = frozenset({"local", "cli"})
NOT_IN_LAYERS = frozenset({"__pycache__", "kernels"})
# Console scripts, type stubs and installer notes; METADATA stays, importlib.metadata reads it.
NOISE_FOLDERS = frozenset({"__pycache__", "tests", "bin"})
NOISE_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
KEEP_UNUSED_S = 7 * 24 * 3600


class LayerBuildError(Exception):
    """A layer cannot be built: the message says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """Point at one finished archive."""

    profile: str
    archive: str
    sha256: str
    unzipped_bytes: int
    packages: Mapping[str, str] = field(default_factory=dict)


class LayerBuilder:
    """Build layers for one target, each at most once."""

    def __init__(
        self,
        target: PackageTarget,
        *,
        root: Path = ROOT,
        output: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._target = target
        self._root = root
        self._output = output or root / ".build" / "layers"
        self._environment = dict(os.environ if environment is None else environment)
        self._built: dict[Profile, BuiltLayer] = {}

    def build(self, profile: Profile) -> BuiltLayer:
        """Return the layer of ``profile``, built now if no earlier build fits.

        Raises:
            LayerBuildError: If uv is missing or cannot install the pinned versions.
        """
        if profile not in self._built:
            self._built[profile] = self._find_or_build(profile)
        return self._built[profile]

    def _find_or_build(self, profile: Profile) -> BuiltLayer:
        home = self._output / f"{profile}-{self._key(profile)}"
        manifest = home / "layer.json"
        if manifest.exists():
            with suppress(OSError):
                os.utime(home)
            return BuiltLayer(**json.loads(manifest.read_text()))
        self._output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{profile}-", dir=self._output) as scratch:
            python = Path(scratch) / "python"
            if profile == "code":
                self._copy_code(python / "algotrendy")
            else:
                self._install(profile, python, Path(scratch))
            finished = Path(scratch) / "finished"
            finished.mkdir()
            self._finish(profile, python, finished, home)
            _publish(finished, home)
        self._forget_unused(profile)
        return BuiltLayer(**json.loads(manifest.read_text()))

    def _finish(self, profile: Profile, python: Path, finished: Path, home: Path) -> None:
        packages = _packages(python)
        _strip_noise(python)
        if compiler := self._compiler():
            _compile(compiler, python)
        archive = finished / "layer.zip"
        unzipped = _zip(python, archive, level=1 if self._target.python else 6)
        layer = BuiltLayer(
            profile=profile,
            archive=str(home / archive.name),
            sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
            unzipped_bytes=unzipped,
            packages=packages,
        )
        (finished / "layer.json").write_text(json.dumps(asdict(layer), indent=1) + "\n")

    def _key(self, profile: Profile) -> str:
        digest = hashlib.sha256(Path(__file__).read_bytes())
        digest.update(self._target.model_dump_json(exclude={"python"}).encode())
        digest.update(b"compiled" if self._compiler() else b"source only")
        digest.update(str(self._output.absolute()).encode())
        inputs = (
            list(self._code_files())
            if profile == "code"
            else [
                self._root / "uv.lock",
                self._root / "layers" / "provided.txt",
                self._root / "layers" / BASE / "requirements.in",
                self._root / "layers" / profile / "requirements.in",
            ]
        )
        for path in inputs:
            digest.update(f"{path.relative_to(self._root)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:20]

    def _compiler(self) -> Path | None:
        """Find an interpreter of the target's version: bytecode shortens a cold start."""
        return self._target.python or _interpreter(self._target.python_version)

    def _code_files(self) -> Iterator[Path]:
        package = self._root / "shared" / "algotrendy"
        for path in sorted(package.rglob("*")):
            parts = path.relative_to(package).parts
            # What was compiled for this machine is of no use where there is no compiler.
            if NOT_IN_LAYERS & set(parts) or parts[0] in NOT_IN_CODE:
                continue
            if path.is_file():
                yield path

    def _copy_code(self, destination: Path) -> None:
        package = self._root / "shared" / "algotrendy"
        for path in self._code_files():
            copy = destination / path.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)

    def _install(self, profile: Profile, python: Path, scratch: Path) -> None:
        pinned = scratch / "constraints.txt"
        pinned.write_text(self._pinned_versions())
        left_out = scratch / "left_out.txt"
        left_out.write_text("\n".join(self._left_out(profile)) + "\n")
        command: list[str | Path] = [
            "pip", "install", "--quiet", "--target", python,
            "--requirement", self._root / "layers" / profile / "requirements.in",
            "--constraint", pinned, "--excludes", left_out,
            "--only-binary", ":all:", "--no-compile-bytecode",
            "--python", self._target.python or sys.executable,
        ]  # fmt: skip
        if self._target.uv_platform:
            command += ["--python-version", self._target.python_version]
            command += ["--python-platform", self._target.uv_platform]
        self._uv(*command)

    def _left_out(self, profile: Profile) -> list[str]:
        lines = (self._root / "layers" / "provided.txt").read_text().splitlines()
        names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if profile != BASE:
            names += self.build(BASE).packages
        return sorted(names)

    def _pinned_versions(self) -> str:
        return self._uv(
            "export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-hashes",
            "--no-annotate", "--no-header", "--quiet", "--project", self._root,
        )  # fmt: skip

    def _uv(self, *arguments: str | Path) -> str:
        environment = {
            name: value for name, value in self._environment.items() if name != "VIRTUAL_ENV"
        }
        try:
            done = subprocess.run(
                [self._find_uv(), *arguments],
                check=True,
                capture_output=True,
                text=True,
                env=environment,
                cwd=self._root,
            )
        except subprocess.CalledProcessError as error:
            raise LayerBuildError(
                f"uv {arguments[0]} {arguments[1]} failed:\n{error.stderr.strip()}"
            ) from error
        return done.stdout

    def _find_uv(self) -> str:
        search = os.pathsep.join(
            [self._environment.get("PATH", os.defpath), str(self._root / ".uv" / "bin")]
        )
        named = self._environment.get("UV")
        found = shutil.which(named or "uv", path=search)
        if found is None:
            raise LayerBuildError(
                f"uv builds the Lambda layers, and {named or 'uv'} was not found: "
                "run `make setup`, or name it in the environment variable UV"
            )
        return found

    def _forget_unused(self, profile: Profile) -> None:
        oldest = time.time() - KEEP_UNUSED_S
        for home in self._output.glob(f"{profile}-*"):
            with suppress(OSError):
                if home.stat().st_mtime < oldest:
                    shutil.rmtree(home, ignore_errors=True)


@functools.cache
def _interpreter(version: str) -> Path | None:
    if sys.version.startswith(version + "."):
        return Path(sys.executable)
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    # A version manager's shim is on PATH even when its interpreter is not to be run here.
    runs = subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0
    return Path(found) if runs else None


def unzipped_size(folder: Path) -> int:
    """Add up the bytes of the files under a folder, as Lambda counts them."""
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _packages(python: Path) -> dict[str, str]:
    packages = {}
    for info in sorted(python.glob("*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        packages[name.replace("_", "-").lower()] = version
    return packages


def _strip_noise(python: Path) -> None:
    for path in sorted(python.rglob("*"), reverse=True):
        relative = path.relative_to(python)
        if path.is_dir():
            is_stubs = len(relative.parts) == 1 and path.name.endswith("-stubs")
            # A folder named tests or bin that the product itself owns is code, not noise.
            if is_stubs or (path.name in NOISE_FOLDERS and relative.parts[0] != "algotrendy"):
                shutil.rmtree(path)
        elif path.suffix == ".pyi" or path.name in NOISE_FILES or path.name == ".lock":
            path.unlink()


def _compile(interpreter: Path, python: Path) -> None:
    # Unchecked hashes: the files never change under /opt, and timestamps would differ by build.
    subprocess.run(
        [interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
         "-s", python, "-p", "/opt/python", python],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip


def _zip(python: Path, archive: Path, level: int) -> int:
    size = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as out:
        for path in sorted(python.rglob("*")):
            if not path.is_file():
                continue
            entry = zipfile.ZipInfo(str(Path("python") / path.relative_to(python)))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            content = path.read_bytes()
            out.writestr(entry, content, compresslevel=level)
            size += len(content)
    return size


def _publish(finished: Path, home: Path) -> None:
    try:
        finished.rename(home)
    except OSError:
        # Another build of the same key was faster; its archive holds the same bytes.
        if not (home / "layer.json").exists():
            raise
