"""Compute with decimals exactly, and refuse floats before they become money."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

from algotrendy.kernel.errors import Invalid

# Every value stays below 10**18 with at most 18 decimals, as numeric(36, 18) keeps it. A product of
# two then needs 72 digits; anything that would still have to be rounded raises decimal.Inexact.
MAX_DIGITS_EACH_SIDE = 18
EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_LIMIT = Decimal(10) ** MAX_DIGITS_EACH_SIDE
_FINEST = Decimal(1).scaleb(-MAX_DIGITS_EACH_SIDE)
_MAX_TEXT = 40


def require_decimal(value: object, field: str) -> Decimal:
    """Give the value back if it is a decimal that the ledger can hold.

    Raises:
        TypeError: If it is not a Decimal; a float has lost its digits before it came here.
        Invalid: If it is not finite, is 10**18 or more, or has more than 18 decimals.
    """
    if not isinstance(value, Decimal):
        raise TypeError(f"{field} must be a Decimal, was {type(value).__name__}")
    # copy_abs and not abs: abs() rounds in the caller's context, and overflows on 1e999999999.
    fits = value.is_finite() and value.copy_abs() < _LIMIT
    if not fits or decimals_of(value) > MAX_DIGITS_EACH_SIDE:
        raise Invalid(field, "a number below 10**18 with at most 18 decimals", value)
    return value


def parse_decimal(text: str, field: str) -> Decimal:
    """Read a decimal such as ``1250.75``.

    Raises:
        Invalid: If the text is no number, or one that the ledger cannot hold.
    """
    # Decimal() reads underscores, and 1e999999 in nine characters.
    if len(text) > _MAX_TEXT or "_" in text:
        raise Invalid(field, "a number", text)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise Invalid(field, "a number", text) from error
    return require_decimal(value, field)


def decimals_of(value: Decimal) -> int:
    """Count the digits after the point, without trailing zeros."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent >= 0 or not value:
        return 0
    zeros = next(count for count, digit in enumerate(reversed(digits)) if digit)
    return max(0, -exponent - zeros)


def plain(value: Decimal) -> str:
    """Write a decimal without an exponent, keeping its trailing zeros."""
    return format(value, "f")


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Round half to even, which over many values favours neither side."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, Context(prec=EXACT.prec))


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Compute ``whole * part / of``, rounded half to even at the finest step of the ledger."""
    exact = EXACT.multiply(whole, part)
    loose = Context(prec=EXACT.prec)
    return loose.divide(exact, of).quantize(_FINEST, ROUND_HALF_EVEN, loose)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Give the greatest multiple of ``step`` that is not above the value."""
    return EXACT.multiply(_steps(value, step, ROUND_FLOOR), step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Give the least multiple of ``step`` that is not below the value."""
    return EXACT.multiply(_steps(value, step, ROUND_CEILING), step)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Say whether the value is a whole number of steps."""
    return EXACT.remainder(value, step) == 0


def _steps(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    whole = EXACT.divide_int(value, step)
    rest = EXACT.remainder(value, step)
    if rest < 0 and rounding == ROUND_FLOOR:
        return whole - 1
    if rest > 0 and rounding == ROUND_CEILING:
        return whole + 1
    return whole
