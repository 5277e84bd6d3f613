"""A NodePort under `overrides` cannot be had.

Some NodePorts have no word of their own, such as those of Spark's master or HDFS's namenode, and can be set under
`overrides`. fedplan does not hand them out, but they come from the same range of the same cluster as all others: the
API server refuses a port that another Service has, and one outside the range (reference: INV-PORT-1, INV-PORT-2).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:
          spark: {master: {type: NodePort, nodePort: 30093}}  # error: FED323
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:
          spark: {master: {type: NodePort, nodePort: 32077}}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED323", "unusable_override_port")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every NodePort under overrides that is taken or out of the cluster's range."""
    found = [
        (site, path, port)
        for site in subject.federation.sites
        for path, port in _node_ports(site)
        if site.target in {"kubefate", "helm"}
    ]
    if not found:
        return
    taken: dict[tuple[str, int], tuple[Site, str]] = {}
    for site in subject.federation.sites:
        for name, port in subject.allocation.ports.get(site.key, {}).items():
            taken.setdefault((site.cluster, port), (site, name))
    for site, path, port in found:
        cluster = subject.clusters.get(site.cluster)
        holder = taken.setdefault((site.cluster, port), (site, str(path[-2])))
        place = Place((*site.path, *path))
        if cluster is not None and not cluster.node_ports[0] <= port <= cluster.node_ports[1]:
            low, high = cluster.node_ports
            message = f"{site.label} overrides a NodePort with {port}, and cluster {cluster.name} has {low} to {high}"
            yield Diagnostic(FAULT, message, place, f"write a port from {low} to {high} that no site has")
        elif holder != (site, str(path[-2])):
            other, name = holder
            yield Diagnostic(
                FAULT,
                f"{site.label} overrides a NodePort with {port} on cluster {site.cluster}, "
                f"where {other.label} has it for {name}",
                place,
                "write a port that no site has on this cluster",
                (Note(f"{other.label} is declared here", Place(other.path)),),
            )


def _node_ports(site: Site) -> Iterator[tuple[KeyPath, int]]:
    yield from _below(site.overrides, ("overrides",))
    if site.serving is not None:
        yield from _below(site.serving.overrides, ("serving", "overrides"))


def _below(tree: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    """Every NodePort that a tree of overrides sets, with its path; `type` beside it must not keep it from effect."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _below(value, (*path, key))
        elif isinstance(value, int) and not isinstance(value, bool) and str(key).lower().endswith("nodeport"):
            if str(path[-1]) in _HAS_TYPE and tree.get("type", "ClusterIP") == "ClusterIP":
                continue
            yield (*path, key), value


_HAS_TYPE = frozenset({"master", "worker", "namenode", "datanode"})
"""Blocks whose Service is a ClusterIP without a `type`, so that their NodePort has no effect."""
