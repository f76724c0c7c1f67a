"""Synthesise one stage: ``npx cdk synth -c stage=dev``, or run this file with CDK_OUTDIR."""

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Run as a file, the folder of this file comes first; the modules are named from the root.
sys.path[0] = str(ROOT)
# Node's own notice of its age; it would stand before every output of this program.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")

from aws_cdk import App, Environment, Tags, Validations

from infra_cdk.config import ConfigurationError, StageConfig, stage_config
from infra_cdk.layers import LayerBuilder, LayerBuildError
from infra_cdk.patterns.foundation import PackageTooLargeError
from infra_cdk.patterns.saga import DefinitionError
from infra_cdk.stacks.application import ApplicationStack
from infra_cdk.stacks.data import DataStack
from infra_cdk.stacks.network import NetworkStack


def build(app: App, config: StageConfig) -> None:
    """Add the stacks of one stage to ``app``."""
    env = Environment(account=config.account, region=config.region)
    data = DataStack(app, config=config, env=env)
    network = None
    if config.network:
        network = NetworkStack(app, config=config, network=config.network, env=env)
    ApplicationStack(
        app,
        config=config,
        data=data,
        network=network,
        builder=LayerBuilder(config.package_target),
        env=env,
    )
    Tags.of(app).add("project", "algotrendy")
    Tags.of(app).add("stage", config.stage)


def feature_flags() -> dict[str, Any]:
    """Read the context that `cdk` would pass, so that both ways of running agree."""
    settings: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())
    context: dict[str, Any] = settings["context"]
    return context


def main() -> int:
    """Synthesise the stage that the context or ALGOTRENDY_STAGE names."""
    app = App(context=feature_flags(), analytics_reporting=False, tree_metadata=False)
    stage = app.node.try_get_context("stage") or os.environ.get("ALGOTRENDY_STAGE") or "local"
    try:
        config = stage_config(stage, os.environ)
        build(app, config)
    except (ConfigurationError, DefinitionError, LayerBuildError, PackageTooLargeError) as error:
        print(f"infra_cdk: {error}", file=sys.stderr)  # noqa: T201 - what the user reads
        return 1
    if not config.is_local:
        from infra_cdk.checks.nag import check_aws_solutions

        check_aws_solutions(app)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
