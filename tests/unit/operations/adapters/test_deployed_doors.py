"""Where the platform is, also when nobody says so any more."""

from __future__ import annotations

from pathlib import Path

from algotrendy.kernel.errors import Unavailable
from algotrendy.operations.adapters.deployed_doors import DeployedDoors
from algotrendy.operations.status.components import Door
from algotrendy.platform.blobs import FolderBlobs

SAID = {"api_url": "https://api", "token_jwks_url": "https://keys"}


def nobody(name: str) -> str:
    raise Unavailable("SSM parameter", name)


def test_what_was_said_once_is_known_when_nobody_says_it(tmp_path: Path) -> None:
    memory = FolderBlobs(tmp_path)
    assert DeployedDoors(nobody, memory)() == {}
    known = {Door.API: "https://api", Door.SIGN_IN: "https://keys"}
    assert DeployedDoors(SAID.__getitem__, memory)() == known
    assert DeployedDoors(nobody, memory)() == known, "another process, and SSM is down"
    moved = DeployedDoors({**SAID, "api_url": "https://new"}.__getitem__, memory)
    assert moved()[Door.API] == "https://new"
    assert DeployedDoors(nobody, memory)()[Door.API] == "https://new"
