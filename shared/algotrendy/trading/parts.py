"""Let people make parts of an account and move cash between them, on the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.money import Money
from algotrendy.risk.limits import StrategyId
from algotrendy.trading.accounts import Account, Protection, root_of
from algotrendy.trading.ledger import AuditRecord, LedgerTransaction
from algotrendy.trading.lots import LotMethod
from algotrendy.trading.opening import allocate, open_part
from algotrendy.trading.queries import require_account


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something when, and why; ``id`` is made before, so that it is done once.

    Attributes:
        reference: The caller's own name for it; the same again changes nothing.
    """

    id: UUID
    reach: Reach
    who: str
    at: datetime
    reference: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWish:
    """A part of an account as somebody wants it; what is None is as of the account."""

    root: AccountId
    strategy: StrategyId
    cash: Money | None = None
    lot_method: LotMethod | None = None
    protection: Protection | None = None
    approval_above: Money | None = None


def add_part(tx: LedgerTransaction, act: Act, wish: PartWish) -> Account:
    """Make a strategy's part of an account, with cash from it where some is wished.

    Raises:
        NotFound: If the tenant has no such account.
        Invalid: If the cash is not above zero, or what needs no approval is below.
        Conflict: If there is such a part with other terms.
        Rejected: If the account has less cash.
    """
    whole = require_account(tx, act.reach, wish.root)
    if wish.cash is not None and wish.cash.amount <= 0:
        raise Invalid("cash", "above zero", str(wish.cash))
    if wish.approval_above is not None and wish.approval_above.amount < 0:
        raise Invalid("approval_above", "zero or more", str(wish.approval_above))
    part = open_part(
        tx,
        whole.id,
        wish.strategy,
        act.at,
        lot_method=wish.lot_method,
        protection=wish.protection,
        approval_above=wish.approval_above,
    )
    for wanted, has in (
        (wish.lot_method, part.lot_method),
        (wish.protection, part.protection),
        (wish.approval_above, part.approval_above),
    ):
        if wanted not in (None, has):
            raise Conflict(f"account {part.id} is there already, with other terms")
    if wish.cash is not None:
        allocate(tx, whole.id, part.id, wish.cash, act.reference, act.at)
    _note(tx, act, "part.add", whole.id, part.id, {"cash": str(wish.cash or "none")})
    return part


def transfer(
    tx: LedgerTransaction, act: Act, source: AccountId, target: AccountId, amount: Money
) -> None:
    """Move cash between an account and its parts.

    Raises:
        NotFound: If the tenant has no such account.
        Invalid, Rejected, Conflict: As ``allocate``.
    """
    for account in (source, target):
        require_account(tx, act.reach, account)
    allocate(tx, source, target, amount, act.reference, act.at)
    facts = {"source": source, "target": target, "amount": str(amount)}
    _note(tx, act, "cash.transfer", root_of(source), act.reference, facts)


def _note(
    tx: LedgerTransaction,
    act: Act,
    action: str,
    account: AccountId,
    subject: str,
    facts: dict[str, str],
) -> None:
    tx.audit.add(
        AuditRecord(
            id=act.id,
            tenant=act.reach.tenant,
            account=account,
            at=act.at,
            who=act.who,
            action=action,
            subject=subject,
            reason=act.reason,
            facts=dict(facts),
        )
    )
