"""Serve sweeps, backtests, walk-forwards, trials and the library over the HTTP API."""

from algotrendy.backtest.api import create_api
from algotrendy.platform.http import lambda_handler

handler = lambda_handler(create_api())
