"""Add people of every role, in two tenants, with real tokens of the user pool."""

from __future__ import annotations

from dataclasses import dataclass

from algotrendy.identity.permissions import Role
from fixtures.platform import Platform

HOME, OTHER = "demo", "rivals"
"""The tenant that is attacked, and the one that attacks it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in."""

    name: str
    tenant: str
    role: Role
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs carries."""
        return {"authorization": f"Bearer {self.token}"}


def people(platform: Platform) -> list[Person]:
    """Add a person of each role to the first tenant."""
    return [_person(platform, f"s-{role}", HOME, role) for role in Role]


def intruder(platform: Platform) -> Person:
    """Add somebody who may do everything, in the other tenant."""
    return _person(platform, "s-intruder", OTHER, Role.ADMIN)


def signed_in_again(platform: Platform, person: Person) -> Person:
    """Give the same person with a sign-in of just now."""
    return Person(person.name, person.tenant, person.role, platform.token(person.name))


def _person(platform: Platform, name: str, tenant: str, role: Role) -> Person:
    platform.add_user(name, tenant, role)
    return Person(name, tenant, role, platform.token(name))
