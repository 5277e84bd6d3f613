"""NodePorts that go from one Service of a site to another in one apply, as when its router is replaced by another.

The server gives a NodePort to nobody else while a Service has it. So the Services that let go are written, or deleted,
before those that take over, and a trial cannot be made with the port itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from renderers.cluster.folder import Desired
from renderers.cluster.references import Document, Live


def freed(desired: Sequence[Desired], live: Live, stale: Iterable[Document]) -> frozenset[int]:
    """The NodePorts that Services of the site have now and will not have: they change, or go altogether."""
    found = {port for document in stale if document.get("kind") == "Service" for port in node_ports(document)}
    for each in desired:
        found |= _given_up(each, live)
    return frozenset(found)


def givers(desired: Sequence[Desired], live: Live) -> frozenset[tuple[str, str, str, str]]:
    """The Services that let go of a NodePort another one of the site takes, by the keys of their references."""
    taken = {port for each in desired for port in node_ports(each.document)}
    return frozenset(each.reference.key for each in desired if _given_up(each, live) & taken)


def node_ports(document: Mapping[str, Any]) -> frozenset[int]:
    """The NodePorts of a Service; none of anything else."""
    if document.get("kind") != "Service":
        return frozenset()
    ports = document.get("spec", {}).get("ports", ())
    return frozenset(port["nodePort"] for port in ports if port.get("nodePort"))


def without(document: Document, ports: Collection[int]) -> Document:
    """A Service that leaves it to the server which NodePorts it gets in place of these."""
    kept = [
        {key: value for key, value in port.items() if key != "nodePort" or value not in ports}
        for port in document.get("spec", {}).get("ports", ())
    ]
    return {**document, "spec": {**document.get("spec", {}), "ports": kept}}


def _given_up(desired: Desired, live: Live) -> frozenset[int]:
    before = live.get(desired.reference.key)
    if before is None or desired.reference.kind != "Service":
        return frozenset()
    return node_ports({**before, "kind": "Service"}) - node_ports(desired.document)
