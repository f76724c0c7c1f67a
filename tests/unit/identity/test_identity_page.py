"""The page of who may do what says what the tables say."""

from __future__ import annotations

from pathlib import Path

from algotrendy.identity.permissions import GRANTS, Permission, Role

PAGE = Path(__file__).parents[3] / "docs/identity.md"


def test_the_page_shows_every_permission_and_who_has_it() -> None:
    shown = PAGE.read_text(encoding="utf-8").split("<!-- roles: begin -->\n")[1]
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in shown.split("<!-- roles: end -->")[0].splitlines()
    ]
    assert rows[0] == ["permission", *(role.replace("_", " ") for role in Role)]
    assert rows[2:] == [
        [f"`{permission}`", *("x" if permission in GRANTS[role] else "" for role in Role)]
        for permission in Permission
    ]
