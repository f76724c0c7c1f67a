"""The paper exchange against its PostgreSQL and the lake."""
