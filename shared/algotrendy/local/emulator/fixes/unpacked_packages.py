"""Unpack each Lambda package once, not once a worker.

Stock: every worker unpacks the function's code and all its layers into a folder of its own, which
stays behind when the emulator is killed. The Delta Lake layer alone has 140 MB.

AWS: unpacks once a sandbox as well, out of sight and from a cache.

Fix: packages are unpacked into a folder that is named by their hash and linked from there, so
compiled bytecode is shared too. What no worker has used for a week is removed at the start, with
the folders of workers that were killed.
"""

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime, persistence

_KEPT_UNUSED_S = 7 * 24 * 3600


class _UnpackedOnce(zipfile.ZipFile):
    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        target, package = Path(path), Path(str(self.filename))
        with package.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        unpacked = _store() / digest
        if not unpacked.is_dir():
            fresh = tempfile.mkdtemp(dir=_store())
            super().extractall(fresh, members, pwd)
            try:
                Path(fresh).rename(unpacked)
            except OSError:  # another worker was faster
                shutil.rmtree(fresh)
        os.utime(unpacked)
        package.unlink()
        target.rmdir()
        target.symlink_to(unpacked)


def _store() -> Path:
    store = Path(tempfile.gettempdir()) / "packages"
    store.mkdir(exist_ok=True)
    return store


def _clear_scratch() -> None:
    scratch = Path(tempfile.gettempdir())
    if not scratch.is_relative_to(Path(persistence.STATE_DIR).parent):
        return  # somebody else's folder, such as /tmp
    unused_since = time.time() - _KEPT_UNUSED_S
    left = list(scratch.glob("ministack-lambda-*"))
    left += [one for one in _store().iterdir() if one.stat().st_mtime < unused_since]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)


def apply() -> None:
    """Give the worker pool another way to unpack, and clear what a killed emulator left."""
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=_UnpackedOnce,
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,
    )
    _clear_scratch()
