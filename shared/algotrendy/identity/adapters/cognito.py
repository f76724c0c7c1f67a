"""Sign users in, and add them, in an Amazon Cognito user pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP, Role
from algotrendy.identity.session import Tokens, UserChange
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, Unauthenticated, Unavailable
from algotrendy.kernel.ids import TenantId, UserId, parse_tenant, parse_user_id

_SERVICE = "the user pool"
_MAX_PASSWORD_CHARACTERS = 256
_SECOND_FACTOR = "SOFTWARE_TOKEN_MFA"

# The reasons for which Cognito turns a sign-in away. An unknown user and a wrong password read
# alike, so that nobody learns which names exist.
_TURNED_AWAY = {
    "NotAuthorizedException": "the username or the password is wrong",
    "UserNotFoundException": "the username or the password is wrong",
    "UserNotConfirmedException": "the user is not confirmed yet",
    "PasswordResetRequiredException": "the password must be reset first",
    "CodeMismatchException": "the authenticator's digits are wrong",
    "ExpiredCodeException": "the authenticator's digits came too late",
}


class CognitoUsers:
    """Speaks with one user pool, through one of its clients.

    Args:
        client: A boto3 client of ``cognito-idp``.
        user_pool_id: The pool.
        client_id: A client of the pool that allows USER_PASSWORD_AUTH and has no secret.
        clock: Tells from when the tokens' lifetimes count.
    """

    def __init__(self, client: Any, user_pool_id: str, client_id: str, clock: Clock) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id
        self._clock = clock

    @property
    def client_id(self) -> str:
        """The client that tokens are made for."""
        return self._client_id

    def sign_in(
        self, username: str, password: str, second_factor: Callable[[], str] | None = None
    ) -> Tokens:
        """Change a password into tokens.

        Args:
            username: Who signs in.
            password: Theirs.
            second_factor: Gives the six digits that an authenticator shows; asked for if the user
                has one.

        Raises:
            Unauthenticated: If the pool turns the user away.
            Unavailable: If it does not answer.
        """
        parameters = {"USERNAME": username, "PASSWORD": password}
        return self._tokens("USER_PASSWORD_AUTH", parameters, second_factor)

    def refresh(self, refresh_token: str) -> Tokens:
        """Change a refresh token into a new access token; the refresh token stays as it was.

        Raises:
            Unauthenticated: If the refresh token has ended, too.
            Unavailable: If the pool does not answer.
        """
        try:
            fresh = self._tokens("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": refresh_token})
        except Unauthenticated as error:
            raise Unauthenticated("the session has ended") from error
        return Tokens(fresh.access_token, fresh.refresh_token or refresh_token, fresh.expires_at)

    def ensure_user(
        self, username: str, password: str, tenant: TenantId, roles: Iterable[Role]
    ) -> UserChange:
        """Make a user who can sign in, of one tenant and with exactly these roles.

        Doing it again changes nothing but the password, which is set each time. A run that was cut
        short is mended by the next.

        Raises:
            Invalid: If a name is malformed, or the pool refuses the password.
            Conflict: If the user is of another tenant.
            Unavailable: If the pool does not answer.
        """
        parse_user_id(username, "username")
        if not 1 <= len(password) <= _MAX_PASSWORD_CHARACTERS:
            raise Invalid("password", f"1 to {_MAX_PASSWORD_CHARACTERS} characters", "hidden")
        wanted = {TENANT_GROUP + parse_tenant(tenant), *(ROLE_GROUP + role for role in roles)}
        created = self._create(username)
        held = set(self._groups_of(username))
        others = sorted(g for g in held - wanted if g.startswith(TENANT_GROUP))
        if others:
            raise Conflict(
                f"user {username} belongs to {others[0]}, and a user has one tenant",
                username=username,
                group=others[0],
            )
        self._set_password(username, password)
        joined = sorted(wanted - held)
        left = sorted(group for group in held - wanted if group.startswith(ROLE_GROUP))
        for group in joined:
            self._join(username, group)
        for group in left:
            with translated():
                self._client.admin_remove_user_from_group(
                    UserPoolId=self._pool, Username=username, GroupName=group
                )
        return UserChange(username, created, tuple(joined), tuple(left))

    def subject_of(self, username: str) -> UserId:
        """Tell under which subject a user's tokens are made.

        Raises:
            Unavailable: If the pool does not answer, or has no such user.
        """
        with translated():
            found = self._client.admin_get_user(UserPoolId=self._pool, Username=username)
        named = {each["Name"]: each["Value"] for each in found["UserAttributes"]}
        return parse_user_id(named.get("sub", ""), "sub")

    def begin_second_factor(self, access_token: str) -> str:
        """Give the secret that an authenticator is to be told; it counts once it was confirmed.

        Raises:
            Unauthenticated: If the token does not count, or may not do this.
            Unavailable: If the pool does not answer.
        """
        with translated(_turn_away):
            answer = self._client.associate_software_token(AccessToken=access_token)
        return str(answer["SecretCode"])

    def confirm_second_factor(self, access_token: str, code: str) -> None:
        """Ask for a second factor from now on, if the authenticator shows the right digits.

        Raises:
            Invalid: If it does not.
            Unauthenticated, Unavailable: As ``begin_second_factor``.
        """
        with translated(_refuse_code):
            self._client.verify_software_token(AccessToken=access_token, UserCode=code)
        self._prefer_second_factor(access_token, wanted=True)

    def drop_second_factor(self, access_token: str) -> None:
        """Ask for no second factor any more.

        Raises:
            Unauthenticated, Unavailable: As ``begin_second_factor``.
        """
        self._prefer_second_factor(access_token, wanted=False)

    def _prefer_second_factor(self, access_token: str, *, wanted: bool) -> None:
        with translated(_turn_away):
            self._client.set_user_mfa_preference(
                AccessToken=access_token,
                SoftwareTokenMfaSettings={"Enabled": wanted, "PreferredMfa": wanted},
            )

    def _tokens(
        self,
        flow: str,
        parameters: dict[str, str],
        second_factor: Callable[[], str] | None = None,
    ) -> Tokens:
        asked_at = self._clock.now()
        with translated(_turn_away):
            answer = self._client.initiate_auth(
                ClientId=self._client_id, AuthFlow=flow, AuthParameters=parameters
            )
        if answer.get("ChallengeName") == _SECOND_FACTOR and second_factor is not None:
            with translated(_turn_away):
                answer = self._client.respond_to_auth_challenge(
                    ClientId=self._client_id,
                    ChallengeName=_SECOND_FACTOR,
                    Session=answer["Session"],
                    ChallengeResponses={
                        "USERNAME": parameters["USERNAME"],
                        "SOFTWARE_TOKEN_MFA_CODE": second_factor(),
                    },
                )
        result = answer.get("AuthenticationResult")
        if not result:
            challenge = answer.get("ChallengeName", "another step")
            raise Unauthenticated(f"the user pool asks for {challenge} first")
        return Tokens(
            access_token=result["AccessToken"],
            refresh_token=result.get("RefreshToken"),
            expires_at=asked_at + timedelta(seconds=result["ExpiresIn"]),
        )

    def _create(self, username: str) -> bool:
        try:
            with translated(_reraise_existing):
                # No invitation: the password is set right after, and told by whoever adds the user.
                self._client.admin_create_user(
                    UserPoolId=self._pool, Username=username, MessageAction="SUPPRESS"
                )
        except _AlreadyThereError:
            return False
        return True

    def _set_password(self, username: str, password: str) -> None:
        with translated(_refuse_password):
            self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=username, Password=password, Permanent=True
            )

    def _groups_of(self, username: str) -> Iterator[str]:
        page: dict[str, str] = {}
        while True:
            with translated():
                answer = self._client.admin_list_groups_for_user(
                    UserPoolId=self._pool, Username=username, **page
                )
            yield from (group["GroupName"] for group in answer["Groups"])
            if not answer.get("NextToken"):
                return
            page = {"NextToken": answer["NextToken"]}

    def _join(self, username: str, group: str) -> None:
        try:
            with translated(_reraise_existing):
                self._client.create_group(UserPoolId=self._pool, GroupName=group)
        except _AlreadyThereError:
            pass
        with translated():
            self._client.admin_add_user_to_group(
                UserPoolId=self._pool, Username=username, GroupName=group
            )


class _AlreadyThereError(Exception):
    pass


Refusal = Callable[[str, str, Exception], None]


@contextmanager
def translated(refusal: Refusal | None = None, *, missing_is_well: bool = False) -> Iterator[None]:
    """Turn botocore's errors into ours.

    Args:
        refusal: Gets code and message, and may raise first.
        missing_is_well: Whether what is not there needs no deleting.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = str(details.get("Code")), str(details.get("Message"))
        if missing_is_well and code == "ResourceNotFoundException":
            return
        if refusal is not None:
            refusal(code, message, error)
        _raise_unavailable(f"{code}: {message}", error)
    except BotoCoreError as error:
        _raise_unavailable(str(error), error)


def _raise_unavailable(reason: str, error: Exception) -> NoReturn:
    raise Unavailable(_SERVICE, reason) from error


def _turn_away(code: str, _message: str, error: Exception) -> None:
    if code in _TURNED_AWAY:
        raise Unauthenticated(_TURNED_AWAY[code]) from error


def _reraise_existing(code: str, _message: str, error: Exception) -> None:
    if code in ("UsernameExistsException", "GroupExistsException"):
        raise _AlreadyThereError from error


def _refuse_password(code: str, message: str, error: Exception) -> None:
    if code in ("InvalidPasswordException", "InvalidParameterException"):
        expected = f"one that the user pool accepts ({message})"
        raise Invalid("password", expected, "hidden") from error


def _refuse_code(code: str, message: str, error: Exception) -> None:
    if code in ("EnableSoftwareTokenMFAException", "CodeMismatchException"):
        expected = "the six digits that the authenticator shows now"
        raise Invalid("code", expected, "others") from error
    _turn_away(code, message, error)
