"""Let what is done for an order be told as a part of the request by which it was placed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from algotrendy.trading.orders import PlatformOrder


class Following(Protocol):
    """Whoever writes down what is done, and when; it decides nothing."""

    def order(
        self, order: PlatformOrder, name: str | None = None
    ) -> AbstractContextManager[object]:
        """Do what follows for an order; ``name`` says what, where it is worth telling by itself."""
        ...

    def step(self, name: str) -> AbstractContextManager[object]:
        """Do one part of it, such as waiting for a turn."""
        ...


class NobodyFollows:
    """Is a ``Following`` that writes nothing."""

    def order(
        self,
        order: PlatformOrder,  # noqa: ARG002 - the interface of those who follow
        name: str | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[object]:
        """Do it."""
        return nullcontext()

    def step(self, name: str) -> AbstractContextManager[object]:  # noqa: ARG002
        """Do it."""
        return nullcontext()


NOBODY: Final = NobodyFollows()
