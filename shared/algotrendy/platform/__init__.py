"""The only rooms that know AWS, PostgreSQL and Redis."""
