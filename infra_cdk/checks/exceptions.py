"""Write down, where it is made, each exception from a rule of cdk-nag, and why it is one."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def except_from(scope: IConstruct, rule: str, reason: str) -> None:
    """Except one construct from one rule of the AWS Solutions pack."""
    Validations.of(scope).acknowledge(
        Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
    )


def except_wildcard(scope: IConstruct, resource: str, reason: str) -> None:
    """Except one resource with a ``*`` from the rule against wildcards in policies."""
    name = flatten_reference(Stack.of(scope).resolve(resource))
    except_from(scope, f"IAM5[Resource::{name}]", reason)


def flatten_reference(node: Any) -> str:
    """Write a CloudFormation value as text, the way in which cdk-nag names it in a finding."""
    match node:
        case str():
            return node.replace("${", "<").replace("}", ">")
        case {"Fn::Join": [delimiter, items]}:
            return str(delimiter).join(flatten_reference(item) for item in items)
        case {"Fn::Sub": inner} | {"Fn::ImportValue": inner}:
            return flatten_reference(inner)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{flatten_reference(resource)}.{flatten_reference(attribute)}>"
        case {"Ref": name}:
            return f"<{flatten_reference(name)}>"
    raise TypeError(f"cannot name {node!r} in an exception")
