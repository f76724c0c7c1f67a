"""Build the service that speaks to brokers: one task, which alone writes to each account."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.checks.exceptions import except_wildcard
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.image import service_image
from infra_cdk.patterns.saga import Saga
from infra_cdk.patterns.service import HTTPS, Service, ServiceSpec

PORT = 4590
POSTGRES = 5432

SPEC = ServiceSpec(
    capability="trading",
    name="execution",
    port=PORT,
    health_command=("python", "-m", "services.execution", "health"),
    cpu=1024,
    memory_mb=2048,
    max_tasks=1,
    single_writer=True,
    egress={HTTPS: "AWS and brokers over TLS", POSTGRES: "The ledger over TLS"},
)


class Execution(Construct):
    """Hold the execution service with the rights that it has beside its brokers' keys."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        operations: OperationsStore,
        orders: sqs.IQueue,
        saga: Saga,
        vpc: ec2.IVpc,
    ) -> None:
        super().__init__(scope, id_)
        config = foundation.config
        accounts = f"algotrendy/{config.stage}/broker-accounts"
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=config.prefix,
            vpc=vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        self.service = Service(
            self,
            "Service",
            foundation=foundation,
            spec=SPEC,
            cluster=self.cluster,
            image=ecs.ContainerImage.from_asset(**service_image(SPEC.name).asset()),
            environment={
                "ALGOTRENDY_DATABASE_URL": operations.database_url,
                "ALGOTRENDY_EVENT_BUS": operations.bus_name,
                "ALGOTRENDY_ORDER_QUEUE_URL": orders.queue_url,
                "ALGOTRENDY_ORDER_STATE_MACHINE_ARN": saga.arn,
                "ALGOTRENDY_EXECUTION_PORT": str(PORT),
                "ALGOTRENDY_BROKER_ACCOUNTS": f"secret:{accounts}",
                **({"ALGOTRENDY_LIVE_TRADING": "true"} if config.live_trading else {}),
            },
        )
        except_wildcard(
            self.service.task.obtain_execution_role(),
            "*",
            "ECR gives the token to sign in with on * alone.",
        )
        operations.grant_database(self.service)
        operations.grant_publish(self.service)
        self.service.grant(
            "HearOrders",
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
            ],
            [orders.queue_arn],
        )
        self.service.grant("AnswerOrders", ["states:SendTaskSuccess"], [saga.arn])
        self.service.grant(
            "ReadBrokerAccounts",
            ["secretsmanager:GetSecretValue"],
            [arn(self, "secretsmanager", f"secret:{accounts}-*")],
            because="Secrets Manager adds six letters to the name when the secret is made.",
        )
