"""What applying a site's new manifests does to it: what restarts, what is read again meanwhile, what is made or goes.

It works on the texts of the two folders alone, so it can tell the effects of files that an older plan wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from planner import site_json
from renderers.kubernetes.workloads import WORKLOADS
from renderers.sound_yaml import SoundLoader

Files = Mapping[str, str]
_Objects = dict[tuple[str, str, str], dict[str, Any]]
_FIXED: Final = ("selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy")
"""What Kubernetes refuses to change of a workload."""
_QUIET: Final[Mapping[str, str]] = {
    "Service": "Services",
    "Ingress": "Ingresses",
    "NetworkPolicy": "NetworkPolicies",
    "PodDisruptionBudget": "PodDisruptionBudgets",
    "ServiceAccount": "service accounts",
}


def effects(before: Files, after: Files) -> tuple[str, ...]:
    """The clauses that say what becomes of a site, the gravest first."""
    old, new = _objects(before), _objects(after)
    if not old:
        return ("all of its objects are applied again",)
    workloads = tuple(_workloads(old, new))
    restarted = {name for name, clause in workloads if clause.startswith("restarts")}
    clauses = [f"{name} {clause}" for name, clause in workloads]
    clauses += _tables(old, new, after, restarted)
    clauses += _quiet(old, new)
    if before.get(site_json.SECRETS, "") != after.get(site_json.SECRETS, ""):
        clauses.append("its secrets change, and apply restarts those that read them")
    gone = sorted(old.keys() - new.keys())
    clauses += [f"volume claim {name} is kept" for kind, _, name in gone if kind == "PersistentVolumeClaim"]
    return tuple(dict.fromkeys(clauses)) or ("only comments change",)


def _objects(files: Files) -> _Objects:
    """The objects of the numbered files, by kind, namespace and name; a file that cannot be read has none."""
    found: _Objects = {}
    for file, text in files.items():
        if not file[:2].isdigit():
            continue
        try:
            documents = list(yaml.load_all(text, Loader=SoundLoader))
        except yaml.YAMLError:
            continue
        for each in documents:
            metadata = each.get("metadata") if isinstance(each, dict) else None
            if isinstance(metadata, dict):
                key = (str(each.get("kind")), str(metadata.get("namespace")), str(metadata.get("name")))
                found[key] = each
    return found


def _workloads(old: _Objects, new: _Objects) -> Iterator[tuple[str, str]]:
    """The workloads that restart, come, go, or must be made anew; their names and clauses."""
    for key, each in new.items():
        if key[0] not in WORKLOADS:
            continue
        earlier = old.get(key)
        if earlier is None:
            yield key[2], "is installed"
            continue
        now, then = each.get("spec", {}), earlier.get("spec", {})
        fixed = [name for name in _FIXED if now.get(name) != then.get(name)]
        if fixed:
            yield key[2], f"must be removed first: Kubernetes does not change its {fixed[0]}"
        elif now.get("template") != then.get("template"):
            yield key[2], "restarts"
        elif now.get("replicas") != then.get("replicas"):
            yield key[2], f"gets {now.get('replicas')} replicas in place of {then.get('replicas')}"
    for key in sorted(old.keys() - new.keys()):
        if key[0] in WORKLOADS:
            yield key[2], "is removed"


def _tables(old: _Objects, new: _Objects, after: Files, restarted: set[str]) -> Iterator[str]:
    """Route tables that are read again, and files that are read when something happens."""
    hot = json.loads(after.get(site_json.NAME, "{}")).get("hotTables", [])
    for key, each in new.items():
        if key[0] != "ConfigMap" or key not in old or each.get("data") == old[key].get("data"):
            continue
        told = False
        for table in hot:
            name = table["workload"]["name"]
            if (table["namespace"], table["configMap"]) != key[1:] or name in restarted:
                continue
            then, now = (side.get("data", {}).get(table["key"], "") for side in (old[key], each))
            if then == now:
                continue
            told = True
            if table["restartOnRemoval"] and _rows(then) - _rows(now):
                yield f"{name} restarts, for it never forgets a route that was removed"
            elif not table["seconds"]:
                yield f"{name} reads its routes for every job, nothing restarts"
            else:
                yield f"{name} reads its routes again within {table['seconds']} s, nothing restarts"
        if not told and not restarted:
            yield f"ConfigMap {key[2]} changes, no pod restarts"


def _rows(table: str) -> set[str]:
    """The keys of a route table: whom it knows."""
    try:
        data = yaml.load(table, Loader=SoundLoader)  # noqa: S506 - SoundLoader is a safe one
    except yaml.YAMLError:
        return set()
    while isinstance(data, dict) and len(data) == 1:
        inner = next(iter(data.values()))
        if not isinstance(inner, dict):
            break
        data = inner
    return {str(key) for key in data} if isinstance(data, dict) else set()


def _quiet(old: _Objects, new: _Objects) -> Iterator[str]:
    """Kinds whose change restarts nothing."""
    for kind, words in _QUIET.items():
        before = {key: each for key, each in old.items() if key[0] == kind}
        after = {key: each for key, each in new.items() if key[0] == kind}
        if before != after:
            yield f"its {words} change, no pod restarts"
