"""Real money needs two switches; everything else is paper."""

from __future__ import annotations

import pytest

from algotrendy.brokers.live import Mode, Switches
from algotrendy.kernel.errors import Rejected


@pytest.mark.parametrize(
    ("stage", "account", "mode"),
    [
        (False, False, Mode.PAPER),
        (True, False, Mode.PAPER),
        (False, True, Mode.PAPER),
        (True, True, Mode.LIVE),
    ],
)
def test_only_both_switches_together_make_it_live(stage: bool, account: bool, mode: Mode) -> None:
    assert Switches(stage, account).mode is mode


def test_both_switches_are_off_until_they_are_turned() -> None:
    assert Switches().mode is Mode.PAPER


@pytest.mark.parametrize(
    ("switches", "said", "unsaid"),
    [
        (Switches(stage=True), "live = true in the settings of account U1", "ALGOTRENDY_LIVE"),
        (Switches(account=True), "set ALGOTRENDY_LIVE_TRADING=true for the stage", "account U1"),
    ],
)
def test_one_who_wants_live_is_told_which_switch_is_off(
    switches: Switches, said: str, unsaid: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        switches.require_live("U1")
    assert said in refusal.value.message
    assert unsaid not in refusal.value.message.partition("paper: ")[2]


def test_one_who_wants_live_and_has_both_switches_gets_it() -> None:
    Switches(stage=True, account=True).require_live("U1")
