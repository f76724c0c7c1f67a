"""Keep the time of the sign-in, and the groups, in the tokens of a session that is refreshed.

Stock: an access token got for a refresh token says in `auth_time` that its user signed in just
now; one that `/oauth2/token` gives for a refresh token of managed login has no groups.

AWS: `auth_time` is when the user signed in, however often the session was refreshed since, and
each access token carries the user's groups.

Fix: the refresh token, which is made at the sign-in, gives its own time; `/oauth2/token` refreshes
every token on the one path that knows the groups.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import cognito

from . import source_text

_IN_ID = '        claims["aud"] = client_id\n        claims["auth_time"] = now\n'
_IN_ACCESS = '        claims["client_id"] = client_id\n        claims["auth_time"] = now\n'
_MANAGED_LOGIN = "        entry = _refresh_tokens.get(refresh_val)\n"

_signed_in_at: ContextVar[int | None] = ContextVar("signed_in_at", default=None)


def _kept(text: str) -> tuple[str, str]:
    return text, text.replace('["auth_time"] = now', '["auth_time"] = _signed_in_at.get() or now')


def apply() -> None:
    """Mend how tokens are refreshed."""
    vars(cognito)["_signed_in_at"] = _signed_in_at
    source_text.recompile(cognito._fake_token, _kept(_IN_ID), _kept(_IN_ACCESS))
    source_text.recompile(cognito._oauth2_token, (_MANAGED_LOGIN, "        entry = None\n"))
    stock = cognito._refresh_auth_result

    def refresh(pool: Any, pid: Any, cid: Any, refresh_token: Any) -> Any:
        made_at = cognito._token_claims(refresh_token).get("iat")
        mark = _signed_in_at.set(made_at if isinstance(made_at, int) else None)
        try:
            return stock(pool, pid, cid, refresh_token)
        finally:
            _signed_in_at.reset(mark)

    cognito._refresh_auth_result = refresh
