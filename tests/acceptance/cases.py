"""Number the cases of the acceptance suite, and say when an adapter has passed one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from acceptance.harness import Harness
from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

Run = Callable[[Harness], Awaitable[None]]
Asks = Callable[[Harness], OrderRequest]


class Outcome(StrEnum):
    """How an adapter passed a case; anything else is an error."""

    PASSED = "passed"
    REFUSED = "refused: not offered"


class Needs(StrEnum):
    """What of the capability table a case needs beside what its order asks for."""

    NOTHING = "nothing"
    REPLACE = "replace"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Case:
    """One numbered case.

    Attributes:
        number: A01 and so on; a number never means another case.
        title: What is true of an adapter that passes.
        run: Raises when it is not.
        asks: The order that decides by the capability table whether the case is offered; None
            for what every adapter has to do.
    """

    number: str
    title: str
    run: Run
    asks: Asks | None = None
    needs: Needs = Needs.NOTHING

    async def judge(self, harness: Harness) -> Outcome:
        """Run the case, or see the adapter refuse what its capability table does not offer.

        Refused counts only when it is the adapter that refuses, before anything is sent.
        """
        if self._is_offered(harness):
            await self.run(harness)
            return Outcome.PASSED
        before = await harness.submissions()
        await self._see_it_refused(harness)
        if self.needs is not Needs.SHORT:
            assert await harness.submissions() == before, "what is not offered was sent"
        assert not await harness.broker.orders(open_only=True)
        assert not await harness.broker.positions()
        return Outcome.REFUSED

    def _is_offered(self, harness: Harness) -> bool:
        table = harness.broker.capabilities
        if self.needs is Needs.REPLACE and not table.replace:
            return False
        if self.needs is Needs.SHORT and not table.short:
            return False
        if self.asks is None:
            return True
        try:
            table.check(self.asks(harness))
        except Invalid:
            return False
        return True

    async def _see_it_refused(self, harness: Harness) -> None:
        broker = harness.broker
        try:
            if self.needs is Needs.REPLACE:
                # Nothing else may be wrong with it: it is the table that has to refuse.
                await broker.replace("any", ReplaceRequest(limit_price=Decimal("99.50")))
            elif self.asks is not None:
                await broker.submit(self.asks(harness))
        except Invalid:
            return
        except Rejected:
            # Only the venue knows what is held: a sale of more may be for it to refuse.
            assert self.needs is Needs.SHORT, "refused by the venue, and not before it was sent"
            return
        raise AssertionError("what the capability table does not offer was taken")


class Suite:
    """The cases, in the order of their numbers."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def case(
        self, number: str, title: str, asks: Asks | None = None, needs: Needs = Needs.NOTHING
    ) -> Callable[[Run], Run]:
        """Enter a case.

        Raises:
            ValueError: If the number is not the next one.
        """
        if number != f"A{len(self.cases) + 1:02d}":
            raise ValueError(f"{number} is not the number after {len(self.cases)} cases")

        def enter(run: Run) -> Run:
            self.cases.append(Case(number, title, run, asks, needs))
            return run

        return enter
