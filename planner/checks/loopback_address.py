"""An address leads back to whoever dials it, or to nobody.

127.0.0.1, `localhost` and 0.0.0.0 mean another machine on every machine, and inside a pod the pod itself; FATE's
documentation and installers refuse them in route tables (reference: INV-PORT-6). Multicast, broadcast and link-local
addresses (169.254.0.0/16, fe80::/10) belong to no single machine that a peer elsewhere could reach.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 127.0.0.1}  # error: FED305
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
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.addresses import flaw, undiallable, written
from planner.diagnostics import Diagnostic, Fault
from planner.dialled_endpoints import is_unused
from planner.subject import Subject

FAULT = Fault("FED305", "loopback_address")
_HINTS: Final = {
    "cluster": "write the address at which other machines reach the cluster's nodes (kubectl get nodes -o wide)",
    "load balancer": "write the address that the load balancer has for other machines",
    "serving": "write the address that the load balancer has for other machines",
    "dmz": "write the address at which other machines reach the host",
    "route": "write the address at which the dialling site reaches the other one",
    "mysql": "write the server's address as the party's pods reach it",
    "redis": "write the server's address as the party's pods reach it",
    "nfs": "write the server's address as the cluster's nodes reach it",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every address that nobody can dial."""
    for address in written(subject):
        clause = undiallable(address.text) if flaw(address.text) is None else None
        if clause is not None and not is_unused(address):
            yield Diagnostic(FAULT, f"{address.subject} {clause}", address.place, _HINTS[address.role])
