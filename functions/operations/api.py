"""Show the whole API: its page, its document, its health."""

from pathlib import Path

from algotrendy.operations.api import create_api
from algotrendy.platform.http import lambda_handler

handler = lambda_handler(create_api(Path(__file__).parent / "swagger-ui"))
