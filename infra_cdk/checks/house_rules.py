"""Refuse, at synth, what the house never deploys.

Each rule is an aspect: it looks at every resource of every stack and adds an error where the rule
is broken, so that the synth fails and names the construct. An error cannot be acknowledged away.
"""

from typing import Any

import jsii
from aws_cdk import Annotations, App, AspectPriority, Aspects, IAspect, Stack
from aws_cdk import CfnDeletionPolicy as DeletionPolicy
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dsql as dsql
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

from infra_cdk.config import StageConfig

# These actions know no resource: AWS documents * as the only one they take.
ONLY_ON_ANYTHING = frozenset(
    {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
        "ecr:GetAuthorizationToken",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)

# Who invokes a function without waiting for its answer.
ASYNCHRONOUS = frozenset(
    {
        "config.amazonaws.com",
        "events.amazonaws.com",
        "iot.amazonaws.com",
        "logs.amazonaws.com",
        "s3.amazonaws.com",
        "scheduler.amazonaws.com",
        "ses.amazonaws.com",
        "sns.amazonaws.com",
    }
)

STATEFUL = (
    cognito.CfnUserPool,
    dsql.CfnCluster,
    dynamodb.CfnTable,
    dynamodb.CfnGlobalTable,
    kms.CfnKey,
    s3.CfnBucket,
)
KEPT = frozenset({DeletionPolicy.RETAIN, DeletionPolicy.RETAIN_EXCEPT_ON_CREATE})


@jsii.implements(IAspect)
class RefuseWildcards:
    """Refuse a policy that allows every action of a service, or an action on every resource."""

    def visit(self, node: IConstruct) -> None:
        """Look at one construct."""
        if isinstance(node, iam.CfnPolicy | iam.CfnManagedPolicy):
            self._check(node, Stack.of(node).resolve(node.policy_document))
        elif isinstance(node, iam.CfnRole):
            for policy in Stack.of(node).resolve(node.policies) or []:
                self._check(node, policy["policyDocument"])

    def _check(self, node: IConstruct, document: dict[str, Any]) -> None:
        for statement in document.get("Statement", []):
            if statement["Effect"] != "Allow":
                continue
            if "NotAction" in statement or "NotResource" in statement:
                _refuse(node, "a policy names what it allows, not what it leaves out")
            actions = _listed(statement.get("Action", []))
            for action in actions:
                if "*" in action:
                    _refuse(node, f"a policy must name its actions, was {action}")
            if "*" in _listed(statement.get("Resource", [])):
                for action in sorted(set(actions) - ONLY_ON_ANYTHING):
                    _refuse(node, f"{action} must be allowed on named resources, was *")


@jsii.implements(IAspect)
class RequireFailureDestination:
    """Refuse a function that loses an event when it fails, and a queue without dead letters."""

    def visit(self, node: IConstruct) -> None:
        """Look at a whole stack: the parts of one event's path are apart in the tree."""
        if not isinstance(node, Stack):
            return
        found = node.node.find_all()
        kept = {
            self._function(node, config.function_name)
            for config in found
            if isinstance(config, lambda_.CfnEventInvokeConfig) and _has_destination(config)
        }
        functions = {
            str(node.resolve(function.logical_id)): function
            for function in found
            if isinstance(function, lambda_.CfnFunction)
        }
        for permission in found:
            if isinstance(permission, lambda_.CfnPermission):
                name = self._function(node, permission.function_name)
                function = functions.get(name)
                if (
                    permission.principal in ASYNCHRONOUS
                    and function is not None
                    and function.dead_letter_config is None
                    and name not in kept
                ):
                    _refuse(
                        function,
                        f"{permission.principal} invokes this function and does not wait: it "
                        "must have an on-failure destination or a dead-letter queue",
                    )
        self._check_queues(node, found)

    def _check_queues(self, stack: Stack, found: list[IConstruct]) -> None:
        mappings = [item for item in found if isinstance(item, lambda_.CfnEventSourceMapping)]
        for queue in found:
            if isinstance(queue, sqs.CfnQueue) and queue.redrive_policy is None:
                name = str(stack.resolve(queue.logical_id))
                for mapping in mappings:
                    if name in str(stack.resolve(mapping.event_source_arn)):
                        _refuse(queue, "a queue that a function consumes must have dead letters")

    @staticmethod
    def _function(stack: Stack, reference: str) -> str:
        match stack.resolve(reference):
            case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
                return str(name)
            case other:
                return str(other)


@jsii.implements(IAspect)
class RequireRetention:
    """Refuse a log group that never forgets, and a function that would make one by itself."""

    def visit(self, node: IConstruct) -> None:
        """Look at one construct."""
        if isinstance(node, logs.CfnLogGroup) and node.retention_in_days is None:
            _refuse(node, "a log group must say after how many days it forgets")
        elif isinstance(node, lambda_.CfnFunction) and not _names_log_group(node):
            _refuse(node, "a function must name its log group; Lambda's own never forgets")


@jsii.implements(IAspect)
class RequireRetain:
    """Refuse a store that CloudFormation could delete or replace with everything in it."""

    def visit(self, node: IConstruct) -> None:
        """Look at one construct."""
        if not isinstance(node, STATEFUL):
            return
        options = node.cfn_options
        if (
            options.deletion_policy not in KEPT
            or options.update_replace_policy is not DeletionPolicy.RETAIN
        ):
            _refuse(node, "a store must be kept when its stack is deleted or replaces it")


def apply_house_rules(app: App, config: StageConfig) -> None:
    """Look at the finished app with every rule; on the laptop everything may be deleted."""
    rules: list[IAspect] = [RefuseWildcards(), RequireFailureDestination(), RequireRetention()]
    if config.retain_data:
        rules.append(RequireRetain())
    for rule in rules:
        Aspects.of(app).add(rule, priority=AspectPriority.READONLY)


def _refuse(node: IConstruct, reason: str) -> None:
    Annotations.of(node).add_error(reason)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _has_destination(config: lambda_.CfnEventInvokeConfig) -> bool:
    resolved = Stack.of(config).resolve(config.destination_config) or {}
    return bool(resolved.get("onFailure", {}).get("destination"))


def _names_log_group(function: lambda_.CfnFunction) -> bool:
    resolved = Stack.of(function).resolve(function.logging_config) or {}
    return bool(resolved.get("logGroup"))
