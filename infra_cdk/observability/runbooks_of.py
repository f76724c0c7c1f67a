"""Find the page of an alarm by its name."""

import re
from typing import Final

FOLDER: Final = "docs/runbooks"

# The first pattern that is found in the name decides.
PAGES: Final[tuple[tuple[str, str], ...]] = (
    (r"^slo-", "objectives.md"),
    (r"^api-(errors|slow)$", "api.md"),
    (r"^orders-stuck$", "orders.md#orders-do-not-get-through"),
    (r"^studies-stuck$", "studies.md"),
    (r"^orders-|^fills-", "orders.md"),
    (r"^reconciliation-", "reconciliation.md"),
    (r"^account-not-served$|^execution-", "execution-service.md"),
    (r"^(risk|kill-switch|position)-", "risk.md"),
    (r"^ticks-|^feed-|^tick-", "market-data.md"),
    (r"^strategy-", "strategies.md"),
    (r"^parity-|^live-report-parity-errors$", "parity.md"),
    (r"^events-", "events.md"),
    (r"^identity-seal-audit-errors$", "audit.md"),
    (r"^status-", "status.md"),
    (r"-not-empty$", "dead-letters.md"),
    (r"-too-old$", "queues.md"),
    (r"-(failed|timedout|throttled)$", "workflows.md"),
    (r"-(cpu|memory)$", "services.md"),
    (r"-errors$", "functions.md#it-raises"),
    (r"-throttles$", "functions.md#it-is-refused-a-worker"),
    (r"-slow$", "functions.md#it-comes-near-its-timeout"),
)  # fmt: skip


def page_of(name: str) -> str | None:
    """Find the page of an alarm by its name without the stage, such as ``api-errors``."""
    for pattern, page in PAGES:
        if re.search(pattern, name):
            return page
    return None
