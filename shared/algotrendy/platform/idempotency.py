"""Do what a request asks once, however often it comes under the same idempotency key.

For acts that do not keep their key themselves. What does, an order, a sweep, a transfer, commits
key and act in one transaction, and so does better: here the act comes first and the answer is kept
after it, so that a process which dies in between leaves an act without an answer. The key is taken
for 35 s then; a repetition after that acts again.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from algotrendy.kernel.clock import Clock, SystemClock
from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.request_errors import InProgress, KeyReused
from algotrendy.platform import problems, telemetry

if TYPE_CHECKING:
    from algotrendy.platform.database import Database

KEPT_FOR_S: Final = 24 * 3600
RETRY_AFTER_S: Final = 1.0
_PREFIX: Final = "once"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key.

    Attributes:
        caller: Whose key it is: the same word of another caller is another key.
        key: As the caller sent it.
        payload: All of the request that decides what is done.
    """

    caller: str
    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, as it is kept."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    is_replayed: bool = False


class Once:
    """Does things once, and gives the answer again.

    Args:
        records: Where answers are kept for 24 hours.
        clock: What these are counted by.
    """

    def __init__(self, records: Database, clock: Clock) -> None:
        self._database = records
        self._clock = clock

    def run(self, asked: Asked, act: Callable[[], Answer]) -> Answer:
        """Act, or give the answer of the time before.

        An error of the act is raised, and forgotten: the same request may try again. Only of an act
        that may or may not have happened that is the answer from then on.

        Raises:
            KeyReused: If the key came with another request before.
            InProgress: If the same request is being done.
            Unavailable: If nobody can say whether it was done before.
        """
        from aws_lambda_powertools.utilities.idempotency.base import IdempotencyHandler
        from aws_lambda_powertools.utilities.idempotency.exceptions import (
            IdempotencyAlreadyInProgressError,
            IdempotencyInconsistentStateError,
            IdempotencyPersistenceLayerError,
            IdempotencyValidationError,
        )

        doing = _Doing(act)
        handler = IdempotencyHandler(
            function=doing.perform,
            function_payload={
                "key": [asked.caller, asked.key],
                "payload": hashlib.sha256(asked.payload).hexdigest(),
            },
            config=self._settings[0],
            persistence_store=self._settings[1],
            key_prefix=_PREFIX,
            function_args=(),
            function_kwargs={},
        )
        try:
            found = handler.handle()
        except IdempotencyValidationError as error:
            raise KeyReused(asked.key) from error
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            raise InProgress(asked.key, RETRY_AFTER_S) from error
        except IdempotencyPersistenceLayerError as error:
            return doing.outcome_without_record(error)
        answer = Answer(found["status"], found["body"], found["headers"])
        return answer if doing.is_done else replace(answer, is_replayed=True)

    @functools.cached_property
    def _settings(self) -> tuple[Any, Any]:
        from aws_lambda_powertools.utilities.idempotency.config import IdempotencyConfig

        from algotrendy.platform.idempotency_records import IN_PROGRESS_FOR, PostgresRecords

        config: Any = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="payload",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=KEPT_FOR_S,
            hash_function="sha256",
        )
        config.register_lambda_context(_TimeLeft(int(IN_PROGRESS_FOR.total_seconds() * 1000)))
        return config, PostgresRecords(self._database, self._clock)


@functools.cache
def once() -> Once:
    """Give what does things once in this deployment."""
    # Here and not above: an app loads the database's driver when the first key comes.
    from algotrendy.platform.database import database

    return Once(database(), SystemClock())


class _Doing:
    """Runs an act for Powertools, which tells of faults of its records in place of the outcome."""

    def __init__(self, act: Callable[[], Answer]) -> None:
        self._act = act
        self._answer: Answer | None = None
        self._error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self._answer is not None

    def perform(self) -> dict[str, Any]:
        try:
            self._answer = self._act()
        except Unknown as error:
            # Done again it might be done twice: whoever asks again is told the same.
            problem = problems.of_error(error).response()
            self._answer = Answer(problem.status_code, bytes(problem.body).decode())
        except Exception as error:
            self._error = error
            raise
        return _fields(self._answer)

    def outcome_without_record(self, fault: Exception) -> Answer:
        """Give what came of the act though it could not be kept.

        Raises:
            Unavailable: If nothing was done, as its key could not be looked up.
        """
        if self._error is not None:
            raise self._error
        if self._answer is None:
            cause = fault.__cause__
            reason = "whether this was done before is not known, and so nothing was done"
            if isinstance(cause, Unavailable):
                raise cause
            raise Unavailable("idempotency keys", reason, RETRY_AFTER_S) from fault
        telemetry.logger.error("an answer could not be kept under its key", exc_info=fault)
        return self._answer


class _TimeLeft:
    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def _fields(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "body": answer.body, "headers": dict(answer.headers)}
