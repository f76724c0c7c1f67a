"""Serve market data over the HTTP API."""

from algotrendy.market_data.api import create_api
from algotrendy.platform.http import lambda_handler

handler = lambda_handler(create_api())
