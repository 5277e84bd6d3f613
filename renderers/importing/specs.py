"""Recognising a KubeFATE cluster.yaml, whatever its release: what it installs, and for whom.

Dialects: reference cluster-yaml.md section 2. v1.3.0-a has no chartName, and its guides call chartVersion `version`.
An exchange is a chart of its own, or the party's chart without FATE-Flow; one for FATE-Serving has servingProxy alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from planner.diagnostics import KeyPath
from planner.releases import FATE, FATE_EXCHANGE, FATE_SERVING
from planner.source import UNREADABLE, Document

FATEFLOW: Final = frozenset({"python", "fateflow"})
"""Modules that are FATE-Flow: every party has one of them, no exchange has."""
BLOCKS: Final = frozenset(
    {
        "proxy", "rollsite", "lbrollsite", "osx", "egg", "roll", "metaService", "redis", "clustermanager",
        "nodemanager", "mysql", "python", "fateboard", "client", "nginx", "rabbitmq", "pulsar", "spark", "hdfs",
        "trafficServer", "servingProxy", "servingServer", "servingRedis", "servingZookeeper", "servingAdmin",
    }
)  # fmt: skip
"""Blocks of a cluster.yaml that are named after a module."""
_SERVING_KEYS: Final = frozenset({"servingProxy", "servingServer", "servingRedis", "servingZookeeper", "servingAdmin"})
_EXCHANGE_KEYS: Final = frozenset({"trafficServer"})
_MARKS: Final = frozenset({"modules", "chartName", "chartVersion"})


class Role(StrEnum):
    """What a cluster.yaml installs."""

    PARTY = "party"
    SERVING = "serving"
    EXCHANGE = "exchange"
    SERVING_EXCHANGE = "serving exchange"

    @property
    def is_exchange(self) -> bool:
        """Whether it is a router and no party."""
        return self in {Role.EXCHANGE, Role.SERVING_EXCHANGE}


@dataclass(frozen=True, slots=True)
class Spec:
    """One cluster.yaml: its data without what was unreadable, and where it stands.

    `chart` is the one it names, or that its keys belong to. `version` is what stands there, empty where nothing does,
    and `version_key` the key that holds it. `party` is None for an id that is no number.
    """

    source: str
    document: Document
    data: Mapping[str, Any]
    role: Role
    chart: str
    version: str
    version_key: str
    party: int | None

    @property
    def name(self) -> str:
        """Name of the KubeFATE cluster; empty where none is given."""
        return text_of(self.data.get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace; empty where none is given."""
        return text_of(self.data.get("namespace"))

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules it names."""
        return tuple(item for item in items(self.data.get("modules")) if isinstance(item, str))

    def deploys(self, path: KeyPath) -> bool:
        """Whether the module that a key belongs to is deployed; true for a key that belongs to none."""
        block = path[1] if path[:1] in {("ingress",), ("host",)} and len(path) > 1 else path[:1] and path[0]
        name = str(block).removesuffix("UI")
        if not self.modules or name not in BLOCKS or (name == "rollsite" and "lbrollsite" in self.modules):
            return True
        return name in self.modules

    def get(self, *path: str | int) -> Any:
        """What stands at a path; None where nothing does."""
        return value_at(self.data, path)

    def block(self, *path: str | int) -> Mapping[str, Any]:
        """The mapping at a path; an empty one where there is none."""
        return mapping(self.get(*path))


def recognise(source: str, document: Document) -> Spec | None:
    """The cluster.yaml that a document is; None where it is something else."""
    data = cleaned(document.data) if document.has_unreadable else document.data
    if not isinstance(data, dict) or "partyId" not in data or not _MARKS & data.keys():
        return None
    if isinstance(data.get("modules"), dict) and "chartName" not in data:
        return None  # the values of the chart itself, which KubeFATE makes of a cluster.yaml
    modules = {item for item in items(data.get("modules")) if isinstance(item, str)}
    version_key = "chartVersion" if "chartVersion" in data or "version" not in data else "version"
    chart = text_of(data.get("chartName")) or _guessed_chart(data, modules)
    return Spec(
        source=source,
        document=document,
        data=data,
        role=_role(chart, data, modules),
        chart=chart,
        version=text_of(data.get(version_key)),
        version_key=version_key,
        party=number_of(data.get("partyId")),
    )


def _guessed_chart(data: Mapping[str, Any], modules: set[str]) -> str:
    if modules & _SERVING_KEYS or (not modules and data.keys() & _SERVING_KEYS):
        return FATE_SERVING
    return FATE_EXCHANGE if modules & _EXCHANGE_KEYS or data.keys() & _EXCHANGE_KEYS else FATE


def _role(chart: str, data: Mapping[str, Any], modules: set[str]) -> Role:
    if chart == FATE_SERVING:
        is_router = bool(modules) and "servingServer" not in modules
        return Role.SERVING_EXCHANGE if is_router or number_of(data.get("partyId")) is None else Role.SERVING
    if chart == FATE_EXCHANGE:
        return Role.EXCHANGE
    return Role.EXCHANGE if modules and not modules & FATEFLOW else Role.PARTY


# ---------------------------------------------------------------------------------------------------------------------
# Reading data that nobody has validated


def cleaned(value: Any) -> Any:
    """The value without the parts that could not be read, which were reported already."""
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items() if item is not UNREADABLE and key is not UNREADABLE}
    if isinstance(value, list):
        return [cleaned(item) for item in value if item is not UNREADABLE]
    return None if value is UNREADABLE else value


def value_at(value: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path of keys and indices; None where nothing does."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def mapping(value: Any) -> Mapping[Any, Any]:
    """The value if it is a mapping, or else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """The value if it is a list, or else an empty one."""
    return value if isinstance(value, list) else ()


def text_of(value: Any) -> str:
    """A text as written; empty for anything else."""
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> int | None:
    """A whole number that is none below zero, also one in quotes, as the charts print both alike."""
    if type(value) is int:
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else None


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: null, an empty text, list or mapping."""
    return value is None or value in ("", [], {})


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every value that is no mapping, by its path; lists count as one value."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value
