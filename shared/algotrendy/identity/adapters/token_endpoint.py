"""Change codes and secrets into tokens at the user pool's OAuth endpoint."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from algotrendy.identity.browser import BrowserSignIn
from algotrendy.identity.session import Tokens
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid, Unauthenticated, Unavailable

TIMEOUT_S = 10.0
_MAX_BYTES = 200_000
_SERVICE = "the user pool"


class TokenEndpoint:
    """Is the token endpoint of a user pool's domain."""

    def __init__(self, sign_in_url: str, clock: Clock) -> None:
        if not sign_in_url.startswith(("https://", "http://")):
            raise Invalid("sign_in_url", "an http or https URL", sign_in_url)
        self._url = f"{sign_in_url.rstrip('/')}/oauth2/token"
        self._clock = clock

    def tokens(self, sign_in: BrowserSignIn, code: str) -> tuple[str, Tokens]:
        """Change the code of a browser into a username and tokens, and hold their nonce against it.

        Raises:
            Unauthenticated: If the pool refuses the code, or the tokens are of another sign-in.
            Unavailable: If the pool does not answer.
        """
        asked_at = self._clock.now()
        answer = self._post(sign_in.form(code), {})
        # Over TLS from the pool itself, so its signature adds nothing (OpenID Connect Core 1.0,
        # section 3.1.3.7); the API verifies that of the access token on every request.
        claims = _claims(answer.get("id_token"))
        sign_in.check_nonce(claims)
        tokens = Tokens(
            access_token=str(answer["access_token"]),
            refresh_token=answer.get("refresh_token"),
            expires_at=asked_at + timedelta(seconds=int(answer["expires_in"])),
        )
        return str(claims.get("cognito:username", "")), tokens

    def machine_token(self, client_id: str, secret: str, scope: str) -> Tokens:
        """Change a machine's id and secret into an access token.

        Raises:
            Unauthenticated: If the pool refuses them.
            Unavailable: If the pool does not answer.
        """
        asked_at = self._clock.now()
        # RFC 6749, section 2.3.1: each is written as a form writes it, before base64.
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        answer = self._post({"grant_type": "client_credentials", "scope": scope}, headers)
        expires_at = asked_at + timedelta(seconds=int(answer["expires_in"]))
        return Tokens(str(answer["access_token"]), None, expires_at)

    def _post(self, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        told = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        # The scheme was checked when this object was made.
        request = Request(self._url, urlencode(form).encode(), told)  # noqa: S310
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # nosec B310
                found = json.loads(answer.read(_MAX_BYTES))
        except HTTPError as error:
            with error:
                reason = _reason(error.read(_MAX_BYTES))
            if 400 <= error.code < 500:
                raise Unauthenticated(f"the user pool refused: {reason}") from error
            raise Unavailable(_SERVICE, f"{error.code}: {reason}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise Unavailable(_SERVICE, str(error) or type(error).__name__) from error
        if not isinstance(found, dict) or not {"access_token", "expires_in"} <= found.keys():
            raise Unavailable(_SERVICE, "its answer holds no access token")
        return found


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])[:100]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _claims(token: object) -> Mapping[str, object]:
    try:
        part = str(token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError) as error:
        raise Unauthenticated("the user pool gave no readable identity token") from error
    return claims if isinstance(claims, dict) else {}
