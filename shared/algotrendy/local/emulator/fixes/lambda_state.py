"""Keep the packages of layers in files of their own.

Stock: writes layers as base64 into lambda.json at every save, 60 MB for the Delta Lake layer; code
packages are in files of their own. A code file that no function refers to is removed before
the new lambda.json is in place, so a kill in between loses the code of a function, which
then answers "Mock response".

AWS: does not apply.

Fix: layers are written once each, as code is; a file that the lambda.json on disk still refers to
is not removed.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ministack.core import persistence
from ministack.services import lambda_svc

_REFERENCE = "layer_file"


def _versions(layers: Any) -> Iterator[dict[str, Any]]:
    for layer in layers._data.values():
        yield from layer["versions"]


class _LayerFiles:
    """One file for each layer version's package, named by its hash."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "lambda-layers"
        self._saved = state_dir / "lambda.json"

    def put(self, version: dict[str, Any]) -> str:
        """Take the package out of a layer version, leave a reference and give its name."""
        name = base64.b64decode(version["Content"]["CodeSha256"]).hex()
        file = self._folder / f"{name}.zip"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = file.with_suffix(".new")
            fresh.write_bytes(version["_zip_data"])
            fresh.replace(file)
        version["_zip_data"] = {_REFERENCE: name}
        return name

    def get(self, version: dict[str, Any]) -> None:
        """Put the package back into a layer version."""
        reference = version.get("_zip_data")
        if isinstance(reference, dict):
            version["_zip_data"] = (self._folder / f"{reference[_REFERENCE]}.zip").read_bytes()

    def remove_all_but(self, names: set[str]) -> None:
        for file in self._folder.glob("*.zip"):
            if file.stem not in names | self.on_disk([file.stem]):
                file.unlink()

    def on_disk(self, names: Iterable[str]) -> set[str]:
        """Give the names that the saved state refers to, which a kill would bring back."""
        text = self._saved.read_text() if self._saved.exists() else ""
        return {name for name in names if name in text}


def apply() -> None:
    """Wrap how Lambda's state is gathered, restored and cleared."""
    files = _LayerFiles(Path(persistence.STATE_DIR))
    stock_get, stock_load = lambda_svc.get_state, lambda_svc.load_persisted_state
    stock_prune = lambda_svc._prune_orphan_code_blobs

    def get_state() -> dict[str, Any]:
        state: dict[str, Any] = stock_get()
        held = [version for version in _versions(state["layers"]) if version["_zip_data"]]
        files.remove_all_but({files.put(version) for version in held})
        return state

    def load_persisted_state(state: dict[str, Any]) -> None:
        for version in _versions(state["layers"]):
            files.get(version)
        stock_load(state)

    def prune(referenced: set[str]) -> None:
        present = [file.stem for file in Path(lambda_svc.CODE_BLOB_DIR).glob("*.zip")]
        stock_prune(referenced | files.on_disk(present))

    lambda_svc.get_state = get_state
    lambda_svc.load_persisted_state = load_persisted_state
    lambda_svc._prune_orphan_code_blobs = prune
