"""Judge a credential at the gateway, before any function of a capability is woken.

The gateway can say 403 and nothing else, and keeps what it was told for a minute. So it turns away
what proves nothing, and lets on what only the app can answer well: a credential that has ended
(401, and why) and one that cannot be looked at now (503, and when to come back). It lets nobody
*in*: the app verifies every credential again, each time, and keeps no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from algotrendy.identity.api_keys import MARK
from algotrendy.identity.credentials import CountsNoLonger, Verifier
from algotrendy.kernel.errors import Unauthenticated, Unavailable

_SCHEME = "bearer"


class Standing(StrEnum):
    """What the gateway knows of a credential that it lets on."""

    VERIFIED = "verified"
    ENDED = "ended"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request goes on, and what the access log shall know of its caller."""

    goes_on: bool
    why: str
    context: dict[str, str] = field(default_factory=dict)

    def answer(self) -> dict[str, object]:
        """Give it as API Gateway reads it: the simple response of payload format 2.0."""
        return {"isAuthorized": self.goes_on, "context": self.context}


def judge(authorization: str, tokens: Verifier, keys: Verifier) -> Verdict:
    """Judge the value of an Authorization header.

    Args:
        authorization: As it came; several headers come joined by commas.
        tokens: Verifies access tokens.
        keys: Verifies API keys.
    """
    scheme, _, credential = authorization.partition(" ")
    credential = credential.strip()
    if scheme.lower() != _SCHEME or not credential or " " in credential or "," in credential:
        return Verdict(False, "not one Bearer credential")
    try:
        verifier = keys if credential.startswith(MARK) else tokens
        caller = verifier.verify(credential)
    except CountsNoLonger as error:
        return Verdict(True, error.reason, {"standing": Standing.ENDED})
    except Unauthenticated as error:
        return Verdict(False, error.reason)
    except Unavailable as error:
        return Verdict(True, error.message, {"standing": Standing.UNDECIDED})
    return Verdict(
        True,
        "",
        {
            "standing": Standing.VERIFIED,
            "kind": caller.kind,
            "subject": caller.subject,
            "tenant": caller.tenant,
        },
    )
