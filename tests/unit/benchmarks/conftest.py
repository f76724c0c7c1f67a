"""Let tests import what benchmarks share: it needs numpy at most, and none of the peers."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))
