"""Serve accounts, orders and risk over the HTTP API."""

from algotrendy.platform.http import lambda_handler
from algotrendy.trading.api import create_api

handler = lambda_handler(create_api())
