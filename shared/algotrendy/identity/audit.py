"""Chain what people did that is sensitive, so that nobody changes it unseen.

Each tenant has one chain. An entry is written as canonical JSON, which holds its number and the
hash of the entry before it; its own hash is SHA-256 over these bytes. Whoever changes, removes,
inserts or moves an entry breaks the chain at that place, and ``verify`` names it.

Who can write to the database could work all hashes out anew from some entry on. So heads of the
chain are kept elsewhere too (``HeadArchive``), where nobody can change them: what is before the
newest kept head cannot be rewritten or cut off unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, JsonValue
from algotrendy.kernel.ids import AccountId, TenantId

GENESIS: Final = "0" * 64
_VERSION: Final = 1
_MOST_CHARACTERS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which, when and why.

    Attributes:
        id: Made before the transaction: the same id again changes nothing.
        who: The username or name of a machine, or ``key <id> of <username>``.
        action: The thing first: ``limits.changed``, ``api_key.created``, ``flag.set``.
        subject: What it was done to.
        account: Where it concerns one.
        facts: What else is worth knowing; never a secret.
    """

    id: UUID
    tenant: TenantId
    at: datetime
    who: str
    action: str
    subject: str
    reason: str = ""
    account: AccountId | None = None
    correlation_id: str | None = None
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many entries it has, and the hash of the last one."""

    tenant: TenantId
    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A head as it was at a time, kept where nobody can change it."""

    head: Head
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """One entry in its chain, as it is stored."""

    tenant: TenantId
    seq: int
    id: UUID
    action: str
    at: datetime
    previous: str
    hash: str
    document: str

    @property
    def head(self) -> Head:
        """Give the head of the chain that ends here."""
        return Head(self.tenant, self.seq, self.hash)


class Harm(StrEnum):
    """What was done to a chain."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT = "cut"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first entry that does not fit, what it seems that was done, and why one can tell."""

    seq: int
    harm: Harm
    why: str

    def __str__(self) -> str:
        """Read as one line of a report."""
        return f"entry {self.seq} {self.harm}: {self.why}"


class BrokenAudit(AlgoTrendyError):  # noqa: N818 - as its kin in kernel.errors
    """Says that somebody changed the audit of a tenant, and where."""

    code = "audit-broken"

    def __init__(self, tenant: TenantId, misfit: Misfit | None) -> None:
        super().__init__(f"the audit of {tenant} is not sound: {misfit}")
        self.tenant = tenant
        self.misfit = misfit


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at a whole chain found.

    Attributes:
        head: The end of the chain as far as it was sound.
        kept: How many heads that are kept elsewhere it was held against.
        sealed: Up to which entry these say that it is as it was; what follows could have been
            rewritten as a whole by whoever writes to the database.
        misfit: None for a sound chain.
    """

    head: Head
    kept: int
    sealed: int
    misfit: Misfit | None

    @property
    def is_sound(self) -> bool:
        """Say whether everything fits."""
        return self.misfit is None


class HeadArchive(Protocol):
    """Keeps heads where who writes to the database cannot change them."""

    def keep(self, kept: KeptHead) -> None:
        """Keep a head; one of the same tenant and number that is there already stays."""
        ...

    def kept(self, tenant: TenantId) -> Sequence[KeptHead]:
        """Give a tenant's heads, by number."""
        ...

    def tenants(self) -> Sequence[TenantId]:
        """Name every tenant of which a head was ever kept."""
        ...


def link(entry: AuditEntry, head: Head) -> Link:
    """Make the next link of a chain.

    Raises:
        Invalid: If the entry is of another tenant, or too large, or has no JSON in its facts.
    """
    if entry.tenant != head.tenant:
        raise Invalid("tenant", head.tenant, entry.tenant)
    seq = head.seq + 1
    at = as_utc(entry.at, "at")
    document = canonical(
        {
            "version": _VERSION,
            "tenant": entry.tenant,
            "seq": seq,
            "previous": head.hash,
            "id": str(entry.id),
            "at": _time(at),
            "who": entry.who,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "account": entry.account,
            "correlation_id": entry.correlation_id,
            "facts": dict(entry.facts),
        }
    )
    return Link(
        entry.tenant, seq, entry.id, entry.action, at, head.hash, hash_of(document), document
    )


