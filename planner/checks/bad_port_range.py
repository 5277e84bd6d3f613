"""A cluster's NodePort range is no range of ports.

`nodePorts` is what the cluster's API server was started with (`--service-node-port-range`): the lowest port, a hyphen,
the highest. Ports go from 1 to 65535. Nothing can be allocated from a range that ends before it begins.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, nodePorts: 32767-30000}  # error: FED315
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, nodePorts: 30000-32767}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.model import NODE_PORT_RANGE
from planner.port_ranges import LAST_PORT, is_range
from planner.subject import Subject

FAULT = Fault("FED315", "bad_port_range")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every cluster whose `nodePorts` is no range of ports."""
    for cluster in subject.federation.clusters:
        if is_range(cluster.node_ports):
            continue
        low, high = cluster.node_ports
        if low > high:
            what = "ends before it begins"
        elif low < 1:
            what = "begins below 1, the lowest port"
        else:
            what = f"goes above {LAST_PORT}, the highest port"
        mended = (max(1, min(low, high)), min(LAST_PORT, max(low, high)))
        default = "-".join(map(str, NODE_PORT_RANGE))
        hint = f"write nodePorts: {mended[0]}-{mended[1]}" if is_range(mended) else "write the API server's own range"
        yield Diagnostic(
            FAULT,
            f"nodePorts of cluster {cluster.name}, {low}-{high}, {what}",
            Place((*cluster.path, "nodePorts")),
            f"{hint}, or leave nodePorts out for {default}",
        )
