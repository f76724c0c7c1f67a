"""Crypto exchanges, through ccxt."""
