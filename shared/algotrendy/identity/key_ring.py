"""What people do with their API keys: make, rotate, revoke and list them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from algotrendy.identity.api_keys import (
    ApiKey,
    ApiKeyStore,
    IssuedKey,
    KeyBook,
    RandomBytes,
    Sealer,
    issued,
)
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Permission, Role, granted
from algotrendy.identity.principal import Principal
from algotrendy.identity.routes import ROUTES, Access, Open
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import AccountId, Ids, TenantId, UserId, derived_uuid7
from algotrendy.kernel.request_errors import KeyReused

MOST_DAYS = 365
USUAL_DAYS = 90
MOST_OVERLAP_H = 7 * 24
USUAL_OVERLAP_H = 24
# Of one person; a key for each script, and some that are being rotated.
MOST_KEYS = 25
MOST_NAME_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What somebody wants a key for.

    Raises:
        Invalid: If a field cannot be; it names the field.
    """

    name: str
    permissions: frozenset[Permission]
    accounts: frozenset[AccountId] | None = None
    days: int = USUAL_DAYS

    def __post_init__(self) -> None:
        """Check what does not depend on who asks."""
        if not 1 <= len(self.name) <= MOST_NAME_CHARACTERS or not self.name.isprintable():
            expected = f"1 to {MOST_NAME_CHARACTERS} printable characters"
            raise Invalid("name", expected, self.name)
        if not self.permissions:
            raise Invalid("permissions", "one or more, such as bars:read", "none")
        if self.accounts is not None and not self.accounts:
            raise Invalid("accounts", "one or more, or left out for all of them", "none")
        if not 1 <= self.days <= MOST_DAYS:
            raise Invalid("days", f"between 1 and {MOST_DAYS}", self.days)


