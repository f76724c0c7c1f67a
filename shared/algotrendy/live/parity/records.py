"""Hold what a replay reads: what a run was told and did, and what the ledger says came of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.step_records import Decision, StepInputs
from algotrendy.backtest.engine.terms import Terms
from algotrendy.kernel.ids import TenantId
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Values


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no order came of a decision, by its number in the step.

    Attributes:
        by: "limit" where our limits of risk refused it, "broker" where the adapter says that the
            broker cannot do it, "paused" where nothing was to be sent.
        reasons: Each in words.
    """

    number: int
    by: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One step as it was recorded when it was done.

    Attributes:
        digest: Of the state that it left behind.
        state: That state, as ``StepState.to_json`` writes it; empty where it was not kept.
        refusals: Of its decisions of which no order came.
        joined: Numbers of decisions that are parts of another one's order, as exits of a bracket.
    """

    inputs: StepInputs
    decisions: tuple[Decision, ...]
    digest: str
    refusals: tuple[Refusal, ...] = ()
    joined: frozenset[int] = frozenset()
    state: str = ""


@dataclass(frozen=True, slots=True)
class LedgerExecution:
    """An execution that stands, in the asset's currency; a fee that nobody told is 0."""

    id: str
    units: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOrder:
    """An order of the run's part of the account, as the ledger has it.

    Attributes:
        desk_order: The desk's id of the decided order; 0 where no decision asked for it.
        order_kind: As ``kernel.order_codes`` count them, as ``tif`` is.
        side: 1 buys, -1 sells.
        limit, stop: 0 is none.
        status: As the platform names it.
        is_leg: Whether the broker holds it for another order, on terms of its own.
        command: What a person wanted that it was sent for, such as "flatten"; empty where a
            decision asked for it.
    """

    desk_order: int
    client_order_id: str
    asset: int
    side: int
    order_kind: int
    tif: int
    units: Decimal
    limit: Decimal = Decimal(0)
    stop: Decimal = Decimal(0)
    status: str = "filled"
    reason: str = ""
    is_open: bool = False
    is_cancel_wanted: bool = False
    is_leg: bool = False
    command: str = ""
    executions: tuple[LedgerExecution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMoney:
    """What the books of the run's part add up to after the last step.

    Attributes:
        cash: Free and held.
        positions: Units of each asset.
        moved_in: Cash that was moved into the part since the run began, without its capital.
        carried: Dividends and interest since then.
    """

    cash: Decimal
    positions: tuple[Decimal, ...]
    moved_in: Decimal = Decimal(0)
    carried: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run, whole: everything that its replay stands on.

    Attributes:
        version: Name and version, such as ``sma_cross@3``.
        code_hash: Of the code with which the run was started.
        trade_from: The first step that sends.
        terms: With ``cash`` the run's capital.
        bars_then: All bars of the universe as they were known at the run's steps.
        bars_now: The same as they are known now.
        steps: All of them, those of the warm-up with them.
    """

    run_id: UUID
    tenant: TenantId
    account: str
    version: str
    code_hash: str
    strategy: Strategy
    values: Values
    terms: Terms
    trade_from: int
    bars_then: Dataset
    bars_now: Dataset
    steps: tuple[RecordedStep, ...]
    orders: tuple[LedgerOrder, ...]
    money: LedgerMoney
    calendar: TradingCalendar | None = None
