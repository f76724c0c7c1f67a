"""Write the data file of ``us_equities()`` from the exchange_calendars package.

    python -m algotrendy.market_data.adapters.us_equities_writer

The package is of the dev group, because it needs pandas: what runs reads the file. A test compares
the two session by session, and fails when a newer package knows of a closure that the file lacks.
"""

from __future__ import annotations

from datetime import date

from algotrendy.market_data.calendar import NEW_YORK, US_EQUITIES_FILE

FIRST, LAST = date(1990, 1, 1), date(2030, 12, 31)
_SATURDAY = 5


def exceptions_text() -> str:
    """List every weekday without a session, and every session that ends early."""
    import exchange_calendars
    import pandas

    calendar = exchange_calendars.get_calendar("XNYS", start=str(FIRST), end=str(LAST))
    closes = {
        session.date(): pandas.Timestamp(close).tz_convert(NEW_YORK).strftime("%H:%M")
        for session, close in calendar.closes.items()
    }
    lines = [f"from {FIRST} to {LAST}"]
    for ordinal in range(FIRST.toordinal(), LAST.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if day not in closes:
            if day.weekday() < _SATURDAY:
                lines.append(str(day))
        elif closes[day] != "16:00":
            lines.append(f"{day} {closes[day]}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    US_EQUITIES_FILE.write_text(exceptions_text(), encoding="ascii")
