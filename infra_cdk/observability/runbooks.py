"""Tell whoever is called by an alarm which page to open.

An alarm is found by its name, without the stage. The page is written into its description when the
app is synthesised; an alarm without a page, or with one that is not there, is refused.
"""

from typing import Final

import jsii
from aws_cdk import Annotations, App, AspectPriority, Aspects, IAspect
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import IConstruct

from infra_cdk.config import ROOT, StageConfig
from infra_cdk.observability.runbooks_of import FOLDER, page_of

MARK: Final = "Runbook: "


@jsii.implements(IAspect)
class LinkRunbooks:
    """Write the page of each alarm into its description, and refuse one that has none."""

    def __init__(self, config: StageConfig) -> None:
        self._prefix = f"{config.prefix}-"

    def visit(self, node: IConstruct) -> None:
        """Look at one construct."""
        if not isinstance(node, cloudwatch.CfnAlarm | cloudwatch.CfnCompositeAlarm):
            return
        if MARK in (node.alarm_description or ""):
            return
        name = str(node.alarm_name or "")
        page = page_of(name.removeprefix(self._prefix)) if name.startswith(self._prefix) else None
        if page is None:
            _refuse(node, f"an alarm needs a runbook in {FOLDER}, {name!r} has none")
        elif not (ROOT / FOLDER / page.partition("#")[0]).is_file():
            _refuse(node, f"the runbook {FOLDER}/{page} of {name} must be there")
        elif not node.alarm_description:
            _refuse(node, f"{name} must say what is wrong")
        else:
            node.alarm_description = f"{node.alarm_description} {MARK}{FOLDER}/{page}"


def link_runbooks(app: App, config: StageConfig) -> None:
    """Let every alarm of the app name its page."""
    Aspects.of(app).add(LinkRunbooks(config), priority=AspectPriority.MUTATING)


def _refuse(node: IConstruct, reason: str) -> None:
    Annotations.of(node).add_error(reason)
