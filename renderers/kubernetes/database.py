"""The database of a party's training: its own MySQL, or an external one. Eggroll and FATE-Flow share it.

Reference components.md section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from planner.secret_references import GENERATE
from renderers.kubernetes.component import SecretSpec
from renderers.kubernetes.credentials import Password, password, secrets
from renderers.kubernetes.installation import Installation

SECRET: Final = "mysql"  # noqa: S105 - the name of a Secret
OWN: Final = "eggroll_meta"
"""The database in a site's own MySQL, as the charts call it."""
USER: Final = "fate"


@dataclass(frozen=True, slots=True)
class Database:
    """Where the database is and who logs in; `secrets` is what apply must write before anybody can."""

    host: str
    port: int
    name: str
    user: str
    password: Password
    secrets: tuple[SecretSpec, ...]

    @property
    def jdbc_url(self) -> str:
        """The URL that eggroll's clustermanager opens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        options = "useSSL=false&serverTimezone=UTC&characterEncoding=utf8&allowPublicKeyRetrieval=true"
        return f"jdbc:mysql://{host}:{self.port}/{quote(self.name, safe='')}?{options}"


def database(installation: Installation) -> Database:
    """The database of a party: of its own Secret `mysql` an external one needs the password only."""
    planned = installation.planned
    external = planned.site.mysql
    if external is not None:
        secret = password(installation, external.password, SECRET, "password")
        host, port, name, user = external.host, external.port, external.database, external.user
        values = dict(secret.values)
    else:
        secret = password(installation, planned.site.credentials.get("mysql"), SECRET, "password")
        host, port, name, user = "mysql", planned.release.ports.mysql, OWN, USER
        values = {"root-password": GENERATE, "user": USER, **secret.values}
    specs = secrets(installation, SECRET, _labels(installation), values)
    return Database(host, port, name, user, secret, specs)


def _labels(installation: Installation) -> Mapping[str, str]:
    return installation.labels("mysql", "database")
