"""Build who may come in: the user pool, and the client that the command line signs in with."""

from aws_cdk import Duration
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import StageConfig
from infra_cdk.patterns.foundation import removal
from infra_cdk.patterns.settings import publish_settings


class IdentityStore(Construct):
    """Hold the user pool. Users are made by an administrator; roles and tenants are groups."""

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig) -> None:
        super().__init__(scope, id_)
        self.pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=config.prefix,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=Duration.days(1),
            ),
            feature_plan=(
                cognito.FeaturePlan.PLUS
                if config.threat_protection
                else cognito.FeaturePlan.ESSENTIALS
            ),
            standard_threat_protection_mode=(
                cognito.StandardThreatProtectionMode.FULL_FUNCTION
                if config.threat_protection
                else None
            ),
            deletion_protection=config.stage == "prod",
            removal_policy=removal(config),
        )
        except_from(
            self.pool,
            "COG2",
            "A second factor is offered to everyone; programs that sign in cannot type one.",
        )
        if not config.threat_protection:
            for rule in ("COG3", "COG8"):
                except_from(self.pool, rule, "Threat protection costs per user: prod has it.")
        self.client = self.pool.add_client(
            "CommandLine",
            user_pool_client_name=config.name("cli"),
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            disable_o_auth=True,
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(30),
        )
        self.pool_id = self.pool.user_pool_id
        self.client_id = self.client.user_pool_client_id
        # The emulator signs with the issuer that AWS would use; only its keys lie elsewhere.
        self.issuer = f"https://cognito-idp.{self.pool.stack.region}.amazonaws.com/{self.pool_id}"
        keys_at = f"{config.local.endpoint_url}/{self.pool_id}" if config.local else self.issuer
        self.jwks_url = f"{keys_at}/.well-known/jwks.json"
        publish_settings(
            self,
            config,
            user_pool_id=self.pool_id,
            user_pool_client_id=self.client_id,
            token_issuer=self.issuer,
            token_jwks_url=self.jwks_url,
        )

    def token_settings(self) -> dict[str, str]:
        """Give a function what it checks tokens against."""
        return {
            "ALGOTRENDY_USER_POOL_ID": self.pool_id,
            "ALGOTRENDY_USER_POOL_CLIENT_ID": self.client_id,
            "ALGOTRENDY_TOKEN_ISSUER": self.issuer,
            "ALGOTRENDY_TOKEN_JWKS_URL": self.jwks_url,
        }
