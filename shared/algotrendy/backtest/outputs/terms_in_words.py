"""Say in words on what terms orders fill: one wording for every page, table and command."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms

_FEW = 8


def terms_assumed(
    terms: Terms, blind: Sequence[str] = (), own_lots: Sequence[str] = (), borrow: str = ""
) -> tuple[tuple[str, str], ...]:
    """Give what terms assume as topics and sentences, of which each term is in one.

    Args:
        blind: Symbols whose volume is not known.
        own_lots: Symbols that say themselves whether parts of a unit are traded.
        borrow: The borrow rates where assets have their own, in words.
    """
    return (
        ("Slippage", _slippage(terms)),
        ("Volume", _volume(terms, blind)),
        ("Fees", _fees(terms)),
        ("Cash, shorts, leverage", _margin(terms, own_lots)),
        ("Interest and borrowing", _interest(terms, borrow)),
    )


def of_setting(setting: Setting) -> tuple[tuple[str, str], ...]:
    """Give the same of a run, with what its assets say themselves."""
    assets = setting.dataset.assets
    return terms_assumed(
        setting.terms,
        [asset.symbol for asset in assets if not asset.has_volume],
        [asset.symbol for asset in assets if asset.fractional is not None],
        borrow_rates(setting),
    )


def borrow_rates(setting: Setting) -> str:
    """Give the rates of being short of the assets, from the least to the greatest."""
    rates = sorted({setting.borrow_rate(asset) for asset in setting.dataset.assets})
    if not rates or not any(rates):
        return ""
    least, most = f"{rates[0]:.4g}", f"{rates[-1]:.4g}"
    return least if least == most else f"{least} to {most}"


def in_a_line(setting: Setting) -> str:
    """Give the terms of a run as parts of a sentence; what is 0 and usually is, is left out."""
    terms = setting.terms
    volume = (
        f"at most {terms.participation:.4g} of a bar's volume is taken"
        if terms.participation
        else "any quantity is filled"
    )
    units = "parts of units" if terms.fractional else "whole units"
    shorts = "shorts allowed" if terms.allow_short else "no shorts"
    margin = f"leverage {terms.leverage:g}" if terms.leverage > 1.0 else "no leverage"
    if can_owe(terms) and terms.maintenance:
        margin += f", closed out below {terms.maintenance:.4g} of the positions"
    parts = [
        f"fees {_fee_line(terms)}",
        f"slippage {_slippage_line(terms)}",
        volume,
        f"{terms.cash:,.0f} in cash, {units}, {shorts}, {margin}",
    ]
    borrow = borrow_rates(setting)
    rates = [
        f"{rate} {of}"
        for rate, of in (
            (f"{terms.cash_rate:.4g}" if terms.cash_rate else "", "on cash"),
            (f"{terms.loan_rate:.4g}" if terms.loan_rate else "", "on loans"),
            (borrow, "on shorts"),
        )
        if rate
    ]
    if rates:
        parts.append(f"interest a year of {terms.days_in_year} days {', '.join(rates)}")
    return "; ".join(parts)


def can_owe(terms: Terms) -> bool:
    """Tell whether an account on these terms can owe anything."""
    return terms.allow_short or terms.leverage > 1.0


def listed(names: Sequence[str]) -> str:
    """Give the first few of some names."""
    shown = ", ".join(names[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown


def _fee_line(terms: Terms) -> str:
    costs = [f"{terms.fee_bps:g} bps of each fill"] if terms.fee_bps else []
    if terms.fee_per_unit:
        costs.append(f"{terms.fee_per_unit:g} a unit")
    said = [" and ".join(costs)] if costs else []
    if terms.fee_minimum:
        said.append(f"at least {terms.fee_minimum:g} a fill")
    if terms.fee_most_bps:
        said.append(f"at most {terms.fee_most_bps:g} bps")
    if more := _of_sales(terms, "bps"):
        said.append(f"sales {more} more")
    return ", ".join(said) or "none"


def _slippage_line(terms: Terms) -> str:
    slips = [f"{terms.slippage_bps:g} bps"] if terms.slippage_bps else []
    if terms.spread:
        slips.append(f"half a spread of {terms.spread:g}")
    if terms.impact_bps:
        slips.append(f"an impact of {terms.impact_bps:g} bps by the root of the share of volume")
    return " and ".join(slips) or "none"


def _slippage(terms: Terms) -> str:
    parts = []
    if terms.slippage_bps:
        parts.append(f"{terms.slippage_bps:g} basis points of the price")
    if terms.spread:
        parts.append(f"half of a spread of {terms.spread:g}")
    if terms.impact_bps:
        parts.append(
            f"an impact of {terms.impact_bps:g} basis points times the root of the share of the "
            "bar's volume that is taken"
        )
    if not parts:
        return "None: fills are at the market's price, which flatters whoever trades often."
    return f"Every fill but a limit's is worse by {' and '.join(parts)}."


def _volume(terms: Terms, blind: Sequence[str]) -> str:
    if not terms.participation:
        return "No limit: an order of any size is filled, however little traded in the bar."
    unknown = f" The volume of {listed(blind)} is not known and limits nothing." if blind else ""
    return (
        f"Orders take at most {terms.participation:.4g} of a bar's volume between them; what is "
        f"left waits for the next bar as long as the order lasts.{unknown}"
    )


def _fees(terms: Terms) -> str:
    parts = []
    if terms.fee_bps:
        parts.append(f"{terms.fee_bps:g} basis points of a fill's value")
    if terms.fee_per_unit:
        parts.append(f"{terms.fee_per_unit:g} a unit")
    said = " and ".join(parts) or ("None" if not terms.fee_minimum else "")
    if terms.fee_minimum:
        said += f"{', at least ' if said else ''}{terms.fee_minimum:g} a fill"
    if terms.fee_most_bps:
        said += f", at most {terms.fee_most_bps:g} basis points"
    sales = _of_sales(terms, "basis points")
    more = f" Sales pay {sales} more." if sales else ""
    return f"{said}.{more}"


def _of_sales(terms: Terms, bps: str) -> str:
    sales = [f"{terms.sale_fee_bps:g} {bps}"] if terms.sale_fee_bps else []
    if terms.sale_fee_per_unit:
        sales.append(f"{terms.sale_fee_per_unit:g} a unit")
    return " and ".join(sales)


def _margin(terms: Terms, own_lots: Sequence[str]) -> str:
    units = "Parts of a unit can be traded" if terms.fractional else "Whole units only"
    units += f", but {listed(own_lots)} as its data says" if own_lots else ""
    sells = "Short sales are allowed" if terms.allow_short else "Nothing is sold short"
    if terms.leverage > 1.0:
        borrows = f"positions may be worth {terms.leverage:g} times the equity"
    else:
        borrows = "positions may be worth no more than the equity"
    called = (
        f" Equity below {terms.maintenance:.4g} of the positions' value closes all at the next "
        "opens."
        if terms.maintenance
        else " Nobody calls for margin before the equity is gone."
    )
    return (
        f"It starts with {terms.cash:,.2f}. {units}. {sells}; {borrows}. What cash or holdings "
        f"cannot pay is cut and counted as cut.{called if can_owe(terms) else ''}"
    )


def _interest(terms: Terms, borrow: str) -> str:
    borrow = borrow or (f"{terms.borrow_rate:.4g}" if terms.borrow_rate else "")
    if not (terms.loan_rate or terms.cash_rate or borrow):
        return "None is paid or earned, on cash, on loans or on borrowed shares."
    return (
        f"A year, by nights over {terms.days_in_year:g} days: {terms.cash_rate:.4g} earned on "
        f"cash, {terms.loan_rate:.4g} paid on cash below 0, {borrow or 0} paid on shares held "
        "short."
    )
