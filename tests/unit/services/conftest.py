"""Let tests import the services' entry points: a folder beside the product, not a part of it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))
