"""Let tests import what benchmarks share: it needs numpy at most, and none of the peers."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path += [str(ROOT), str(ROOT / "benchmarks")]
