"""Build who may come in: the user pool, its clients, where one signs in, the pepper of keys."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra_cdk.checks.exceptions import except_from
from infra_cdk.config import StageConfig
from infra_cdk.patterns.foundation import removal
from infra_cdk.patterns.permissions import Grantee
from infra_cdk.patterns.settings import publish_settings

# `algotrendy login --browser` listens on the first of these that is free: Cognito takes a callback
# only to the letter, port and all.
LOOPBACK_PORTS = (47_651, 47_652, 47_653)
CONSOLE_CALLBACK = "/signed-in"
CONSOLE_IN_DEVELOPMENT = "http://localhost:5173"
RESOURCE_SERVER = "algotrendy"
PEPPER_CHARACTERS = 64


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
            # A new address counts once its owner has typed the code that was sent to it.
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),
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
        self._resource_server()
        self.client = self._command_line(config)
        self.console = self._console(config)
        self.sign_in_url = self._domain(config)
        self.pepper = self._pepper(config)
        self.pool_id = self.pool.user_pool_id
        self.client_id = self.client.user_pool_client_id
        self.console_id = self.console.user_pool_client_id
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
            console_client_id=self.console_id,
            sign_in_url=self.sign_in_url,
            api_key_pepper=self._pepper_reference,
        )

    def token_settings(self) -> dict[str, str]:
        """Give a function what it checks tokens and keys against."""
        return {
            "ALGOTRENDY_API_KEY_PEPPER": self._pepper_reference,
            "ALGOTRENDY_CONSOLE_CLIENT_ID": self.console_id,
            "ALGOTRENDY_USER_POOL_ID": self.pool_id,
            "ALGOTRENDY_USER_POOL_CLIENT_ID": self.client_id,
            "ALGOTRENDY_TOKEN_ISSUER": self.issuer,
            "ALGOTRENDY_TOKEN_JWKS_URL": self.jwks_url,
        }

    def grant_verify(self, grantee: Grantee) -> None:
        """Let a function hold API keys against the pepper."""
        grantee.grant("ReadPepper", ["secretsmanager:GetSecretValue"], [self.pepper.secret_arn])

    def _resource_server(self) -> None:
        """Name what machines ask a token for."""
        self.pool.add_resource_server(
            "Api",
            identifier=RESOURCE_SERVER,
            user_pool_resource_server_name="AlgoTrendy API",
            scopes=[
                cognito.ResourceServerScope(
                    scope_name="act", scope_description="All that the machine's roles allow."
                ),
                cognito.ResourceServerScope(
                    scope_name="read", scope_description="Of that, what changes nothing."
                ),
            ],
        )

    def _command_line(self, config: StageConfig) -> cognito.UserPoolClient:
        """Make the client of the command line: by password, or in a browser with PKCE."""
        return self.pool.add_client(
            "CommandLine",
            user_pool_client_name=config.name("cli"),
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_password=True, user_srp=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                # With the last one a person can add a second factor.
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.COGNITO_ADMIN],
                callback_urls=[f"http://localhost:{port}/callback" for port in LOOPBACK_PORTS],
            ),
            **self._lifetimes(refresh=Duration.days(30)),
        )

    def _console(self, config: StageConfig) -> cognito.UserPoolClient:
        """Make the client of the console: in a browser with PKCE, and in no other way."""
        origins = [
            origin
            for origin in config.cors_origins
            # The only ones that Cognito takes.
            if origin.startswith(("https://", "http://localhost"))
        ] or [CONSOLE_IN_DEVELOPMENT]
        return self.pool.add_client(
            "Console",
            user_pool_client_name=config.name("console"),
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user=False),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.COGNITO_ADMIN],
                callback_urls=[origin + CONSOLE_CALLBACK for origin in origins],
                logout_urls=[f"{origin}/" for origin in origins],
            ),
            # A browser's store is no safe: whoever reads a token there has it for a day at most.
            **self._lifetimes(refresh=Duration.days(1)),
        )

    def _lifetimes(self, *, refresh: Duration) -> dict[str, Any]:
        return {
            "enable_token_revocation": True,
            "prevent_user_existence_errors": True,
            "access_token_validity": Duration.hours(1),
            "id_token_validity": Duration.hours(1),
            "refresh_token_validity": refresh,
            "supported_identity_providers": [cognito.UserPoolClientIdentityProvider.COGNITO],
        }

    def _domain(self, config: StageConfig) -> str:
        """Give managed login an address, and say which."""
        # Of everybody's domains in the region none may have the same name: the account makes it so.
        account = self.pool.stack.account
        prefix = config.prefix if config.local else f"{config.prefix}-{account}"
        domain = self.pool.add_domain(
            "SignIn",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix),
            # The emulator knows no branding, without which the newer pages show nothing.
            managed_login_version=(
                cognito.ManagedLoginVersion.CLASSIC_HOSTED_UI
                if config.local
                else cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN
            ),
        )
        if config.local:
            return config.local.endpoint_url
        for name, client in (("CommandLine", self.client), ("Console", self.console)):
            branding = cognito.CfnManagedLoginBranding(
                self,
                f"{name}Pages",
                user_pool_id=self.pool.user_pool_id,
                client_id=client.user_pool_client_id,
                use_cognito_provided_values=True,
            )
            branding.node.add_dependency(domain)
        return domain.base_url()

    def _pepper(self, config: StageConfig) -> secretsmanager.Secret:
        """Keep what the seals of API keys are made with, apart from the database they lie in."""
        self._pepper_name = f"algotrendy/{config.stage}/api-key-pepper"
        pepper = secretsmanager.Secret(
            self,
            "Pepper",
            secret_name=self._pepper_name,
            description="Seals API keys; another value ends every one of them.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=PEPPER_CHARACTERS, exclude_punctuation=True
            ),
            removal_policy=removal(config),
        )
        except_from(
            pepper, "SMG4", "Another pepper ends every API key: a person turns it in an emergency."
        )
        return pepper

    @property
    def _pepper_reference(self) -> str:
        return f"secret:{self._pepper_name}"
