"""Serve strategies, their runs and how these compare with their backtests over the HTTP API."""

from algotrendy.live.api import create_api
from algotrendy.platform.http import lambda_handler

handler = lambda_handler(create_api())
