"""Put new keys in place of a broker's old ones: the four steps of a rotation in Secrets Manager.

No broker that we trade with hands keys out to a program: a person makes them at the broker, and
lays the whole setting with them into a second secret. The rotation takes it from there: it changes
keys and nothing else, tries each new key, and sees that it opens the very account of the old one.
The old key goes on working until that person ends it at the broker, once the service has the new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from algotrendy.brokers.accounts import BrokerAccountSettings, read_account
from algotrendy.kernel.errors import Invalid, NotFound, Rejected

_CREDENTIALS: Final = frozenset({"key_id", "secret", "user_id", "token", "key", "password"})


class Step(StrEnum):
    """What Secrets Manager asks for, one after the other."""

    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


class SecretVersions(Protocol):
    """The versions of secrets."""

    def current(self, secret: str) -> str:
        """Read what holds; NotFound where there is none."""
        ...

    def pending(self, secret: str, token: str) -> str | None:
        """Read the version that a rotation is making; None before it was made."""
        ...

    def is_current(self, secret: str, token: str) -> bool:
        """Say whether that version holds already."""
        ...

    def put_pending(self, secret: str, token: str, text: str) -> None:
        """Make the version; the same again changes nothing."""
        ...

    def promote(self, secret: str, token: str) -> None:
        """Let the version hold; the one before is kept as the previous one."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """The steps for the accounts of a stage; each may run again.

    Args:
        offered: The secret into which a person lays the setting with new keys.
        identify: Asks a broker which account a key opens; Unauthenticated for a bad key.
        restart: Lets the execution service begin anew, with what holds then.
    """

    versions: SecretVersions
    offered: str
    identify: Callable[[BrokerAccountSettings], str]
    restart: Callable[[], None]

    def run(self, step: str, secret: str, token: str) -> None:
        """Do one step.

        Raises:
            Invalid: If there is no such step, or the offered setting is none.
            Rejected: If it may not be rotated so; says why, and never repeats a key.
            Unavailable: If a broker or Secrets Manager does not answer: the step is tried again.
        """
        try:
            asked = Step(step)
        except ValueError as error:
            raise Invalid("Step", "one of " + ", ".join(Step), step) from error
        if self.versions.is_current(secret, token):
            if asked is Step.FINISH:
                # It may have died between the two.
                self.restart()
            return
        match asked:
            case Step.CREATE:
                self._create(secret, token)
            case Step.SET:
                # The broker knows the key since the person made it there.
                self._changed(secret, token)
            case Step.TEST:
                self._test(secret, token)
            case Step.FINISH:
                self._test(secret, token)
                self.versions.promote(secret, token)
                self.restart()

    def _create(self, secret: str, token: str) -> None:
        if self.versions.pending(secret, token) is not None:
            return
        try:
            offered = self.versions.current(self.offered)
        except NotFound as error:
            raise Rejected(f"lay the setting with new keys into {self.offered}") from error
        changed_accounts(self.versions.current(secret), offered)
        self.versions.put_pending(secret, token, offered)

    def _test(self, secret: str, token: str) -> None:
        for name, (old, new) in self._changed(secret, token).items():
            was, now = self.identify(old), self.identify(new)
            if was != now:
                raise Rejected(
                    f"the new key of {name} opens another account than the old one", account=name
                )

    def _changed(
        self, secret: str, token: str
    ) -> Mapping[str, tuple[BrokerAccountSettings, BrokerAccountSettings]]:
        pending = self.versions.pending(secret, token)
        if pending is None:
            raise Rejected("there is no pending version: createSecret comes first")
        return changed_accounts(self.versions.current(secret), pending)


def changed_accounts(
    current: str, offered: str
) -> Mapping[str, tuple[BrokerAccountSettings, BrokerAccountSettings]]:
    """Give the accounts whose keys differ, with the connection before and after.

    Raises:
        Invalid: If one of the two is no setting of accounts.
        Rejected: If anything but keys differs, or nothing does.
    """
    before, after = _accounts(current, "current"), _accounts(offered, "offered")
    if before.keys() != after.keys():
        raise Rejected("a rotation changes keys alone: the accounts are not the same")
    changed = {}
    for name, old in before.items():
        new = after[name]
        if _without_keys(old) != _without_keys(new):
            raise Rejected(f"a rotation changes keys alone: account {name} differs in more")
        if old != new:
            changed[name] = (read_account(old["connection"]), read_account(new["connection"]))
    if not changed:
        raise Rejected("the offered keys are those that hold already")
    return changed


def _accounts(text: str, which: str) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid(which, "a JSON object of accounts by id", "other text") from error
    is_good = isinstance(found, dict) and all(
        isinstance(each, dict) and isinstance(each.get("connection"), dict)
        for each in found.values()
    )
    if not is_good:
        raise Invalid(which, "accounts by id, each with its connection", "something else")
    return dict(found)


def _without_keys(account: Mapping[str, Any]) -> dict[str, Any]:
    connection = {k: v for k, v in account["connection"].items() if k not in _CREDENTIALS}
    return {**account, "connection": connection}
