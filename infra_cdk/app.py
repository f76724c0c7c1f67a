"""Synthesise one stage: ``npx cdk synth -c stage=dev``, or run this file with CDK_OUTDIR set."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, the folder of this file comes first; modules are named from the root.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    # Node 20 is the oldest that the project allows; jsii would print a box about it on every run.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

    from infra_cdk.synth import main

    sys.exit(main())
