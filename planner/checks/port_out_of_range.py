"""A pinned NodePort lies outside the cluster's range.

Kubernetes gives out NodePorts of one range per cluster, 30000-32767 unless its API server is started with another
(`--service-node-port-range`), and refuses a Service that asks for anything else (reference: INV-PORT-1). Container
ports such as 9370 are not NodePorts: they need no pin.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, ports: {rollsite: 9370}}  # error: FED302
      - {id: 10000, cluster: shop}
    defaults:
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
      - {id: 9999, cluster: bank, ports: {rollsite: 30091}}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.port_ranges import is_range
from planner.ports import OutOfRange
from planner.subject import Subject

FAULT = Fault("FED302", "port_out_of_range")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every pin outside the range of its site's cluster, if that is a range."""
    for problem in subject.allocation.problems:
        cluster = subject.clusters.get(problem.cluster)
        if not isinstance(problem, OutOfRange) or cluster is None or not is_range(cluster.node_ports):
            continue
        site = subject.topology.sites[problem.site]
        low, high = cluster.node_ports
        other = f"give cluster {cluster.name} the nodePorts that its API server really has"
        yield Diagnostic(
            FAULT,
            f"{site.label} pins NodePort {problem.port}, and cluster {cluster.name} has {low}-{high}",
            Place((*site.path, "ports", problem.name)),
            other if problem.free is None else f"drop the pin ({problem.free} is free), or {other}",
        )
