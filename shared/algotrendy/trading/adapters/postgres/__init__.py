"""Keep the ledger of money in PostgreSQL or Aurora DSQL."""

from algotrendy.trading.adapters.postgres.ledger import PostgresLedger

__all__ = ["PostgresLedger"]
