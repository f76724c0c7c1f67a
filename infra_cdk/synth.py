"""Put the stacks of one stage together, check them and write the cloud assembly."""

import json
import os
import sys
from typing import Any

from aws_cdk import App, Environment, Tags

from infra_cdk.checks.house_rules import apply_house_rules
from infra_cdk.config import ROOT, ConfigurationError, StageConfig, stage_config
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
    apply_house_rules(app, config)
    if not config.is_local:
        # The emulator has no use for the rules of a real account, and `up` should be quick.
        from infra_cdk.checks.nag import check_aws_solutions

        check_aws_solutions(app)
    try:
        app.synth()
    except RuntimeError as error:
        # The findings stand above, printed by the CDK; the frames of its kernel say nothing more.
        print(f"infra_cdk: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
