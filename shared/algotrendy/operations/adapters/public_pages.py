"""Show the status page from where it is public: a bucket behind a CDN, or a folder."""

from __future__ import annotations

from collections.abc import Mapping

from algotrendy.operations.status.ports import Page
from algotrendy.platform.blobs import Blobs

PUBLIC = "public"
"""The folder whose files the public sees. The board lies beside it: it holds people's names."""


class BlobPages:
    """Publishes into ``public/`` of some blobs."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def publish(self, pages: Mapping[str, Page]) -> None:
        """Show files, as ``Pages.publish`` says."""
        for name, page in pages.items():
            self._blobs.put(f"{PUBLIC}/{name}", page.body, page.content_type)


class NoPages:
    """Publishes nothing: whoever serves draws the page by itself."""

    def publish(self, pages: Mapping[str, Page]) -> None:
        """Leave it."""
