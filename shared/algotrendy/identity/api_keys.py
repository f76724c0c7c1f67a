"""Issue, rotate and revoke the API keys of people, and tell who shows one.

A key is ``atk_<id>_<secret>``. The secret is 256 random bits, which nobody finds by trying, so a
fast hash is enough, and a slow one would let anybody keep the processor busy. What is stored is a
*seal*: HMAC-SHA-256 under the stage's pepper, which does not lie in the database, over the secret
and everything that the key allows. Who reads the table learns no secret; who writes to it can
neither make a key nor widen one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.credentials import CountsNoLonger
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.principal import Principal, PrincipalKind
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid, Unauthenticated
from algotrendy.kernel.ids import AccountId, TenantId, UserId

MARK = "atk_"
SECRET_BYTES = 32
# What 32 bytes are in base64url, without padding.
_SECRET_CHARACTERS = 43
_ID_CHARACTERS = 32
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_SEAL_MARK = "v1:"
LEAST_PEPPER_CHARACTERS = 32
# A key that works all day would write a row for every request otherwise.
BETWEEN_NOTES = timedelta(minutes=1)

T = TypeVar("T")
RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; never its secret.

    Args:
        owner: The user it acts as, by subject; ``owner_name`` is what they sign in with.
        roles: Those of the owner when it was made.
        permissions: What it may do at most.
        accounts: The only accounts that it gets at; None narrows nothing.
        request: The Idempotency-Key that it was asked for with.
        ends_at: Before its time: it was revoked, or replaced and its overlap ends.
        seal: What its secret is held against.
    """

    id: UUID
    tenant: TenantId
    owner: UserId
    owner_name: str
    name: str
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    accounts: frozenset[AccountId] | None
    request: str
    created_at: datetime
    expires_at: datetime
    ends_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: UUID | None = None
    last_used_at: datetime | None = None
    seal: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """Name the key as people do: all of it but the secret."""
        return f"{MARK}{self.id.hex}_…"

    @property
    def last_moment(self) -> datetime:
        """Tell from when on it counts no longer."""
        return self.expires_at if self.ends_at is None else min(self.expires_at, self.ends_at)

    def counts(self, now: datetime) -> bool:
        """Say whether it lets anybody in."""
        return now < self.last_moment


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with its text, which is shown this once and kept nowhere."""

    key: ApiKey
    text: str = field(repr=False)


class KeyBook(Protocol):
    """The keys, within one transaction."""

    def find(self, key_id: UUID) -> ApiKey | None:
        """Find a key of any tenant."""
        ...

    def of_request(self, tenant: TenantId, owner: UserId, request: str) -> ApiKey | None:
        """Find the key that an owner asked for under an Idempotency-Key."""
        ...

    def of_tenant(self, tenant: TenantId, owner: UserId | None) -> Sequence[ApiKey]:
        """List the keys of a tenant, newest first; of one owner where one is named."""
        ...

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def change(self, key: ApiKey) -> None:
        """Keep what was changed of a key: its seal, its end, who replaced it."""
        ...

    def record(self, entry: AuditEntry) -> None:
        """Write into the audit what was done with a key, by whom."""
        ...


class ApiKeyStore(Protocol):
    """Keeps the keys."""

    def run(self, work: Callable[[KeyBook], T]) -> T:
        """Do something in one transaction, whole or not at all; it may be done several times."""
        ...

    def note_use(self, key_id: UUID, at: datetime, unless_since: datetime) -> None:
        """Note that a key was used, unless a use since a moment is noted already."""
        ...


class Sealer:
    """Makes seals, and holds secrets against them.

    Args:
        pepper: Gives the stage's secret; asked each time, so that a new one counts at once. A
            new one ends every key.
    """

    def __init__(self, pepper: Callable[[], str]) -> None:
        self._pepper = pepper

    def seal(self, key: ApiKey, secret: str) -> str:
        """Make the seal of a key."""
        return _SEAL_MARK + hmac.new(self._key(), _sealed(key, secret), hashlib.sha256).hexdigest()

    def fits(self, key: ApiKey, secret: str) -> bool:
        """Say whether a secret is that of a key, and the key as it was when it was sealed."""
        return hmac.compare_digest(self.seal(key, secret), key.seal)

    def _key(self) -> bytes:
        pepper = self._pepper()
        if len(pepper) < LEAST_PEPPER_CHARACTERS:
            expected = f"at least {LEAST_PEPPER_CHARACTERS} characters"
            raise Invalid("api_key_pepper", expected, "a shorter one")
        return pepper.encode()


class ApiKeyVerifier:
    """Tells who shows an API key; see ``credentials.Verifier``.

    Args:
        notes_use: Whether a use is noted. The gateway does not: the app does.
    """

    def __init__(
        self, store: ApiKeyStore, sealer: Sealer, clock: Clock, *, notes_use: bool = True
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._notes_use = notes_use

    def verify(self, text: str, /) -> Principal:
        """Tell who holds a key; nothing is kept, so a revoked key counts no longer at once.

        Raises:
            CountsNoLonger: If it has expired, or was revoked or replaced.
            Unauthenticated: If there is no such key. An unknown id and a wrong secret read alike.
            Unavailable: If the store does not answer.
        """
        key_id, secret = parse_key(text)
        found = self._store.run(lambda book: book.find(key_id))
        if found is None or not self._sealer.fits(found, secret):
            raise Unauthenticated("there is no such API key")
        now = self._clock.now()
        if not found.counts(now):
            raise CountsNoLonger(_why_ended(found, now))
        self._note(found, now)
        return Principal(
            subject=found.owner,
            username=found.owner_name,
            tenant=found.tenant,
            roles=found.roles,
            kind=PrincipalKind.API_KEY,
            scope=found.permissions,
            accounts=found.accounts,
            key_id=str(found.id),
        )

    def _note(self, key: ApiKey, now: datetime) -> None:
        since = now - BETWEEN_NOTES
        if self._notes_use and (key.last_used_at is None or key.last_used_at <= since):
            self._store.note_use(key.id, now, unless_since=since)


def parse_key(text: str) -> tuple[UUID, str]:
    """Take a key apart into its id and its secret.

    Raises:
        Unauthenticated: If it is no key of ours.
    """
    key_id, _, secret = text.removeprefix(MARK).partition("_")
    well_formed = (
        text.startswith(MARK)
        and len(key_id) == _ID_CHARACTERS
        and all(c in "0123456789abcdef" for c in key_id)
        and len(secret) == _SECRET_CHARACTERS
        and _ALPHABET.issuperset(secret)
    )
    if not well_formed:
        raise Unauthenticated("the API key is malformed")
    return UUID(key_id), secret


def new_secret(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """Make a secret."""
    return base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).rstrip(b"=").decode()


def issued(key: ApiKey, sealer: Sealer, random_bytes: RandomBytes) -> IssuedKey:
    """Give a key a new secret."""
    secret = new_secret(random_bytes)
    return IssuedKey(replace(key, seal=sealer.seal(key, secret)), f"{MARK}{key.id.hex}_{secret}")


def _why_ended(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "the API key was revoked"
    if now < key.expires_at:
        return "the API key was replaced by another"
    return "the API key has expired"


def _sealed(key: ApiKey, secret: str) -> bytes:
    """Write down what a seal stands for; what only ever ends a key is not among it."""
    whole = {
        "accounts": None if key.accounts is None else sorted(key.accounts),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "id": str(key.id),
        "owner": key.owner,
        "owner_name": key.owner_name,
        "permissions": sorted(key.permissions),
        "roles": sorted(key.roles),
        "secret": secret,
        "tenant": key.tenant,
    }
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()
