"""Build what identity is made of from the settings, once a process and on first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.kernel.ids import Uuid7s, parse_tenant
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.identity.account_access import AccountGate
    from algotrendy.identity.adapters.access_store import AccessInPostgres
    from algotrendy.identity.adapters.audit_desk import AuditDesk
    from algotrendy.identity.adapters.cognito import CognitoUsers
    from algotrendy.identity.adapters.flag_desk import FlagDesk
    from algotrendy.identity.adapters.key_store import KeysInPostgres
    from algotrendy.identity.adapters.loopback import Loopback
    from algotrendy.identity.adapters.machine_store import MachinesInPostgres
    from algotrendy.identity.adapters.token_endpoint import TokenEndpoint
    from algotrendy.identity.api_keys import ApiKeyVerifier, Sealer
    from algotrendy.identity.browser import BrowserSignIn
    from algotrendy.identity.key_ring import KeyRing
    from algotrendy.identity.machines import Machine, Machines
    from algotrendy.identity.tokens import TokenVerifier


@cache
def verifier() -> TokenVerifier:
    """Verify the tokens of this deployment's user pool."""
    # Here and not above: functions that verify nobody have no layer with these.
    from algotrendy.identity.adapters.jwks import JwksOverHttp
    from algotrendy.identity.tokens import TokenVerifier

    chosen, clock = settings(), SystemClock()
    # A deployment without a console has one client less.
    clients = [chosen.need("user_pool_client_id"), chosen.console_client_id]
    return TokenVerifier(
        issuer=chosen.need("token_issuer"),
        clients=[client for client in clients if client],
        keys=JwksOverHttp(chosen.need("token_jwks_url"), clock),
        clock=clock,
        machines=_MachinesOfDeployment(),
    )


class _MachinesOfDeployment:
    """Asks for the database when the first machine comes: tokens of people need none."""

    def machine(self, client_id: str) -> Machine | None:
        try:
            store = machine_store()
        except NotFound as error:
            raise Unavailable("the table of machines", error.message) from error
        return store.machine(client_id)


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()


@cache
def users() -> CognitoUsers:
    """Speak with this deployment's user pool."""
    # Here and not above: an API that only verifies tokens stays free of boto3.
    from algotrendy.identity.adapters.cognito import CognitoUsers
    from algotrendy.platform import aws

    chosen = settings()
    return CognitoUsers(
        client=aws.client("cognito-idp"),
        user_pool_id=chosen.need("user_pool_id"),
        client_id=chosen.need("user_pool_client_id"),
        clock=SystemClock(),
    )


@cache
def audit_desk() -> AuditDesk:
    """Read and seal the audit of this deployment."""
    from algotrendy.identity.adapters.audit_desk import AuditDesk
    from algotrendy.identity.adapters.head_archive import HeadsInS3
    from algotrendy.platform.database import database

    url = settings().audit_heads_url
    archive = None if url is None else HeadsInS3(url)
    return AuditDesk(database(), archive, SystemClock())


@cache
def flag_desk() -> FlagDesk:
    """Show and change the flags of this deployment."""
    from algotrendy.identity.adapters.flag_desk import FlagDesk
    from algotrendy.platform import aws
    from algotrendy.platform.database import database
    from algotrendy.platform.flag_store import FlagStore, Strategies

    chosen, clock = settings(), SystemClock()
    strategies = Strategies(*chosen.need("flags_strategies").split("/"))
    operator = chosen.operator_tenant
    return FlagDesk(
        store=FlagStore(aws.client("appconfig"), chosen.need("flags_source"), strategies),
        database=database(),
        stage=chosen.stage,
        operator=None if operator is None else parse_tenant(operator),
        clock=clock,
        ids=Uuid7s(clock),
    )


@cache
def api_keys() -> ApiKeyVerifier:
    """Verify the API keys of this deployment, and note that they are used."""
    from algotrendy.identity.api_keys import ApiKeyVerifier

    return ApiKeyVerifier(key_store(), sealer(), SystemClock())


