"""Every setting of a component, in every release and engine: it stands in the site's file, or is a finding.

The values are made up so that each one can be found again: a setting that is neither written nor told of is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest

from planner.diagnostics import KeyPath
from planner.pipeline import check
from planner.releases import RELEASE_NAMES, load
from planner.schema import federation_schema
from renderers.planning import render_site

WORDS: Mapping[str, Any] = federation_schema()["$defs"]
IDENTITY = frozenset({"id", "name", "kind", "cluster", "engine"})
"""What a site is, and no setting."""
KINDS = ("trafficServer", "servingProxy", "rollsite", "proxy")
ENGINES = [(name, engine.name) for name in RELEASE_NAMES if (known := load(name)) for engine in known.engines]


def settings(names: str, numbers: Iterator[int]) -> dict[str, dict[str, Any]]:
    """Everything that can be said of each component that may stand at `names`."""
    return {name: _component(name, next(numbers)) for name in WORDS[names]["propertyNames"]["enum"]}


def _component(name: str, number: int) -> dict[str, Any]:
    return {
        "replicas": 3000 + number,
        "sessionProcessorsPerNode": 2000 + number,
        "resources": {"requests": {"cpu": f"{number}m", "memory": f"{number}Mi"}},
        "nodeSelector": {"zone": f"zone-of-{name}"},
        "tolerations": [{"key": f"taint-of-{name}"}],
        "affinity": {f"affinity-of-{name}": {}},
        "image": f"image-of/{name}",
        "imageTag": f"tag-of-{name}",
        "storage": {
            "storageClass": f"class-of-{name}",
            "existingClaim": f"claim-of-{name}",
            "size": f"{number}Gi",
            "subPath": f"path-of-{name}",
        },
    }


def interfaces(*names: str) -> dict[str, dict[str, Any]]:
    """Hosts, certificate and annotations of each interface."""
    return {
        name: {
            "hosts": [f"{name.lower()}.of.org"],
            "tlsSecret": f"tls-of-{name.lower()}",
            "annotations": {f"note-of-{name}": f"noted-for-{name}"},
        }
        for name in names
    }


def federation(release: str, engine: str, kind: str | None) -> dict[str, Any]:
    """Two parties of which one says everything, or an exchange between them that does."""
    numbers = count(101)
    both = {
        "registry": "images.of.org/fate" + ("/" if release == "v2.0.0" else ""),
        "pullPolicy": "Always",
        "imagePullSecrets": ["pull-secret"],
        "imageTag": "tag-of-all",
    }
    first: dict[str, Any] = {"id": 9999, "cluster": "bank", "engine": engine}
    second = {"id": 10000, "cluster": "shop", "engine": engine}
    data: dict[str, Any] = {
        "version": 1,
        "name": "demo",
        "release": release,
        "topology": "mesh",
        "clusters": [{"name": "bank", "address": "192.168.9.1"}, {"name": "shop", "address": "192.168.10.1"}],
        "parties": [first, second],
    }
    if kind is not None:
        ingress = {"class": "class-of-ingress", **interfaces("servingProxy")}
        hub = {"name": "hub", "cluster": "bank", "kind": kind, **both, "persistence": True, "ingress": ingress}
        data["exchanges"] = [{**hub, "components": settings("exchangeComponents", numbers)}]
        data["topology"] = [{"mesh": "all"}, {"star": "all", "through": "hub"}] if kind == "servingProxy" else "star"
        if kind == "servingProxy":
            first["serving"] = second["serving"] = {}
        return data
    first.update(
        **both,
        persistence=True,
        nfs={"server": "10.0.0.99", "path": "/of/nfs"},
        components=settings("components", numbers),
        ingress={"class": "class-of-ingress", **interfaces("fateboard", "client", "spark", "rabbitmq", "pulsar")},
        serving={
            "components": settings("servingComponents", numbers),
            "ingress": interfaces("servingProxy", "servingAdmin"),
        },
    )
    return data


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every value as text that can be found again; of an affinity it is its key."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif not isinstance(value, bool):
        yield path, str(path[-1] if value == {} else value)


def without(data: Any, path: KeyPath) -> None:
    """Take away what a finding is about, and what is empty then; it may be gone already."""
    steps = [data]
    for step in path[:-1]:
        if step not in steps[-1] and isinstance(steps[-1], dict):
            return
        steps.append(steps[-1][step])
    if path[-1] not in steps[-1]:
        return
    for above, step in zip(reversed(steps), reversed(path), strict=True):
        del above[step]
        if above:
            return


def _params() -> Iterator[Any]:
    """One engine of each release in the default run, and a serving exchange of the last ones."""
    for release, engine in ENGINES:
        for kind in (None, *KINDS):
            quick = engine == dict(ENGINES)[release] and (kind is None or release == "v1.11.2")
            yield pytest.param(release, engine, kind, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(("release", "engine", "kind"), list(_params()))
def test_no_setting_is_lost(release: str, engine: str, kind: str | None) -> None:
    """What is no finding is written. Labels make items of nodemanagers, so that their number is not."""
    data = federation(release, engine, kind)
    where = ("parties", 0) if kind is None else ("exchanges", 0)
    while (checked := check(json.dumps(data).encode())).plan is None:
        told = {each.place.path for each in checked.diagnostics if each.is_error}
        about = [path for path in told if path[:2] == where and len(path) > 2 and path[2] not in IDENTITY]
        if not about:
            return  # a combination that there is not, whatever is set
        for path in sorted(about, key=len, reverse=True):
            without(data, path)
    key = "party-9999" if kind is None else "exchange-hub"
    texts = "\n".join(render_site(checked.plan)(checked.plan.by_key[key]).values())
    found = {each.place.path for each in checked.diagnostics}
    lost = [
        ".".join(map(str, path))
        for path, text in leaves(data[where[0]][0])
        if path[0] not in IDENTITY
        and text not in texts
        and not any((*where, *path)[:length] in found for length in range(3, len(path) + 3))
    ]
    listed = "\n  list:\n    - name: nodemanager-0" in texts
    assert [path for path in lost if not (listed and path == "components.nodemanager.replicas")] == []
