"""What `site.json` says of a site: what apply needs beside the manifests, and cannot read from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.plan import Plan, PlannedSite
from planner.plan_json import sha256
from planner.prerequisites import prerequisites
from planner.site_json import TARGET, VERSION, HotTable
from renderers.kubernetes.component import Component


def site_document(
    plan: Plan, planned: PlannedSite, files: Mapping[str, str], components: Sequence[Component]
) -> dict[str, Any]:
    """site.json as data, without its digest; `files` are all others of the folder."""
    site = planned.site
    peers = [key for key in plan.peers(planned) if key != planned.key]
    return {
        "version": VERSION,
        "federation": plan.federation.name,
        "site": planned.key,
        "kind": site.kind,
        "id": planned.id,
        "name": site.name,
        "release": planned.release.name,
        "target": TARGET,
        "cluster": _cluster(planned),
        "namespaces": _namespaces(planned),
        "after": [key for key in peers if plan.by_key[key].site.kind == "exchange"],
        "peers": peers,
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
        "hotTables": [_hot_table(table) for component in components for table in component.hot_tables],
        "interfaces": [
            {"component": each.component, "host": each.host, "url": each.url}
            for component in components
            for each in component.interfaces
        ],
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
