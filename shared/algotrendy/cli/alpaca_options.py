"""The options of commands that ask Alpaca for what was, written once."""

from __future__ import annotations

from typing import Annotated, Final

import typer

MOMENTS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
"""How a moment is written."""

Feed = Annotated[str, typer.Option(help="Alpaca's: iex, sip.")]
Url = Annotated[str | None, typer.Option(help="Another server of the same protocol.")]
Key = Annotated[str | None, typer.Option(envvar="APCA_API_KEY_ID", help="Alpaca's.")]
Secret = Annotated[str | None, typer.Option(envvar="APCA_API_SECRET_KEY", help="Alpaca's.")]
