"""What befalls the platform in one run, beside what strikes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import AlgoTrendyError, Rejected
from algotrendy.kernel.order import OrderType
from algotrendy.trading.risk_control import RiskControl
from simulation.service import Services
from simulation.story import Action
from simulation.world import ROOT, World

SCHEDULED_S = (1.0, 8.0)


class Troubles:
    """Lets troubles of a story come over the services, or over what they stand on."""

    def __init__(self, world: World, services: Services) -> None:
        self._halted_at: float | None = None
        self._is_flattened = False
        self._disturbed_at = 0.0
        self._world = world
        self._services = services

    @property
    def is_halted(self) -> bool:
        """Say whether trading was stopped, and nobody did anything beside us after that."""
        return self._halted_at is not None and self._disturbed_at < self._halted_at

    @property
    def is_flattened(self) -> bool:
        """Say whether every position was to be closed as well."""
        return self.is_halted and self._is_flattened

    def befall(self, action: Action) -> None:
        """Let one happen."""
        self._world.tell("trouble", str(action))
        process, station = self._services.one()
        match action.kind:
            case "service killed":
                self._world.kill(process)
            case "service stopped":
                self._services.stop(station)
            case "service stalled":
                process.stalled_until = self._in(1, 40)
            case "service cut off":
                process.cut_off_until = self._in(2, 40)
            case "clock jumps":
                way = self._world.chance.choice((-1, 1))
                process.skew_s += way * self._world.chance.uniform(1, 300)
            case _:
                self._befall_all(action)

    def _befall_all(self, action: Action) -> None:
        match action.kind:
            case "ledger restarts":
                self._world.store.away_until = self._in(1, 8)
            case "broker away":
                self._world.wire.away_until = self._in(2, 25)
            case "workflows forgotten":
                self._world.workflows.forget()
            case "execution busted":
                self._bust()
            case "exit cancelled by hand":
                self._cancel_an_exit()
            case "order placed by hand":
                self._place(action)
            case "kill switch":
                self._pull(is_flat=self._is_flat(), after_s=0.0)
            case "kill switch later":
                after_s = self._world.chance.uniform(*SCHEDULED_S)
                self._pull(is_flat=self._is_flat(), after_s=after_s)

    def _in(self, least_s: float, most_s: float) -> float:
        return self._world.loop.time() + self._world.chance.uniform(least_s, most_s)

    def _place(self, action: Action) -> None:
        assert action.request is not None
        self._disturbed_at = self._world.loop.time()
        self._world.strangers.add(action.request.client_order_id or "")
        with suppress(Rejected):
            self._world.exchange.submit(action.request)

    def _bust(self) -> None:
        fills = self._world.exchange.fills()
        if fills:
            victim = fills[self._world.chance.randrange(len(fills))]
            self._disturbed_at = self._world.loop.time()
            with suppress(Rejected):
                self._world.exchange.bust(victim.execution_id)

    def _cancel_an_exit(self) -> None:
        exchange = self._world.exchange
        entries: Sequence[BrokerOrder] = [order for order in exchange.views() if order.legs]
        exits = [leg for order in entries for leg in order.legs if leg.type is OrderType.STOP]
        if exits:
            victim = exits[self._world.chance.randrange(len(exits))]
            with suppress(Rejected):
                exchange.cancel(victim.broker_order_id)

    def _is_flat(self) -> bool:
        # Nobody closes a position in a market that is closed.
        return self._world.is_always_open and self._world.chance.random() < 0.5

    def _pull(self, *, is_flat: bool, after_s: float) -> None:
        world = self._world
        process = world.process("function", "kill switch")
        control = RiskControl(world.ledger(process), process, world.ids)
        at = world.loop.wall() + timedelta(seconds=after_s) if after_s else None
        pull = partial(control.pull_kill_switch, ROOT, is_flat, "ann", "it smells of smoke", at)
        call = world.blocking.call(process, pull)
        call.add_done_callback(
            lambda done: self._pulled(done.exception(), is_flat=is_flat, after_s=after_s)
        )

    def _pulled(self, error: BaseException | None, *, is_flat: bool, after_s: float) -> None:
        if isinstance(error, AlgoTrendyError):
            # Whoever smells smoke pulls again.
            again = partial(self._pull, is_flat=is_flat, after_s=after_s)
            self._world.loop.call_later(1.0, again)
        elif error is None:
            # Of one for later it is not known here when somebody pulls it: what disturbs the
            # account from now on may come after.
            self._halted_at = self._world.loop.time()
            self._is_flattened |= is_flat
