"""Put the private network of the services, and the cache, in a stack that the laptop leaves out."""

from aws_cdk import Environment, Fn, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_servicediscovery as servicediscovery
from constructs import Construct

from infra_cdk.config import Cache, Network, StageConfig
from infra_cdk.patterns.foundation import VpcAccess, log_group

VALKEY_PORT = 6379


class NetworkStack(Stack):
    """Hold a VPC with one NAT gateway, and perhaps a serverless Valkey that only functions reach.

    ``access`` lets a function reach the cache, and ``cache_url`` says where it is; None without.
    """

    def __init__(
        self, scope: Construct, *, config: StageConfig, network: Network, env: Environment
    ) -> None:
        super().__init__(
            scope,
            config.name("network"),
            env=env,
            description=f"AlgoTrendy {config.stage}: network and cache",
        )
        self.vpc = self._vpc(config, network)
        # Where services of the stage find each other, within the network alone.
        self.namespace = servicediscovery.PrivateDnsNamespace(
            self,
            "Services",
            name=f"{config.prefix}.internal",
            vpc=self.vpc,
            description=f"Services of AlgoTrendy, stage {config.stage}",
        )
        self.access: VpcAccess | None = None
        self.cache_url: str | None = None
        if network.cache:
            functions = ec2.SecurityGroup(
                self,
                "Functions",
                vpc=self.vpc,
                description="Functions that use the cache",
                allow_all_outbound=False,
            )
            self.access = VpcAccess(self.vpc, functions)
            self.cache_url = self._cache(config, network.cache, functions)

    @property
    def availability_zones(self) -> list[str]:
        """Take the first zones of whatever region this is, without asking AWS at synth."""
        return [Fn.select(index, Fn.get_azs()) for index in range(3)]

    def _vpc(self, config: StageConfig, network: Network) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(network.cidr),
            max_azs=network.zones,
            nat_gateways=network.nat_gateways,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20
                ),
            ],
            # The lake is read over this, not through the NAT gateway.
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)
            },
        )
        flow_logs = log_group(self, "FlowLogs", config, f"/aws/vpc/{config.prefix}")
        vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(flow_logs),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        return vpc

    def _cache(self, config: StageConfig, cache: Cache, functions: ec2.SecurityGroup) -> str:
        own = ec2.SecurityGroup(
            self, "CacheGroup", vpc=self.vpc, description="The cache", allow_all_outbound=False
        )
        # Serverless caches read replicas answer on the next port.
        ports = ec2.Port.tcp_range(VALKEY_PORT, VALKEY_PORT + 1)
        own.add_ingress_rule(functions, ports, "Functions that use the cache")
        functions.add_egress_rule(own, ports, "The cache")
        functions.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS over TLS")
        functions.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(5432), "Aurora DSQL over TLS")
        made = elasticache.CfnServerlessCache(
            self,
            "Cache",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=config.prefix,
            description="Pages of bars, counts of requests; losing it loses nothing",
            security_group_ids=[own.security_group_id],
            subnet_ids=self.vpc.select_subnets(
                subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
            ).subnet_ids,
            cache_usage_limits=elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
                data_storage=elasticache.CfnServerlessCache.DataStorageProperty(
                    unit="GB", maximum=cache.max_gb
                ),
                ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(
                    maximum=cache.max_ecpu_per_second
                ),
            ),
        )
        made.apply_removal_policy(RemovalPolicy.DESTROY)
        return f"rediss://{made.attr_endpoint_address}:{made.attr_endpoint_port}"