class KeyRing:
    """Issues keys to people, and ends them. No method shows a secret but the two that make one."""

    def __init__(
        self,
        store: ApiKeyStore,
        sealer: Sealer,
        clock: Clock,
        ids: Ids,
        random_bytes: RandomBytes = secrets.token_bytes,
        correlation_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes
        self._correlation_id = correlation_id

    def issue(self, who: Principal, wish: KeyWish, request: str) -> IssuedKey:
        """Make a key.

        The same request again gives the same key with a new secret, since the answer with the
        former one was lost; that secret counts no longer. Once the key was used it is a Conflict.

        Raises:
            Forbidden: If it is to do what its owner may not.
            Invalid: If no key could do it.
            KeyReused: If the request's Idempotency-Key stood for another one.
            Rejected: If its owner has too many.
            Conflict: If the request has been answered, and its key used or ended.
        """
        self._check(who, wish)
        wanted, act_id = self._wanted(who, wish, request), self._ids.next()

        def work(book: KeyBook) -> IssuedKey:
            earlier = book.of_request(who.tenant, who.subject, request)
            if earlier is not None:
                return self._again(book, earlier, wanted)
            self._check_number(book, who)
            made = issued(wanted, self._sealer, self._random_bytes)
            book.add(made.key)
            book.record(self._entry(act_id, "api_key.issued", made.key, who.username))
            return made

        return self._store.run(work)

    def rotate(self, who: Principal, key_id: UUID, overlap: timedelta, request: str) -> IssuedKey:
        """Make a key in place of another one of one's own, which goes on counting for a while.

        It may do what the old one may and its owner still may, and lasts as long as that did.

        Raises:
            NotFound: If it is no key of the caller's own.
            Invalid: If the overlap is too long.
            Conflict: If the key has ended or was replaced already; or as ``issue``.
        """
        if not timedelta(0) <= overlap <= timedelta(hours=MOST_OVERLAP_H):
            hours = overlap.total_seconds() / 3600
            raise Invalid("overlap_hours", f"between 0 and {MOST_OVERLAP_H}", hours)
        now, new_id, act_id = self._clock.now(), self._ids.next(), self._ids.next()

        def work(book: KeyBook) -> IssuedKey:
            old = self._own(book, who, key_id)
            wanted = replace(
                old,
                id=new_id,
                owner_name=who.username,
                roles=who.roles,
                permissions=old.permissions & who.permissions,
                request=request,
                created_at=now,
                expires_at=now + (old.expires_at - old.created_at),
                ends_at=None,
                last_used_at=None,
                seal="",
            )
            earlier = book.of_request(who.tenant, who.subject, request)
            if earlier is not None and earlier.id == old.replaced_by:
                return self._again(book, earlier, wanted)
            if earlier is not None:
                raise KeyReused(request)
            if old.replaced_by is not None or not old.counts(now):
                raise Conflict(f"{old.shown} has ended or was replaced", key=old.shown)
            if not wanted.permissions:
                raise Forbidden((), who.roles, min(old.permissions))
            made = issued(wanted, self._sealer, self._random_bytes)
            book.add(made.key)
            book.change(replace(old, replaced_by=new_id, ends_at=now + overlap))
            entry = self._entry(
                act_id, "api_key.rotated", made.key, who.username, replaces=old.shown
            )
            book.record(entry)
            return made

        return self._store.run(work)

    def revoke(self, who: Principal, key_id: UUID) -> ApiKey:
        """End a key at once: one's own, or with ``keys:all`` any of the tenant. Twice is as once.

        Raises:
            NotFound: If there is no such key, or none that the caller may see.
        """
        now, act_id = self._clock.now(), self._ids.next()

        def work(book: KeyBook) -> ApiKey:
            key = self._seen(book, who, key_id)
            if key.revoked_at is not None:
                return key
            ended = replace(key, revoked_at=now, ends_at=min(now, key.last_moment))
            book.change(ended)
            book.record(self._entry(act_id, "api_key.revoked", ended, who.username))
            return ended

        return self._store.run(work)

    def retire(
        self, tenant: TenantId, owner: UserId, roles: frozenset[Role], by: str
    ) -> Sequence[ApiKey]:
        """End the keys of somebody that may do more than they may now; give those that ended.

        For an operator who changes a person's roles: those that stand behind a key are of the day
        on which it was made.
        """
        now, allowed = self._clock.now(), granted(roles)

        def work(book: KeyBook) -> list[ApiKey]:
            ended = [
                replace(key, revoked_at=now, ends_at=now)
                for key in book.of_tenant(tenant, owner)
                if key.counts(now) and not key.permissions <= allowed
            ]
            for key in ended:
                book.change(key)
                # Of the moment and the key, so that a transaction that runs again says the same.
                act_id = derived_uuid7(now, "retire", str(key.id))
                book.record(self._entry(act_id, "api_key.revoked", key, by))
            return ended

        return self._store.run(work)

    def listed(self, who: Principal, *, everybody: bool = False) -> Sequence[ApiKey]:
        """List one's own keys, newest first; with ``keys:all`` everybody's of the tenant.

        Raises:
            Forbidden: If the caller may not see everybody's.
        """
        if everybody:
            who.require(Permission.KEYS_ALL)
        owner = None if everybody else who.subject
        return self._store.run(lambda book: book.of_tenant(who.tenant, owner))

    def _check(self, who: Principal, wish: KeyWish) -> None:
        lacking = sorted(wish.permissions - who.permissions)
        if lacking:
            raise Forbidden((), who.roles, lacking[0])
        useless = sorted(wish.permissions & needing_a_person(ROUTES))
        if useless:
            expected = "such as a key can use; what needs a fresh sign-in, a person does"
            raise Invalid("permissions", expected, useless[0])
        if who.accounts is not None and not (wish.accounts or frozenset()) <= who.accounts:
            raise Invalid("accounts", "among your own", sorted(wish.accounts or ()))

    def _wanted(self, who: Principal, wish: KeyWish, request: str) -> ApiKey:
        now = self._clock.now()
        return ApiKey(
            id=self._ids.next(),
            tenant=who.tenant,
            owner=who.subject,
            owner_name=who.username,
            name=wish.name,
            roles=who.roles,
            permissions=wish.permissions,
            accounts=wish.accounts,
            request=request,
            created_at=now,
            expires_at=now + timedelta(days=wish.days),
        )

    def _again(self, book: KeyBook, earlier: ApiKey, wanted: ApiKey) -> IssuedKey:
        """Answer a request once more: the same key, with a new secret as long as nobody used it."""
        if _terms(earlier) != _terms(wanted):
            raise KeyReused(earlier.request, key_id=earlier.shown)
        if earlier.last_used_at is not None or not earlier.counts(self._clock.now()):
            raise Conflict(
                f"{earlier.shown} was made by this request, and has been used or has ended",
                key=earlier.shown,
            )
        made = issued(earlier, self._sealer, self._random_bytes)
        book.change(made.key)
        return made

    def _entry(self, act_id: UUID, action: str, key: ApiKey, by: str, **more: str) -> AuditEntry:
        return AuditEntry(
            id=act_id,
            tenant=key.tenant,
            at=self._clock.now(),
            who=by,
            action=action,
            subject=key.shown,
            correlation_id=self._correlation_id(),
            facts={
                "name": key.name,
                "owner": key.owner_name,
                "permissions": [*map(str, sorted(key.permissions))],
                "accounts": None if key.accounts is None else [*map(str, sorted(key.accounts))],
                "expires_at": key.expires_at.isoformat(),
                **more,
            },
        )

    def _check_number(self, book: KeyBook, who: Principal) -> None:
        now = self._clock.now()
        held = sum(key.counts(now) for key in book.of_tenant(who.tenant, who.subject))
        if held >= MOST_KEYS:
            raise Rejected(
                f"one has at most {MOST_KEYS} API keys, you have {held}: revoke one",
                limit=MOST_KEYS,
                actual=held,
            )

    def _own(self, book: KeyBook, who: Principal, key_id: UUID) -> ApiKey:
        key = book.find(key_id)
        if key is None or (key.tenant, key.owner) != (who.tenant, who.subject):
            raise NotFound("API key", key_id)
        return key

    def _seen(self, book: KeyBook, who: Principal, key_id: UUID) -> ApiKey:
        key = book.find(key_id)
        if key is None or key.tenant != who.tenant:
            raise NotFound("API key", key_id)
        if key.owner != who.subject and not who.may(Permission.KEYS_ALL):
            raise NotFound("API key", key_id)
        return key


def needing_a_person(routes: Mapping[tuple[str, str], Access]) -> frozenset[Permission]:
    """Name the permissions that are of no use without a fresh sign-in."""
    fresh: dict[Permission, bool] = {}
    for access in routes.values():
        if not isinstance(access.needs, Open):
            fresh[access.needs] = fresh.get(access.needs, True) and access.fresh
    return frozenset(permission for permission, always in fresh.items() if always)


def _terms(key: ApiKey) -> tuple[object, ...]:
    lasts = key.expires_at - key.created_at
    return key.name, key.permissions, key.accounts, lasts
