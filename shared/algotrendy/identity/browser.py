"""Sign in with a browser: authorization code with PKCE, over a callback on this machine.

What the command line keeps to itself (``code_verifier``, ``state``, ``nonce``) is made anew for
each sign-in. A code that somebody else puts under us bears another state; a code that somebody
reads on its way is of no use without the verifier; an identity token of another sign-in bears
another nonce.

Source: RFC 7636 (PKCE), RFC 8252 (native apps), OpenID Connect Core 1.0, section 3.1.2.1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from algotrendy.kernel.errors import Unauthenticated

RandomText = Callable[[int], str]

# Of 32 bytes: more than RFC 7636 asks for.
_BYTES = 32
SCOPES = ("openid", "aws.cognito.signin.user.admin")


@dataclass(frozen=True, slots=True)
class BrowserSignIn:
    """One sign-in that a browser is to do.

    Args:
        sign_in_url: Where managed login stands.
        client_id: A public client with the authorization code flow.
        redirect_uri: Where the browser is sent back to; the pool knows it to the letter.
    """

    sign_in_url: str
    client_id: str
    redirect_uri: str
    verifier: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)

    @property
    def address(self) -> str:
        """Give the address to open in a browser; it holds no secret of ours."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.sign_in_url.rstrip('/')}/oauth2/authorize?{urlencode(asked)}"

    def is_ours(self, answer: Mapping[str, str]) -> bool:
        """Say whether what a browser came back with answers this sign-in."""
        return hmac.compare_digest(answer.get("state", "").encode(), self.state.encode())

    def code_of(self, answer: Mapping[str, str]) -> str:
        """Take the code out of what the browser came back with.

        Raises:
            Unauthenticated: If it is no answer to this sign-in, or the pool said no.
        """
        # First whose answer it is: what an answer of somebody else says is nobody's business.
        if not self.is_ours(answer):
            raise Unauthenticated("the browser came back from another sign-in")
        if "error" in answer:
            told = answer.get("error_description") or answer["error"]
            plain = "".join(c if c.isprintable() else "?" for c in told)[:200]
            raise Unauthenticated(f"the user pool refused: {plain}")
        if not answer.get("code"):
            raise Unauthenticated("the browser came back without a code")
        return answer["code"]

    def form(self, code: str) -> dict[str, str]:
        """Give what the code is changed into tokens with."""
        return {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code": code,
            "code_verifier": self.verifier,
        }

    def check_nonce(self, claims: Mapping[str, object]) -> None:
        """Refuse an identity token that was made for another sign-in.

        Raises:
            Unauthenticated: If its nonce, audience or use is another one.
        """
        nonce = claims.get("nonce")
        fits = isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), self.nonce.encode())
        ours = claims.get("aud") == self.client_id and claims.get("token_use") == "id"
        if not fits or not ours:
            raise Unauthenticated("the identity token was made for another sign-in")


def begin(
    sign_in_url: str,
    client_id: str,
    redirect_uri: str,
    random_text: RandomText = secrets.token_urlsafe,
) -> BrowserSignIn:
    """Begin a sign-in with secrets of its own."""
    return BrowserSignIn(
        sign_in_url,
        client_id,
        redirect_uri,
        verifier=random_text(_BYTES),
        state=random_text(_BYTES),
        nonce=random_text(_BYTES),
    )
