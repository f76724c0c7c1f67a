"""Hold orders of an account that costs money back while the live switch is off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from algotrendy.platform.flags import known_flags
from algotrendy.trading.admission import is_enforced
from algotrendy.trading.orders import PlatformOrder

_EVERY_S = 5.0


async def live_switch() -> bool:
    """Read the flag ``live_trading``, beside the loop.

    Raises:
        Unavailable: If it could never be read.
    """
    flags = await asyncio.to_thread(known_flags)
    return flags.live_trading


class LiveGate:
    """Is the ``Gate`` of an account that costs money, and the ``Duty`` that looks at the switch.

    Off, or never read, it lets nothing leave but what the platform itself sends to end a risk:
    protective exits, and the closings of a kill switch. Cancels always leave. An order that waits
    is sent when the switch is on in time, and withdrawn when it is not.
    """

    name = "live switch"
    every_s = _EVERY_S

    def __init__(self, read: Callable[[], Awaitable[bool]] = live_switch) -> None:
        self._read = read
        self._is_on: bool | None = None

    def __call__(self, order: PlatformOrder) -> str | None:
        """Say why an order must not leave now; None lets it."""
        if self._is_on or is_enforced(order):
            return None
        if self._is_on is None:
            return "nobody knows yet whether the live switch is on"
        return "the live switch is off: algotrendy flags set live_trading true"

    async def do(self) -> None:
        """Look at the switch; the last look counts for as long as another one fails."""
        self._is_on = await self._read()
