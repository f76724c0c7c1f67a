"""Let an order cost real money only when two switches, in two hands, say so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from algotrendy.kernel.errors import Rejected

STAGE_SWITCH = "ALGOTRENDY_LIVE_TRADING"
ACCOUNT_SWITCH = "live"


class Mode(StrEnum):
    """Whether orders cost money."""

    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Switches:
    """The two switches; both are off until somebody turns them.

    Attributes:
        stage: What the deployment allows: the setting ``ALGOTRENDY_LIVE_TRADING`` of its stage.
        account: What the owner of the broker account allows: ``live`` in the account's settings.
    """

    stage: bool = False
    account: bool = False

    @property
    def mode(self) -> Mode:
        """Give live when both switches are on, and paper for everything else."""
        return Mode.LIVE if self.stage and self.account else Mode.PAPER

    def require_live(self, account: str) -> None:
        """Insist on live trading, for one who asked for it in so many words.

        Raises:
            Rejected: If a switch is off; says which, and where it is.
        """
        lacking = []
        if not self.stage:
            lacking.append(f"set {STAGE_SWITCH}=true for the stage")
        if not self.account:
            lacking.append(f"set {ACCOUNT_SWITCH} = true in the settings of account {account}")
        if lacking:
            raise Rejected(
                f"live trading is off and every order is paper: {', and '.join(lacking)}",
                account=account,
                stage_switch=self.stage,
                account_switch=self.account,
            )
