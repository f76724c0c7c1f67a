"""Keep what was answered under an idempotency key in PostgreSQL, for Powertools' Idempotency.

Powertools decides when to act, to answer again, or to refuse; this says how its records are kept.
Imported when the first key comes: Powertools brings boto3 along.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import (
    STATUS_CONSTANTS,
    DataRecord,
)

from algotrendy.kernel.clock import Clock
from algotrendy.platform.database import Database, Row, Transaction

# Longer than a request may take at the gateway, which gives up after 30 s.
IN_PROGRESS_FOR: Final = timedelta(seconds=35)
CLEANED_AT_ONCE: Final = 20
_IN_PROGRESS: Final = STATUS_CONSTANTS["INPROGRESS"]
_COMPLETED: Final = STATUS_CONSTANTS["COMPLETED"]

_CLAIM: Final = """
INSERT INTO idempotency_records
    (id, payload_hash, status, response, in_progress_until, expires_at)
VALUES (%(id)s, %(payload_hash)s, %(status)s, NULL, %(until)s, %(expires_at)s)
ON CONFLICT (id) DO UPDATE SET
    payload_hash = EXCLUDED.payload_hash,
    status = EXCLUDED.status,
    response = NULL,
    in_progress_until = EXCLUDED.in_progress_until,
    expires_at = EXCLUDED.expires_at
WHERE idempotency_records.expires_at <= %(now)s
   OR (idempotency_records.status = %(status)s AND idempotency_records.in_progress_until <= %(now)s
       AND idempotency_records.payload_hash = EXCLUDED.payload_hash)
RETURNING id
"""
_CLEAN: Final = """
DELETE FROM idempotency_records WHERE id IN (
    SELECT id FROM idempotency_records WHERE expires_at <= %s ORDER BY expires_at LIMIT %s
)
"""


class PostgresRecords(BasePersistenceLayer):
    """Keeps records in the table ``idempotency_records``, by the clock that it is given.

    Each claim also deletes some of what has expired, more than it adds.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # of Powertools
        self._database = database
        self._clock = clock

    def _get_expiry_timestamp(self) -> int:
        return int(self._clock.now().timestamp()) + self.expires_after_seconds

    def _put_record(self, data_record: DataRecord) -> None:
        known = self._database.run(lambda tx: self._claim(tx, data_record))
        if known is None:
            return
        record = _record(known)
        # Where the record comes with the refusal, Powertools compares nothing by itself.
        self._validate_payload(data_payload=data_record, stored_data_record=record)
        raise IdempotencyItemAlreadyExistsError(old_data_record=record)

    def _claim(self, tx: Transaction, record: DataRecord) -> Row | None:
        """Take the key, or give the row of whoever has it."""
        now = self._clock.now()
        values = {
            "id": record.idempotency_key,
            "payload_hash": record.payload_hash,
            "status": _IN_PROGRESS,
            "until": now + IN_PROGRESS_FOR,
            "expires_at": _time(record),
            "now": now,
        }
        if tx.execute(_CLAIM, values).fetchone() is not None:
            tx.execute(_CLEAN, [now, CLEANED_AT_ONCE])
            return None
        return _find(tx, record.idempotency_key)

    def _get_record(self, idempotency_key: str) -> DataRecord:
        row = self._database.run(lambda tx: _find(tx, idempotency_key))
        if row is None or row["expires_at"] <= self._clock.now():
            raise IdempotencyItemNotFoundError
        return _record(row)

    def _update_record(self, data_record: DataRecord) -> None:
        self._database.run(
            lambda tx: tx.execute(
                "UPDATE idempotency_records SET status = %s, response = %s, expires_at = %s"
                " WHERE id = %s AND payload_hash = %s",
                [
                    _COMPLETED,
                    data_record.response_data,
                    _time(data_record),
                    data_record.idempotency_key,
                    data_record.payload_hash,
                ],
            )
        )

    def _delete_record(self, data_record: DataRecord) -> None:
        self._database.run(
            lambda tx: tx.execute(
                "DELETE FROM idempotency_records WHERE id = %s", [data_record.idempotency_key]
            )
        )


def _find(tx: Transaction, key: str) -> Row | None:
    return tx.execute(
        "SELECT id, payload_hash, status, response, expires_at FROM idempotency_records"
        " WHERE id = %s",
        [key],
    ).fetchone()


def _record(row: Row) -> DataRecord:
    # Without its times: they were compared already, and Powertools would by the machine's clock.
    return DataRecord(
        idempotency_key=row["id"],
        status=row["status"],
        response_data=row["response"] or "",
        payload_hash=row["payload_hash"],
    )


def _time(record: DataRecord) -> datetime:
    return datetime.fromtimestamp(record.expiry_timestamp or 0, UTC)
