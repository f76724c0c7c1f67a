"""Serve who may do what over the HTTP API."""

from algotrendy.identity.api import create_api
from algotrendy.platform.http import lambda_handler

handler = lambda_handler(create_api())
