"""AlgoTrendy: algorithmic trading in your own AWS account, and whole on a laptop."""

import time

LOADED_NS = time.time_ns()
"""When this process began to load the package: a source that changed later is not what runs."""
