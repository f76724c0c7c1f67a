"""Say what tells who shows a credential, and what it says of one that has had its time."""

from __future__ import annotations

from typing import Protocol

from algotrendy.identity.principal import Principal
from algotrendy.kernel.errors import Unauthenticated


class CountsNoLonger(Unauthenticated):
    """Says that a credential was genuine and has ended: expired, revoked or replaced."""


class Verifier(Protocol):
    """Tells who shows a credential."""

    def verify(self, credential: str, /) -> Principal:
        """Tell who holds it.

        Raises:
            CountsNoLonger: If it was genuine, and has ended.
            Unauthenticated: If it proves nothing.
            Unavailable: If that cannot be found out now.
        """
        ...
