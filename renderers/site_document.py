"""What `site.json` says of a site: what apply needs beside its other files, and cannot read from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from planner.channels import Channel
from planner.contacts import dialled, open_doors
from planner.lookup import Endpoint
from planner.plan import Plan, PlannedSite
from planner.plan_json import sha256
from planner.prerequisites import prerequisites
from planner.site_json import VERSION, HotTable, Installation, Interface, OpenDoor, secret_type


def site_document(
    plan: Plan,
    planned: PlannedSite,
    files: Mapping[str, str],
    *,
    interfaces: Iterable[Interface] = (),
    hot_tables: Iterable[HotTable] = (),
    installations: Iterable[Installation] = (),
) -> dict[str, Any]:
    """site.json as data, without its digest; `files` are all others of the folder."""
    site = planned.site
    known = dialled(plan, planned)
    found = _dials(known)
    exchanges = {peer for peers in found.values() for peer in peers if peer.startswith("exchange-")}
    return {
        "version": VERSION,
        "federation": plan.federation.name,
        "site": planned.key,
        "kind": site.kind,
        "id": planned.id,
        "name": site.name,
        "release": planned.release.name,
        "target": site.target,
        "installations": [asdict(each) for each in installations],
        "service": _service(planned) if site.target == "kubefate" else None,
        "charts": site.charts if installations else None,
        "cluster": _cluster(planned),
        "namespaces": _namespaces(planned),
        "after": sorted(exchanges),
        "prerequisites": [
            {
                "kind": each.kind,
                "namespace": each.namespace,
                "name": each.name,
                "keys": list(each.keys),
                "reason": each.reason,
            }
            for each in prerequisites(plan, planned)
        ],
        "secrets": list(_secrets(plan, planned)),
        "hotTables": [_hot_table(table) for table in hot_tables],
        "interfaces": [{"component": each.component, "host": each.host, "url": each.url} for each in interfaces],
        "dials": found,
        "doors": [_door(each, found) for each in open_doors(plan, planned, known)],
        "files": {name: sha256(text.encode()) for name, text in files.items()},
    }


def _cluster(planned: PlannedSite) -> dict[str, Any]:
    cluster = planned.cluster
    version = cluster.kubernetes
    return {
        "name": cluster.name,
        "address": cluster.address,
        "context": cluster.context,
        "server": cluster.server,
        "kubernetes": None if version is None else f"{version[0]}.{version[1]}",
    }


def _secrets(plan: Plan, planned: PlannedSite) -> Iterator[dict[str, Any]]:
    """The Secrets that federation.yaml gives the site, each in every namespace in which something needs it."""
    site = planned.site
    needed = [each for each in prerequisites(plan, planned) if each.kind == "Secret"]
    for name, data in site.secrets.items():
        spaces = [each.namespace for each in needed if each.name == name] or [site.namespace]
        for space in dict.fromkeys(spaces):
            yield {"namespace": space, "name": name, "type": secret_type(data), "data": dict(data)}


def _service(planned: PlannedSite) -> dict[str, Any] | None:
    found = planned.cluster.service
    return None if found is None else asdict(found)


def _dials(known: Mapping[Channel, Mapping[str, Endpoint]]) -> dict[str, dict[str, str]]:
    """The endpoints that the site dials, by channel and peer."""
    return {
        str(channel): {key: str(endpoint) for key, endpoint in found.items()}
        for channel, found in known.items()
        if found
    }


def _door(door: OpenDoor, found: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    known = found.get(str(door.channel), {})
    return {
        "channel": str(door.channel),
        "service": door.service,
        "namespace": door.namespace,
        "type": door.type,
        "endpoint": str(Endpoint(door.host, door.port)),
        "alsoDialledBy": [key for key in door.dialled_by if key not in known],
    }


def _namespaces(planned: PlannedSite) -> dict[str, str]:
    found = {"training": planned.site.namespace}
    if planned.serving is not None and planned.site.kind == "party":
        found["serving"] = planned.serving.settings.namespace
    return found


def _hot_table(table: HotTable) -> dict[str, Any]:
    return {
        "configMap": table.config_map,
        "namespace": table.namespace,
        "key": table.key,
        "workload": {"kind": table.kind, "name": table.workload},
        "container": table.container,
        "path": table.path,
        "seconds": table.seconds,
        "restartOnRemoval": table.restart_on_removal,
    }
