"""Ports of live strategies over PostgreSQL, the lake and processes."""
