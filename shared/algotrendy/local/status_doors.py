"""Tell the status page where this machine's platform is asked how it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from algotrendy.local.home import Home, write_atomically
from algotrendy.local.processes import ProcessIdentity
from algotrendy.local.status import Phase, read_status
from algotrendy.operations.status.components import Door

_MEMORY = "doors.json"
_DOORS = {"api": Door.API, "keys": Door.SIGN_IN}


class LocalDoors:
    """Gives the addresses of a platform from the moment when it was first ready.

    While it starts, nothing is expected of it; once it was ready, it is watched for as long as its
    supervisor is the one that runs, or ran last, however it ended.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = home.status_page / _MEMORY
        self._supervisor, self._urls = self._remembered()

    def __call__(self) -> Mapping[Door, str]:
        """Give the addresses as they are now."""
        said = read_status(self._home.status_file)
        if said is not None and said.phase is Phase.READY:
            self._learn(said.supervisor, said.urls)
        elif said is not None and said.supervisor != self._supervisor:
            # Another platform starts in this folder, and is not ready yet.
            return {}
        return {door: self._urls[name] for name, door in _DOORS.items() if name in self._urls}

    def _learn(self, supervisor: ProcessIdentity, urls: Mapping[str, str]) -> None:
        if (supervisor, urls) == (self._supervisor, self._urls):
            return
        self._supervisor, self._urls = supervisor, dict(urls)
        told = {"supervisor": asdict(supervisor), "urls": self._urls}
        write_atomically(self._file, json.dumps(told))

    def _remembered(self) -> tuple[ProcessIdentity | None, dict[str, str]]:
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            return ProcessIdentity(**told["supervisor"]), dict(told["urls"])
        except (OSError, ValueError, KeyError, TypeError):
            return None, {}
