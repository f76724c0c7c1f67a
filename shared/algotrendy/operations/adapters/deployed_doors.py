"""Find where the deployed platform is asked how it is, and remember it for when nobody says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.operations.status.components import Door
from algotrendy.platform.blobs import Blobs

_MEMORY = "doors.json"
_SETTINGS = {Door.API: "api_url", Door.SIGN_IN: "token_jwks_url"}


class DeployedDoors:
    """Gives the addresses of the settings; what could be read once is known from then on.

    Args:
        need: Gives a setting, or raises Unavailable.
        memory: Where they are remembered: beside the board.
    """

    def __init__(self, need: Callable[[str], str], memory: Blobs) -> None:
        self._need = need
        self._memory = memory
        self._known: dict[Door, str] | None = None

    def __call__(self) -> Mapping[Door, str]:
        """Give the addresses; a door that nobody has ever known is left out."""
        before = self._remembered() if self._known is None else self._known
        now = {**before, **self._said()}
        if now != before:
            told = json.dumps({door.value: url for door, url in now.items()})
            self._memory.put(_MEMORY, told.encode(), "application/json")
        self._known = now
        return now

    def _said(self) -> dict[Door, str]:
        found = {}
        for door, setting in _SETTINGS.items():
            try:
                found[door] = self._need(setting)
            except Unavailable:
                continue
        return found

    def _remembered(self) -> dict[Door, str]:
        try:
            told = json.loads(self._memory.get(_MEMORY))
        except NotFound:
            return {}
        return {Door(name): url for name, url in told.items()}