def entry_of(stored: Link) -> AuditEntry:
    """Read the entry of a link.

    Raises:
        Invalid: If its document is none.
    """
    try:
        told = json.loads(stored.document)
        account = told["account"]
        return AuditEntry(
            id=UUID(told["id"]),
            tenant=TenantId(told["tenant"]),
            at=datetime.fromisoformat(told["at"]),
            who=told["who"],
            action=told["action"],
            subject=told["subject"],
            reason=told["reason"],
            account=None if account is None else AccountId(account),
            correlation_id=told["correlation_id"],
            facts=told["facts"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("document", f"an entry of the audit ({error})", stored.document) from error


def canonical(document: Mapping[str, JsonValue]) -> str:
    """Write JSON in the one way that is hashed: keys sorted, no blanks, UTF-8.

    Raises:
        Invalid: If it is no JSON, or more than an entry may be.
    """
    try:
        text = json.dumps(
            document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        text.encode()
    except (TypeError, ValueError) as error:
        raise Invalid("facts", "JSON of text, numbers, lists and maps", str(error)) from error
    if len(text) > _MOST_CHARACTERS:
        raise Invalid("facts", f"at most {_MOST_CHARACTERS} characters with all else", len(text))
    return text


def hash_of(document: str) -> str:
    """Give the SHA-256 of a document, in hex."""
    return hashlib.sha256(document.encode()).hexdigest()


def verify(
    links: Iterable[Link], head: Head, kept: Sequence[KeptHead] = (), since: Head | None = None
) -> Verification:
    """Look at a chain, oldest entry first, and find the first that does not fit.

    Args:
        links: All of one tenant's, by number; those after ``since``.
        head: The head as it is stored; number 0 where there is none.
        kept: Heads of the tenant that were kept elsewhere, in any order.
        since: Where to begin; None for the whole chain.
    """
    sound = Head(head.tenant) if since is None else since
    later = (each.head for each in kept if each.head.seq > sound.seq)
    seals = sorted(later, key=lambda each: each.seq)
    waiting = list(reversed(seals))
    sealed = sound.seq
    for stored in links:
        misfit = _misfit(stored, sound)
        while misfit is None and waiting and waiting[-1].seq <= stored.seq:
            seal = waiting.pop()
            if seal.seq == stored.seq and seal.hash != stored.hash:
                misfit = _rewritten(seal, sealed)
            else:
                sealed = stored.seq
        if misfit is not None:
            return Verification(sound, len(seals), sealed, misfit)
        sound = stored.head
    kept_end = seals[-1] if seals else since
    return Verification(sound, len(seals), sealed, _end_misfit(sound, head, kept_end))


def _misfit(stored: Link, before: Head) -> Misfit | None:
    """Hold one link against the end of the sound chain before it."""
    expected = before.seq + 1
    told = _told(stored.document)
    own = told.get("seq")
    if hash_of(stored.document) != stored.hash:
        return Misfit(expected, Harm.CHANGED, f"entry {stored.seq} does not have its own hash")
    if stored.seq == own and stored.seq > expected:
        which = f"entry {expected}" if own == expected + 1 else f"entries {expected} to {own - 1}"
        return Misfit(expected, Harm.REMOVED, f"{which} is missing before entry {own}")
    if stored.seq != expected or own != expected:
        is_behind = isinstance(own, int) and own < expected
        harm = Harm.INSERTED if is_behind else Harm.REORDERED
        return Misfit(expected, harm, f"entry {own} stands in place of entry {expected}")
    columns = {
        "tenant": stored.tenant,
        "id": str(stored.id),
        "action": stored.action,
        "at": _time(stored.at),
        "previous": stored.previous,
    }
    for name, value in columns.items():
        if told.get(name) != value:
            why = f"{name} of entry {expected} is not the one that was hashed"
            return Misfit(expected, Harm.CHANGED, why)
    if stored.tenant != before.tenant:
        return Misfit(expected, Harm.INSERTED, f"entry {expected} is of tenant {stored.tenant}")
    if stored.previous != before.hash:
        why = f"entry {expected} does not follow entry {before.seq} as that is now"
        return Misfit(expected, Harm.INSERTED, why)
    return None


def _rewritten(seal: Head, sealed: int) -> Misfit:
    why = (
        f"entry {seal.seq} is not the one whose hash was kept elsewhere: "
        f"somebody wrote entries {sealed + 1} to {seal.seq}, or some of them, anew"
    )
    return Misfit(sealed + 1, Harm.REWRITTEN, why)


def _end_misfit(sound: Head, head: Head, kept: Head | None) -> Misfit | None:
    # Of a chain that is read from a kept head on, that head itself is not among what was read.
    last = min(sound.seq, head.seq)
    if kept is not None and kept.seq > last:
        why = f"there were {kept.seq} entries, as a head that was kept elsewhere says"
        return Misfit(last + 1, Harm.CUT, why)
    if head.seq > sound.seq:
        return Misfit(sound.seq + 1, Harm.CUT, f"there were {head.seq} entries, as the head says")
    if head.seq < sound.seq:
        why = f"the head says that entry {head.seq} is the last"
        return Misfit(head.seq + 1, Harm.INSERTED, why)
    if head.hash != sound.hash:
        return Misfit(sound.seq, Harm.CHANGED, f"entry {sound.seq} has not the hash of the head")
    return None


def _told(document: str) -> Mapping[str, object]:
    try:
        found = json.loads(document)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
