"""Probes of route tables in pods: whether a router, or FATE-Flow, has the table that the cluster has.

The kubelet brings a changed ConfigMap into a pod's folder within two minutes, and never into a file that is mounted by
itself (subPath, helm-direct.md section 7). What a program made of its file is not seen from outside, only what it has.
The mounts are read from the live pod, so charts of all releases are looked at alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from planner.checks.table_not_read import table_not_read
from renderers.cluster.clock import Deadline
from renderers.cluster.pod_files import Use, uses_of
from renderers.cluster.references import Document, Reference
from renderers.probes.components.asking import FATEFLOW, last_line, place
from renderers.probes.pods.inside import Spot
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_TABLES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "rollsite": ("rollsite", "rollsite-config", "route_table.json"),
        "lbrollsite": ("rollsite", "rollsite-config", "route_table.json"),
        "osx": ("osx", "osx-config", "route_table.json"),
        "nginx": ("nginx", "nginx-config", "route_table.yaml"),
        "rabbitmq": (FATEFLOW, "rabbitmq-route-table", "rabbitmq_route_table.yaml"),
        "pulsar": (FATEFLOW, "pulsar-route-table", "pulsar_route_table.yaml"),
        "trafficServer": ("traffic-server", "traffic-server-sni", "sni.yaml"),
    }
)
"""By module: who reads its table, the ConfigMap, and the key (helm-direct.md sections 4 and 5)."""
_AT_START: Final = frozenset({"traffic-server"})
"""Who reads a table when it starts and never again, though its file is brought up to date."""
_KUBELET: Final = 120.0
"""Seconds in which the kubelet has brought a change into a pod that runs."""
_PACE: Final = 4.0
_EARLY: Final = 2.0
"""Seconds by which a file may seem younger than the container that found it: both are rounded."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """The table in a pod: its ConfigMap and key, where it is mounted, and whether that is never refreshed."""

    spot: Spot
    use: Use
    key: str
    begun: datetime | None

    @property
    def path(self) -> str:
        """The file in the pod."""
        return self.use.folder if self.use.at_start else f"{self.use.folder}/{self.key}"


def probes(sight: Sight) -> Iterator[Probe]:
    """One for each table of the site."""
    modules = ("lbrollsite",) if "lbrollsite" in sight.planned.modules else ()
    for module in (*modules, *(each for each in _TABLES if each != "lbrollsite")):
        if module in sight.planned.modules:
            reader, config_map, key = _TABLES[module]
            sentence = f"{reader} of {sight.folder.label} has the live {key} of ConfigMap {config_map}"
            yield probe(sight, "table-read", sentence, partial(_is_read, sight, reader, config_map, key))


def _is_read(sight: Sight, reader: str, config_map: str, key: str, deadline: Deadline) -> Said:
    spots = sight.inside.spots(reader, deadline)
    if not spots:
        return unknown(f"no container of {reader} is ready in namespace {sight.folder.namespaces['training']}")
    for spot in spots:
        copy = _copy(sight, spot, config_map, key, deadline)
        if copy is None:
            return unknown(f"pod {spot.pod} does not mount {key} of ConfigMap {config_map}")
        said = _compared(sight, copy, deadline)
        if said is not None:
            return said
    return Said()


def _copy(sight: Sight, spot: Spot, config_map: str, key: str, deadline: Deadline) -> _Copy | None:
    """Where a pod's containers have a table; None where none has it."""
    pod = sight.api.get(Reference("v1", "Pod", spot.namespace, spot.pod), deadline) or {}
    begun = {
        str(each.get("name")): ((each.get("state") or {}).get("running") or {}).get("startedAt")
        for each in (pod.get("status") or {}).get("containerStatuses") or ()
    }
    for use in uses_of(_as_workload(pod)) if pod else ():
        is_it = use.source.kind == "ConfigMap" and use.source.name == config_map and use.container in begun
        if is_it and use.folder and (use.keys is None or key in use.keys):
            its = Spot(spot.namespace, spot.pod, use.container, spot.component, spot.address)
            return _Copy(its, use, key, _moment(begun[use.container]))
    return None


def _as_workload(pod: Document) -> Document:
    """A pod in the shape of what it was made by."""
    return {"metadata": pod["metadata"], "spec": {"template": {"spec": pod.get("spec") or {}}}}


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _compared(sight: Sight, copy: _Copy, deadline: Deadline) -> Said | None:
    """What is wrong with the table of one pod; None where it is the live one. A fresh change is waited for."""
    source, begun = copy.use.source, deadline.elapsed
    seen: str | None = None
    while True:
        document = sight.api.get(source, deadline)
        live = ((document or {}).get("data") or {}).get(copy.key)
        if live is None:
            return unknown(f"ConfigMap {source.namespace}/{source.name} has no {copy.key}")
        if live != seen:
            seen, begun = live, deadline.elapsed
        ran = sight.inside.run(copy.spot, ("cat", copy.path), deadline)
        if ran.code != 0:
            return unknown(f"{copy.path} of pod {copy.spot.pod} cannot be read: {last_line(ran.errors) or ran.code}")
        if ran.output == live:
            return _begun_after(sight, copy, deadline)
        if copy.use.at_start or deadline.elapsed - begun >= _KUBELET:
            return _stale(sight, copy, f"has another {copy.key} than ConfigMap {source.name}")
        if not deadline.wait(_PACE):
            return unknown(f"pod {copy.spot.pod} has another {copy.key}, which may be brought up to date yet")


def _begun_after(sight: Sight, copy: _Copy, deadline: Deadline) -> Said | None:
    """Whether a program that reads its table at the start alone was started before the file in its pod was written."""
    if copy.spot.component not in _AT_START or copy.use.at_start or copy.begun is None:
        return None
    ran = sight.inside.run(copy.spot, ("stat", "-L", "-c", "%Y", copy.path), deadline)
    written = ran.output.strip()
    if ran.code != 0 or not written.isdecimal() or int(written) <= copy.begun.timestamp() + _EARLY:
        return None
    return _stale(sight, copy, f"was started before its {copy.key} was written, and reads it at its start alone")


def _stale(sight: Sight, copy: _Copy, failure: str) -> Said:
    where = place(sight, copy.spot.component)
    return judged((table_not_read(where, copy.spot.namespace, copy.spot.pod, failure),))
