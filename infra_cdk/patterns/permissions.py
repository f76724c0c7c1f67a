"""Give a role its rights one by one, each wildcard with its reason."""

from collections.abc import Sequence
from typing import Protocol

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from infra_cdk.checks.exceptions import except_wildcard


class Grantee(Protocol):
    """Whatever has a role of its own: a function, a service, a workflow."""

    def grant(
        self, sid: str, actions: Sequence[str], resources: Sequence[str], because: str = ""
    ) -> None:
        """Allow these actions on these resources; see Permissions.allow."""
        ...


class Permissions:
    """Hold a role that may do nothing until it is allowed to."""

    def __init__(self, scope: Construct, *, service: str, description: str) -> None:
        self.role = iam.Role(
            scope,
            "Role",
            assumed_by=iam.ServicePrincipal(service),
            description=description,
        )

    def allow(
        self, sid: str, actions: Sequence[str], resources: Sequence[str], because: str = ""
    ) -> None:
        """Allow these actions on these resources, and nothing else.

        Args:
            sid: Name of the statement: letters and digits.
            actions: Complete action names.
            resources: ARNs; one with a ``*`` needs a reason.
            because: Why a resource cannot be named without a ``*``.

        Raises:
            ValueError: If a resource has a ``*`` and there is no reason.
        """
        for resource in resources:
            if "*" in resource:
                if not because:
                    raise ValueError(f"{sid}: {resource} has a wildcard and no reason for it")
                except_wildcard(self.role, resource, because)
        self.role.add_to_policy(
            iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources))
        )

    def precede(self, resource: IConstruct) -> None:
        """Create the rights before what uses them, and say so once.

        The CDK lists role and policy; the role is already named in the resource's properties.
        """
        policy = self.role.node.find_child("DefaultPolicy").node.default_child
        user = resource.node.default_child
        if not isinstance(policy, CfnResource) or not isinstance(user, CfnResource):
            raise TypeError(f"{resource.node.path} has no resource of its own")
        user.add_override("DependsOn", [policy.logical_id])

    def except_tracing(self, more: str = "") -> None:
        """Explain the statement that the CDK itself adds to a traced resource."""
        except_wildcard(self.role, "*", f"X-Ray takes traces on * alone.{more}")
