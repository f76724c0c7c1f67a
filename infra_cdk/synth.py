"""Put the stacks of one stage together, check them and write the cloud assembly."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from aws_cdk import App, Environment, Tags
from aws_cdk.cx_api import CloudAssembly, SynthesisMessageLevel

from infra_cdk.checks.encryption import unencrypted
from infra_cdk.checks.house_rules import apply_house_rules
from infra_cdk.config import ROOT, ConfigurationError, StageConfig, stage_config
from infra_cdk.layers import LayerBuilder, LayerBuildError
from infra_cdk.observability.runbooks import link_runbooks
from infra_cdk.patterns.foundation import PackageTooLargeError
from infra_cdk.patterns.saga import DefinitionError
from infra_cdk.stacks.application import ApplicationStack
from infra_cdk.stacks.data import DataStack
from infra_cdk.stacks.edge import EdgeStack
from infra_cdk.stacks.live import LiveStack
from infra_cdk.stacks.network import NetworkStack
from infra_cdk.stacks.observability import ObservabilityStack
from infra_cdk.stacks.status import StatusStack


def build(app: App, config: StageConfig) -> None:
    """Add the stacks of one stage to ``app``."""
    env = Environment(account=config.account, region=config.region)
    data = DataStack(app, config=config, env=env)
    network = None
    if config.network:
        network = NetworkStack(app, config=config, network=config.network, env=env)
    application = ApplicationStack(
        app,
        config=config,
        data=data,
        network=network,
        builder=LayerBuilder(config.package_target),
        env=env,
    )
    LiveStack(
        app,
        config=config,
        data=data,
        application=application,
        builder=LayerBuilder(config.package_target),
        env=env,
    )
    if not config.is_local:
        ObservabilityStack(
            app,
            config=config,
            stage=application.gateway.stage,
            topic=application.foundation.alarm_topic,
            env=env,
        )
    if not config.is_local:
        # A builder of its own would find the same layers: it shares what is built, and no stack.
        StatusStack(app, config=config, builder=LayerBuilder(config.package_target), env=env)
    if config.edge:
        edge = EdgeStack(app, config=config, edge=config.edge, account=config.account)
        # The secret first, then who adds it to requests, then who asks for it.
        edge.add_stack_dependency(data)
        application.add_stack_dependency(edge)
    Tags.of(app).add("project", "algotrendy")
    Tags.of(app).add("stage", config.stage)


def feature_flags() -> dict[str, Any]:
    """Read the context that `cdk` would pass, so that both ways of running agree."""
    settings: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())
    context: dict[str, Any] = settings["context"]
    return context


def wanted_stage(environment: Mapping[str, str]) -> str:
    """Find the stage in ``-c stage=``, which `cdk` passes as JSON, or in ALGOTRENDY_STAGE."""
    context: dict[str, str] = json.loads(environment.get("CDK_CONTEXT_JSON") or "{}")
    return context.get("stage") or environment.get("ALGOTRENDY_STAGE") or "local"


def main() -> int:
    """Synthesise the stage that the context or ALGOTRENDY_STAGE names."""
    try:
        config = stage_config(wanted_stage(os.environ), os.environ)
        app = App(
            context=feature_flags(),
            analytics_reporting=False,
            tree_metadata=False,
            # The emulator is less strict than an account, and `up` should be quick.
            builtin_cloud_formation_validation=not config.is_local,
        )
        build(app, config)
    except (ConfigurationError, DefinitionError, LayerBuildError, PackageTooLargeError) as error:
        print(f"infra_cdk: {error}", file=sys.stderr)  # noqa: T201 - what the user reads
        return 1
    link_runbooks(app, config)
    apply_house_rules(app, config)
    if not config.is_local:
        # Rules for a real account; they would only slow `up`.
        from infra_cdk.checks.nag import check_aws_solutions

        check_aws_solutions(app)
    try:
        assembly = app.synth()
        refused = refusals(assembly)
        if not config.is_local:
            refused += [
                f"{stack.stack_name}: {each}"
                for stack in assembly.stacks
                for each in unencrypted(stack.template)
            ]
    except RuntimeError as error:
        # The findings stand above, printed by the CDK; the frames of its kernel say nothing more.
        refused = [str(error)]
    for refusal in refused:
        print(f"infra_cdk: {refusal}", file=sys.stderr)  # noqa: T201
    return 1 if refused else 0


def refusals(assembly: CloudAssembly) -> list[str]:
    """Read the errors that the aspects left: `cdk` stops at them, a plain synth would not."""
    return [
        f"{message.id}: {message.entry.data}"
        for stack in assembly.stacks
        for message in stack.messages
        if message.level is SynthesisMessageLevel.ERROR
    ]
