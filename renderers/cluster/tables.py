"""Route tables that are read while their reader runs: seen in the pod before an apply is over.

Kubernetes brings a changed ConfigMap into a pod's volume within a minute or two, and the reader looks at its file every
few seconds (components.md section 12.1: rollsite 60 s, OSX 3 s, nginx 5 s, serving-proxy 10 s; FATE-Flow's tables are
read by every task). Only then is the new route taken.

Pulsar keeps a peer's address once it has been given one, under the party's id (components.md section 0, fact 10): that
of a peer which has moved is taken out of the broker, and FATE writes the new one with its next job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from planner.checks.route_unconfirmed import route_unconfirmed
from planner.diagnostics import Diagnostic
from planner.wording import duration
from renderers.cluster.api import Api, LoginRefusedError, RefusedError, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import HotTable, SiteFolder
from renderers.cluster.labels import of_component
from renderers.cluster.places import Places
from renderers.cluster.references import WORKLOADS, Document, Live, Reference

PACE: Final = 2.0
"""Seconds between two looks into a pod."""
UNREADABLE: Final = "?"
"""The one entry of a table that cannot be read: what it had is not known, so it counts as gone."""
PULSAR_TABLE: Final = "pulsar-route-table"
"""The ConfigMap of FATE-Flow's table of Pulsar brokers."""
_ADMIN: Final = ("bin/pulsar-admin", "clusters")
_RUN_SECONDS: Final = 30.0
_NEVER: Final = (403, 404, 405, 501)
_NOT_RUNNABLE: Final = (126, 127)
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class _Read:
    """What a look into a pod gave: the text, or why there is none, and whether looking again may help."""

    text: str | None
    reason: str = ""
    is_final: bool = False


@dataclass(slots=True)
class _Awaited:
    """A table that must be seen, and what was seen of it, by pod."""

    table: HotTable
    text: str
    changed_at: str
    seen: dict[str, float] = field(default_factory=dict)
    unseen: dict[str, _Read] = field(default_factory=dict)

    def left(self, now: float) -> float:
        """Seconds until every reader must have read it."""
        return max((at + self.table.seconds - now for at in self.seen.values()), default=0.0)


def confirm(
    api: Api,
    folder: SiteFolder,
    changed: Collection[tuple[str, str]],
    deadline: Deadline,
    display: Display,
    places: Places,
) -> Sequence[Diagnostic]:
    """Wait until the readers of the changed tables (namespace and ConfigMap) have read them.

    What cannot be seen until the deadline, or not at all, is told; the new routes may be taken all the same.
    """
    awaited = list(_awaited(api, folder, changed, deadline))
    if not awaited:
        return ()
    display.step(f"waiting until {_readers(awaited)} can see the new route tables")
    start = deadline.elapsed
    while _is_unseen(api, folder, awaited, deadline) and deadline.wait(PACE):
        continue
    left = max(each.left(deadline.elapsed) for each in awaited)
    if left > 0:
        display.step(f"waiting {duration(left)} until {_readers(awaited)} must have read the new route tables")
        deadline.clock.sleep(left)
    waited = duration(deadline.elapsed - start)
    return tuple(
        route_unconfirmed(
            places.of_object(_config_map(each.table)), pod, each.table.key, waited, folder.key, read.reason
        )
        for each in awaited
        for pod, read in each.unseen.items()
    )


