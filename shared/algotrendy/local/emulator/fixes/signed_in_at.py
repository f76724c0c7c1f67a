"""Keep the time of the sign-in, and the groups, in the tokens of a session that is refreshed.

Stock: an access token got for a refresh token says in `auth_time` that its user signed in just
now; one that `/oauth2/token` gives for a refresh token of managed login has no groups.

AWS: `auth_time` is when the user signed in, however often the session was refreshed since, and
each access token carries the user's groups.

Fix: all tokens of one sign-in carry one time, the refresh token too, which hands it on;
`/oauth2/token` refreshes every token on the one path that knows the groups.
"""

import time
from contextvars import ContextVar
from typing import Any

from ministack.services import cognito

from . import source_text

_IN_ID = '        claims["aud"] = client_id\n        claims["auth_time"] = now\n'
_IN_ACCESS = '        claims["client_id"] = client_id\n        claims["auth_time"] = now\n'
_IN_REFRESH = "        # RefreshToken — opaque in real AWS, but we use a JWT stub for simplicity"
_TELLS = '        claims["auth_time"] = _signed_in_at.get() or now'
_MANAGED_LOGIN = "        entry = _refresh_tokens.get(refresh_val)\n"

_signed_in_at: ContextVar[int | None] = ContextVar("signed_in_at", default=None)


def _kept(text: str) -> tuple[str, str]:
    return text, text.replace('        claims["auth_time"] = now', _TELLS)


def apply() -> None:
    """Mend how tokens are made and refreshed."""
    vars(cognito)["_signed_in_at"] = _signed_in_at
    in_refresh = source_text.before(_IN_REFRESH, _TELLS)
    source_text.recompile(cognito._fake_token, _kept(_IN_ID), _kept(_IN_ACCESS), in_refresh)
    source_text.recompile(cognito._oauth2_token, (_MANAGED_LOGIN, "        entry = None\n"))
    stock_build, stock_refresh = cognito._build_auth_result, cognito._refresh_auth_result

    def build(*arguments: Any, **named: Any) -> Any:
        mark = _signed_in_at.set(_signed_in_at.get() or int(time.time()))
        try:
            return stock_build(*arguments, **named)
        finally:
            _signed_in_at.reset(mark)

    def refresh(pool: Any, pid: Any, cid: Any, refresh_token: Any) -> Any:
        signed_in_at = cognito._token_claims(refresh_token).get("auth_time")
        mark = _signed_in_at.set(signed_in_at if isinstance(signed_in_at, int) else None)
        try:
            return stock_refresh(pool, pid, cid, refresh_token)
        finally:
            _signed_in_at.reset(mark)

    cognito._build_auth_result, cognito._refresh_auth_result = build, refresh