@cache
def gateway_keys() -> ApiKeyVerifier:
    """Verify API keys at the gateway, which leaves it to the app to note that they are used."""
    from algotrendy.identity.api_keys import ApiKeyVerifier

    return ApiKeyVerifier(key_store(), sealer(), SystemClock(), notes_use=False)


@cache
def key_ring() -> KeyRing:
    """Issue, rotate, revoke and list API keys."""
    from algotrendy.identity.key_ring import KeyRing
    from algotrendy.platform.telemetry import correlation_id

    clock = SystemClock()
    return KeyRing(key_store(), sealer(), clock, Uuid7s(clock), correlation_id=correlation_id)


@cache
def sealer() -> Sealer:
    """Hold keys against the pepper of this deployment."""
    from algotrendy.identity.api_keys import Sealer

    # Asked anew each time: Secrets Manager's answer is kept for minutes, not for good.
    return Sealer(_pepper)


def _pepper() -> str:
    try:
        return settings().need("api_key_pepper")
    except NotFound as error:
        # The caller's key may be good: that its seal cannot be looked at is our fault.
        raise Unavailable("the pepper of API keys", error.message) from error


@cache
def key_store() -> KeysInPostgres:
    """Keep API keys in this deployment's database."""
    from algotrendy.identity.adapters.audit_trail import AuditTrail
    from algotrendy.identity.adapters.key_store import KeysInPostgres
    from algotrendy.platform.database import database

    return KeysInPostgres(database(), AuditTrail().add)


@cache
def account_access() -> AccessInPostgres:
    """Keep the lists of those who get at accounts in this deployment's database."""
    from algotrendy.identity.adapters.access_store import AccessInPostgres
    from algotrendy.identity.adapters.audit_trail import AuditTrail
    from algotrendy.platform.database import database

    return AccessInPostgres(database(), AuditTrail().add)


@cache
def account_gate() -> AccountGate:
    """Show and change who gets at accounts."""
    from algotrendy.identity.account_access import AccountGate
    from algotrendy.platform.telemetry import correlation_id

    clock = SystemClock()
    return AccountGate(account_access(), clock, Uuid7s(clock), correlation_id)


@cache
def machine_store() -> MachinesInPostgres:
    """Keep machines in this deployment's database."""
    from algotrendy.identity.adapters.audit_trail import AuditTrail
    from algotrendy.identity.adapters.machine_store import MachinesInPostgres
    from algotrendy.platform.database import database

    return MachinesInPostgres(database(), AuditTrail().add)


@cache
def machines() -> Machines:
    """Add and remove machines, in the user pool and the database of this deployment."""
    from algotrendy.identity.adapters.cognito_machines import CognitoMachines
    from algotrendy.identity.machines import Machines
    from algotrendy.identity.tokens import MACHINE_SCOPE, READING_SCOPE
    from algotrendy.platform import aws

    chosen, clock = settings(), SystemClock()
    pool = CognitoMachines(
        client=aws.client("cognito-idp"),
        user_pool_id=chosen.need("user_pool_id"),
        scopes=(MACHINE_SCOPE, READING_SCOPE),
    )
    prefix = f"algotrendy-{chosen.stage}"
    return Machines(machine_store(), pool, clock, Uuid7s(clock), prefix)


def loopback() -> Loopback:
    """Listen for a browser that comes back from signing in."""
    from algotrendy.identity.adapters.loopback import Loopback

    return Loopback()


def browser_sign_in(redirect_uri: str) -> BrowserSignIn:
    """Begin to sign in to this deployment's user pool with a browser."""
    from algotrendy.identity.browser import begin

    chosen = settings()
    return begin(chosen.need("sign_in_url"), chosen.need("user_pool_client_id"), redirect_uri)


def token_endpoint() -> TokenEndpoint:
    """Change codes and secrets into tokens at this deployment's user pool."""
    from algotrendy.identity.adapters.token_endpoint import TokenEndpoint

    return TokenEndpoint(settings().need("sign_in_url"), SystemClock())
