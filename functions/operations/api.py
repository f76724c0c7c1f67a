"""Show the whole API: its page, its document, its health."""

from algotrendy.operations.api import create_api
from algotrendy.platform.http import lambda_handler

handler = lambda_handler(create_api())
