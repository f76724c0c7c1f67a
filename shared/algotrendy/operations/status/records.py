"""Write the board as JSON and read it back, every second of it."""

from __future__ import annotations

import json
from functools import cache

from pydantic import TypeAdapter, ValidationError

from algotrendy.kernel.errors import Unavailable
from algotrendy.operations.status.board import Board

VERSION = 1


@cache
def _adapter() -> TypeAdapter[Board]:
    return TypeAdapter(Board)


def write_board(board: Board) -> bytes:
    """Write a board with the version of its form."""
    return b'{"version":%d,"board":%s}' % (VERSION, _adapter().dump_json(board))


def read_board(data: bytes) -> Board:
    """Read a board.

    Raises:
        Unavailable: If it is of a later version, or damaged; it is better left as it lies.
    """
    try:
        told = json.loads(data)
        version = told["version"]
        if version == VERSION:
            return _adapter().validate_json(json.dumps(told["board"]))
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        reason = "it cannot be read; put an earlier copy in its place, or move it away"
        raise Unavailable("the record of the status page", reason) from error
    reason = f"it has version {version}, and this code knows {VERSION}; update the code"
    raise Unavailable("the record of the status page", reason)
