"""What backtesting stands on outside: PostgreSQL and Step Functions."""
