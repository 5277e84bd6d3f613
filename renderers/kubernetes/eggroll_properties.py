"""eggroll.properties, one for each program that reads it. Reference components.md section 3.2.

Only clustermanager's names the database, and only rollsite's has the key of its route table, so no other program needs
a secret for it.
"""

from __future__ import annotations

from typing import Final, Literal

from planner.channels import Channel
from planner.lookup import POLLED
from renderers.kubernetes.database import Database
from renderers.kubernetes.generation import EGGROLL, generation
from renderers.kubernetes.installation import Installation
from renderers.templating import template

FILE: Final = "eggroll.properties"
PATH: Final = f"{EGGROLL}/conf/{FILE}"
PROCESSORS: Final = 4
"""Processors of one nodemanager for one session, where federation.yaml does not say: what a job asks for at least."""


def eggroll_properties(
    installation: Installation, component: str, *, database: Database | None = None, vcores: int | None = None
) -> str:
    """The text for one component: `clustermanager`, `nodemanager`, `rollsite` or `python`."""
    planned = installation.planned
    facts = generation(planned.release)
    return template("kubernetes/eggroll.properties.j2").render(
        component=component,
        label=planned.site.label,
        name=_property(planned.site.name),
        party=planned.id,
        ports=planned.release.ports,
        is_two=planned.release.module == "osx",
        is_read_by_python=component in {"nodemanager", "python"},
        is_rollsite=component == "rollsite",
        has_clustermanager=planned.site.kind == "party",
        database=database and {"url": _property(database.jdbc_url), "user": _property(database.user)},
        vcores=vcores,
        above=f"{EGGROLL}/" if planned.release.module == "osx" else "",
        egg=facts.egg,
        processors=processors(installation),
        polling=polling(installation) if component == "rollsite" else "",
    )


def processors(installation: Installation) -> int:
    """Processors of one nodemanager that a session may use."""
    wanted: int = installation.settings("nodemanager").get("sessionProcessorsPerNode", PROCESSORS)
    return wanted


def nodemanagers(installation: Installation) -> int:
    """How many nodemanagers a party has."""
    wanted: int = installation.settings("nodemanager").get("replicas", 1)
    return wanted


def polling(installation: Installation) -> Literal["server", "client", ""]:
    """Which side of polling a rollsite is on, if any (INV-EGG-11)."""
    planned = installation.planned
    if planned.site.polling is not None:
        return "client"
    entries = installation.plan.table(planned, Channel.ROLLSITE).entries.values()
    return "server" if POLLED in entries else ""


def _property(value: str) -> str:
    """A value as Java's properties need it: a backslash is doubled, what is not Latin-1 is written by its code."""
    plain = value.isascii() and value.isprintable() and "\\" not in value
    return value if plain else "".join(map(_character, value))


def _character(each: str) -> str:
    if each == "\\":
        return "\\\\"
    code = each.encode("utf-16-be")
    if each.isprintable() and each.isascii():
        return each
    return "".join(f"\\u{code[at]:02x}{code[at + 1]:02x}" for at in range(0, len(code), 2))
