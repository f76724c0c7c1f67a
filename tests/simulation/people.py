"""Who uses the platform: each asks again, under the same name, until there is an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

from algotrendy.kernel.errors import AlgoTrendyError, Invalid, Rejected, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, CorrelationId, OrderId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType
from algotrendy.kernel.order_request import ReplaceRequest
from algotrendy.trading.intake import Intake
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.parents.parent import ParentWish, Style
from simulation.loop import Process
from simulation.story import Action, exits_of
from simulation.world import World

ATTEMPTS = 6
ANSWER_WITHIN_S = 8.0
SLICED_WITHIN_S = 20.0
EXITS_LOOKS = 10
STYLES = (Style.ICEBERG, Style.TWAP, Style.VWAP)
CURVE = (Decimal(3), Decimal(1), Decimal(0), Decimal(2))
CHANGED_TRAIL = Decimal("1.25")
ANN = UserId("ann")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Promise:
    """What the API answered: an order, under the name that its client gave it."""

    name: str
    order_id: OrderId


class People:
    """The clients of one run.

    Attributes:
        promises: The orders that the API said it had taken.
    """

    def __init__(self, world: World) -> None:
        self.promises: list[Promise] = []
        self._world = world
        self._placed: dict[int, OrderId] = {}

    async def do(self, action: Action) -> None:
        """Do what somebody does through the API."""
        self._world.tell("client", str(action))
        match action.kind:
            case "place":
                await self._place(action)
            case "slice":
                await self._slice(action)
            case "exits":
                await self._exits(action)
            case "replace":
                await self._replace(action)
            case _ if (order_id := self._target(action)) is None:
                return
            case "cancel":
                await self._ask(lambda door: door.cancel(order_id, ANN))
            case "approve":
                await self._ask(lambda door: door.approve(order_id, ANN))

    async def _place(self, action: Action) -> None:
        request = action.request
        assert request is not None
        account, provenance = AccountId(action.account), _provenance(action)
        order = await self._ask(lambda door: door.place(account, request, provenance))
        self._note(action, order, request.client_order_id or "")

    async def _slice(self, action: Action) -> None:
        request, world = action.request, self._world
        assert request is not None
        if request.quantity is None:
            return
        style = STYLES[action.number % len(STYLES)]
        is_iceberg = style is Style.ICEBERG
        wish = ParentWish(
            account=AccountId(action.account),
            symbol=Symbol(request.symbol),
            side=request.side,
            quantity=request.quantity,
            style=style,
            ends_at=world.loop.wall() + timedelta(seconds=SLICED_WITHIN_S),
            limit_price=Decimal(100 + 2 * request.side.sign) if is_iceberg else None,
            slices=4 if style is Style.TWAP else 0,
            curve=CURVE if style is Style.VWAP else (),
            display=max(request.quantity // 3, Decimal(1)) if is_iceberg else None,
            client_order_id=f"parent-{action.number}",
        )

        def place(process: Process) -> None:
            bell = world.bell(process)
            door = ParentIntake(world.ledger(process), bell, process, world.ids)
            door.place(wish, _provenance(action))

        await self._ask_in(place)

    async def _exits(self, action: Action) -> None:
        """Place a pair of exits for what an order was given: that one, or whichever is first."""
        orders = self._world.store.memory.tables.orders.folded.rows
        given: list[PlatformOrder] = []
        for _ in range(EXITS_LOOKS):
            given = [each for each in orders.values() if _is_given(each, action.account)]
            if given:
                break
            await asyncio.sleep(2.0)
        else:
            return
        target, name = self._target(action), f"order-{action.number}"
        known = next((each for each in given if each.id == target), given[-1])
        asked = known.request
        request = exits_of(asked.side, asked.symbol, known.filled_quantity, name)
        order = await self._ask(
            lambda door: door.place(known.account, request, _provenance(action))
        )
        self._note(action, order, name)

    async def _replace(self, action: Action) -> None:
        order_id, name = self._target(action), f"order-{action.number}"
        if order_id is None:
            return
        known = self._world.store.memory.tables.orders.find(order_id)
        if known is None:
            return
        asked = known.request
        change = ReplaceRequest(
            limit_price=action.price if asked.type.has_limit else None,
            stop_price=action.price if asked.type.has_stop else None,
            trail=CHANGED_TRAIL if asked.type is OrderType.TRAILING_STOP else None,
            client_order_id=name,
        )
        order = await self._ask(lambda door: door.replace(order_id, change, _provenance(action)))
        self._note(action, order, name)

    def _target(self, action: Action) -> OrderId | None:
        return None if action.on is None else self._placed.get(action.on)

    def _note(self, action: Action, order: PlatformOrder | None, name: str) -> None:
        if order is not None:
            self._placed[action.number] = order.id
            self.promises.append(Promise(name, order.id))

    async def _ask(self, ask: Callable[[Intake], PlatformOrder]) -> PlatformOrder | None:
        return await self._ask_in(lambda process: ask(self._door(process)))

    async def _ask_in(self, ask: Callable[[Process], T]) -> T | None:
        world = self._world
        for attempt in range(ATTEMPTS):
            process = world.process("function", "api")
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    return await world.blocking.call(process, partial(ask, process))
            except (Rejected, Invalid) as error:
                world.tell("client", f"refused: {error.message}")
                return None
            except (Unavailable, Unknown, TimeoutError) as error:
                said = error.message if isinstance(error, AlgoTrendyError) else "no answer"
                world.tell("client", f"asks again: {said}")
            await asyncio.sleep(0.5 * 2**attempt)
        return None

    def _door(self, process: Process) -> Intake:
        world = self._world
        return Intake(
            world.ledger(process),
            world.sagas(process),
            world.bell(process),
            process,
            world.ids,
            pause=lambda seconds: world.blocking.pause(process, seconds),
        )


def _is_given(order: PlatformOrder, account: str) -> bool:
    """Say whether it was given whole units, of which exits may be a pair."""
    filled = order.filled_quantity
    return order.account == account and filled > 0 and filled == filled.to_integral_value()


def _provenance(action: Action) -> Provenance:
    return Provenance(correlation_id=CorrelationId(f"action-{action.number}"), user=ANN)
