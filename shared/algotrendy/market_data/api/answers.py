"""Answer with a body that is cached by version, has an ETag, and a type that the caller takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastapi import Request, Response

from algotrendy.platform.cache import Cache

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"

# What a client may believe without asking: the newest data for a minute, a later page, which is
# pinned to a version, for an hour. The server's own cache is keyed by version, and lives no longer
# than a lake that is deleted and built anew could be mistaken for the old one.
FRESH_S, PINNED_S, CACHED_S = 60, 3_600, 300


class Rendered(NamedTuple):
    """A body, and the cursor of the next page."""

    body: bytes
    next_cursor: str | None


def cached(cache: Cache, key: str, render: Callable[[], Rendered]) -> Rendered:
    """Give what is in the cache under a key, or make and keep it."""
    packed = cache.get(key)
    if packed is not None:
        cursor, _, body = packed.partition(b"\n")
        return Rendered(body, cursor.decode() or None)
    rendered = render()
    cursor = (rendered.next_cursor or "").encode()
    cache.set(key, cursor + b"\n" + rendered.body, CACHED_S)
    return rendered


def paged(
    request: Request, rendered: Rendered, media_type: str, headers: dict[str, str], pinned: bool
) -> Response:
    """Answer with a page; a link leads to the next one."""
    headers = headers | {"vary": "accept"}
    if rendered.next_cursor is not None:
        following = request.url.include_query_params(cursor=rendered.next_cursor)
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    return answer(request, rendered.body, media_type, PINNED_S if pinned else FRESH_S, headers)


def answer(
    request: Request, body: bytes, media_type: str, max_age_s: int, headers: dict[str, str]
) -> Response:
    """Answer with a body, or 304 where the caller has it already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers |= {"etag": etag, "cache-control": f"private, max-age={max_age_s}"}
    if _matches(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def preferred(accept: str, offered: Sequence[str]) -> str:
    """Give the type that a caller likes best; of those it likes alike, the first."""
    return max(offered, key=lambda media_type: _quality(accept, media_type))


def _matches(if_none_match: list[str], etag: str) -> bool:
    known = [item.strip() for value in if_none_match for item in value.split(",")]
    return any(item == "*" or item.removeprefix("W/") == etag for item in known)


def _quality(accept: str, media_type: str) -> float:
    # RFC 9110, 12.5.1: the most specific range that fits decides.
    fits = {media_type: 2, f"{media_type.partition('/')[0]}/*": 1, "*/*": 0}
    best, quality = -1, 0.0
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if fits.get(name, -1) <= best:
            continue
        weights = [text[2:] for text in parameters if text.startswith("q=")]
        try:
            best, quality = fits[name], float(weights[0]) if weights else 1.0
        except ValueError:
            continue
    return quality
