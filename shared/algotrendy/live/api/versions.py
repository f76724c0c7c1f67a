"""Answer for registered strategies: register, list, show, promote."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from algotrendy.identity.idempotent import idempotent
from algotrendy.kernel.cursors import cursor_to, place_of
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import parse_uuid7
from algotrendy.live.api.access import CAPABILITY, Caller, Cursor, PageSize, Versions
from algotrendy.live.api.version_bodies import (
    PromotionIn,
    PromotionOut,
    RegistrationIn,
    VersionOut,
    VersionsOut,
    WholeVersionOut,
    promotion_out,
    version_out,
    whole_version_out,
)
from algotrendy.live.versions import Stage

_OF_THIS_LIST = "used with the list that it was given for"
_Name = Annotated[str, Path(max_length=63)]
_Version = Annotated[int, Path(ge=1, lt=2**31)]

router = APIRouter(prefix="/v1/strategies", tags=[CAPABILITY])


@router.post("", status_code=201)
@idempotent()
def register_strategy(
    caller: Caller, versions: Versions, body: RegistrationIn, response: Response
) -> VersionOut:
    """Register a strategy as a draft, under a name and the next number.

    The same content again is the same version, unless that was retired.
    """
    made = versions.register(caller, body.name, body.content(), body.note)
    response.headers["location"] = f"/v1/strategies/{made.name}/versions/{made.version}"
    return version_out(made)


@router.get("/registered")
def list_registered_strategies(
    caller: Caller,
    versions: Versions,
    stage: Annotated[Stage | None, Query(description="Only those at this stage.")] = None,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> VersionsOut:
    """List registered versions of all names, newest first; `GET /v1/strategies` is the library."""
    words = ("registered strategies", stage or "")
    before = None
    if cursor is not None:
        before = parse_uuid7(place_of(cursor, words, _OF_THIS_LIST), "cursor")
    page = versions.newest(caller.tenant, limit, before, stage)
    following: UUID | None = None if page.following is None else page.following.id
    return VersionsOut(
        versions=[version_out(each) for each in page.items],
        next_cursor=None if following is None else cursor_to(str(following), words),
    )


@router.get("/{name}/versions")
def list_strategy_versions(
    caller: Caller,
    versions: Versions,
    name: _Name,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> VersionsOut:
    """List the versions of a registered strategy, newest first."""
    words = ("versions", name)
    before = None if cursor is None else _number(place_of(cursor, words, _OF_THIS_LIST))
    page = versions.versions(caller.tenant, name, limit, before)
    last = page.following
    return VersionsOut(
        versions=[version_out(each) for each in page.items],
        next_cursor=None if last is None else cursor_to(str(last.version), words),
    )


@router.get("/{name}/versions/{version}")
def get_strategy_version(
    caller: Caller, versions: Versions, name: _Name, version: _Version
) -> WholeVersionOut:
    """Show a version whole: its code, its study, and how it came to its stage."""
    found = versions.get(caller.tenant, name, version)
    return whole_version_out(found, [promotion_out(each) for each in versions.promotions(found)])


@router.post("/{name}/versions/{version}/promotion")
@idempotent()
def promote_strategy(
    caller: Caller, versions: Versions, name: _Name, version: _Version, body: PromotionIn
) -> PromotionOut:
    """Bring a version to its next stage, or retire it.

    What is refused is answered 409 with a `ruling`: each number, its bar, and by how much it was
    missed. A researcher makes of a draft what is tested, by a study that the gate passes; a
    researcher or a trader lets it trade on paper; a risk manager who has just signed in lets it
    trade live, after enough sessions on paper without an unexplained difference, and with both live
    switches on.
    """
    return promotion_out(versions.promote(caller, name, version, body.wish()))


def _number(place: str) -> int:
    try:
        return int(place)
    except ValueError as error:
        raise Invalid("cursor", "next_cursor of the page before", place) from error