def mark_of(text: str) -> str:
    """A short mark of a table, for the annotation that restarts its reader."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def removed_entries(old: str, new: str) -> frozenset[str]:
    """The entries that a route table has no more: `10000`, or `10000.fateflow` where only a part of one is gone.

    Both shapes are read: JSON with a `route_table` in it (rollsite, OSX, serving-proxy) and YAML (nginx and the
    brokers' tables). An old table that cannot be read counts as one entry that is gone.
    """
    if not old.strip() or old == new:
        return frozenset()
    before, after = _entries(old), _entries(new)
    if before is None:
        return frozenset({UNREADABLE})
    return frozenset(_gone(before, after or {}))


def moved_peers(old: str, new: str, peers: Collection[str]) -> tuple[str, ...]:
    """Those of the peers (party ids) to which the tables lead differently; all of them without an old table.

    A party without an entry of its own is reached by the default one.
    """
    before, after = _entries(old) or {}, _entries(new) or {}
    way = {peer: (before.get(peer, before.get(_DEFAULT)), after.get(peer, after.get(_DEFAULT))) for peer in peers}
    return tuple(peer for peer in sorted(peers, key=int) if way[peer][0] != way[peer][1])


def forget_pulsar_peers(
    api: Api, folder: SiteFolder, live: Live, deadline: Deadline, places: Places
) -> Sequence[Diagnostic]:
    """Take the addresses of peers that have moved out of the site's Pulsar; `live` is what was there before.

    Without a table from before nothing is known of what the broker was told: then it forgets every peer.
    """
    table = next((each for each in folder.hot_tables if each.config_map == PULSAR_TABLE), None)
    if table is None or not _has_broker(folder):
        return ()
    before = live.get(_config_map(table).key) or {}
    old, new = str((before.get("data") or {}).get(table.key, "")), planned_text(folder, table)
    if new is None or old == new:
        return ()
    place = places.of_object(_config_map(table))
    start = deadline.elapsed
    found: list[Diagnostic] = []
    for pod in _pods(api, folder, table.namespace, _PULSAR, deadline):
        name = pod["metadata"]["name"]
        known = _known_peers(api, table.namespace, name, deadline)
        if isinstance(known, _Read):
            found.append(route_unconfirmed(place, name, "the list of peers", "", folder.key, known.reason))
            continue
        moved = moved_peers(old, new, known)
        for peer in moved:
            _run(api, table.namespace, name, _PULSAR, (*_ADMIN, "delete", peer), deadline)
        left = _known_peers(api, table.namespace, name, deadline) if moved else frozenset()
        waited = duration(deadline.elapsed - start)
        if isinstance(left, _Read):
            found.append(route_unconfirmed(place, name, "the list of peers", waited, folder.key, left.reason))
        else:
            found += [
                route_unconfirmed(place, name, f"address of party {peer}", waited, folder.key)
                for peer in moved
                if peer in left
            ]
    return tuple(found)


def _has_broker(folder: SiteFolder) -> bool:
    """Whether a site has a Pulsar of its own: KubeFATE's charts give the table to every party."""
    workloads = {each.reference.name for each in folder.objects if each.reference.kind in WORKLOADS}
    return not folder.installations or _PULSAR in workloads


_PULSAR: Final = "pulsar"
"""FATE's name of the workload, of its container, and of the component."""


# What is planned


def _awaited(
    api: Api, folder: SiteFolder, changed: Collection[tuple[str, str]], deadline: Deadline
) -> Iterator[_Awaited]:
    for table in folder.hot_tables:
        text = planned_text(folder, table)
        if text is not None and (table.namespace, table.config_map) in changed:
            live = api.get(_config_map(table), deadline) or {}
            entries = live.get("metadata", {}).get("managedFields") or ()
            changed_at = max((str(entry.get("time", "")) for entry in entries), default="")
            yield _Awaited(table, text, changed_at)


def _config_map(table: HotTable) -> Reference:
    return Reference("v1", "ConfigMap", table.namespace, table.config_map)


def planned_text(folder: SiteFolder, table: HotTable) -> str | None:
    """The planned text of a table; None where the folder was narrowed to the other half of the site."""
    wanted = _config_map(table).key
    found = next((each.document for each in folder.objects if each.reference.key == wanted), None)
    return None if found is None else str(found["data"][table.key])


def _readers(awaited: Sequence[_Awaited]) -> str:
    names = list(dict.fromkeys(each.table.workload for each in awaited))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# What a pod sees


def _is_unseen(api: Api, folder: SiteFolder, awaited: Sequence[_Awaited], deadline: Deadline) -> bool:
    """Look into every pod that has not shown the planned table yet; whether looking again may help."""
    is_open = False
    for each in awaited:
        table, unseen = each.table, dict(each.unseen)
        each.unseen.clear()
        try:
            pods = _pods(api, folder, table.namespace, table.workload, deadline)
        except UnreachableError:
            each.unseen.update(unseen)
            is_open = True
            continue
        for pod in pods:
            name = pod["metadata"]["name"]
            if name in each.seen:
                continue
            read = unseen.get(name)
            if read is None or not read.is_final:
                read = _run(api, table.namespace, name, table.container, ("cat", table.path), deadline)
            if read.text == each.text:
                is_new = str(pod["metadata"].get("creationTimestamp", "")) > each.changed_at > ""
                each.seen[name] = deadline.elapsed - (table.seconds if is_new else 0)
                continue
            each.unseen[name] = read
            is_open = is_open or not read.is_final
    return is_open


def _pods(api: Api, folder: SiteFolder, namespace: str, component: str, deadline: Deadline) -> list[Document]:
    """The pods of a component that run and stay."""
    labels = of_component(folder, namespace, component)
    found = api.list("v1", "Pod", namespace, deadline, labels=labels)
    return [
        pod
        for pod in found
        if not pod["metadata"].get("deletionTimestamp") and pod.get("status", {}).get("phase") == "Running"
    ]


def _run(api: Api, namespace: str, pod: str, container: str, command: Sequence[str], deadline: Deadline) -> _Read:
    """What a command in a container writes, or why that cannot be had."""
    limit = Deadline(max(1.0, min(_RUN_SECONDS, deadline.left)), deadline.clock)
    try:
        ran = api.run(namespace, pod, container, command, limit)
    except LoginRefusedError:
        raise
    except RefusedError as refusal:
        return _Read(None, refusal.message, is_final=_is_final(refusal))
    except UnreachableError as error:
        return _Read(None, str(error))
    if ran.code == 0:
        return _Read(ran.output)
    reason = ran.errors.strip() or f"{command[0]} ends with {ran.code}"
    return _Read(None, reason, is_final=ran.code in _NOT_RUNNABLE or "executable file not found" in reason)


def _is_final(refusal: RefusedError) -> bool:
    """Whether asking again is in vain: no right, or nobody there who could. A pod that went has a successor."""
    is_gone = refusal.is_not_found and refusal.reason == "NotFound"
    return refusal.status in _NEVER and not is_gone


def _known_peers(api: Api, namespace: str, pod: str, deadline: Deadline) -> frozenset[str] | _Read:
    """The parties whose addresses a broker holds, by id; why that is not known where it is not."""
    read = _run(api, namespace, pod, _PULSAR, (*_ADMIN, "list"), deadline)
    if read.text is None:
        return read
    names = (line.strip().strip('"') for line in read.text.splitlines())
    return frozenset(name for name in names if name.isascii() and name.isdecimal())


# Reading tables


def _entries(text: str) -> dict[str, Any] | None:
    """A table's entries by party; None for a text that is no table."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes strings only
    except (ValueError, yaml.YAMLError, RecursionError):
        return None
    if isinstance(found, dict) and isinstance(found.get("route_table"), dict):
        found = found["route_table"]
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else None


def _gone(before: Mapping[str, Any], after: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The keys that are no longer there, down to the parts of an entry."""
    for key, value in before.items():
        if key not in after:
            yield f"{above}{key}"
        elif not above and isinstance(value, dict) and isinstance(after[key], dict):
            yield from _gone(value, after[key], f"{key}.")
