"""Kubernetes Services as the charts make them.

A Service is of type ClusterIP unless the file says otherwise, and then it takes no nodePort: most templates leave the
port out, and Kubernetes refuses what the others make (reference: cluster-yaml.md INV-PORT-3, INV-PORT-4, INV-EGG-16).
"""

from __future__ import annotations

from typing import NamedTuple

from renderers.charts.spec import Spec
from renderers.reading import Exposed

_CLUSTER_IP = "ClusterIP"
_NODE_PORT = "NodePort"
_LOAD_BALANCER = "LoadBalancer"


class Port(NamedTuple):
    """One port of a Service and the key of the module's block that holds its nodePort.

    `needed` says that peers dial it, so that a port which Kubernetes picks is none. `type_key` holds the type.
    """

    service: str
    container: int
    key: str
    needed: bool = True
    type_key: str = "type"


def exposed(spec: Spec, module: str, port: Port, *, always: str = "", checks_type: bool = True) -> Exposed:
    """How one port of a module's Service comes out, with remarks.

    `always` is the type that the chart gives the Service whatever is written; `checks_type` says that the template
    leaves the nodePort out where the type has none.
    """
    kind = always or str(spec.value(module, port.type_key) or _CLUSTER_IP)
    written = spec.value(module, port.key)
    is_written = port.key in spec.block(module) and spec.chart.kind(f"{module}.{port.key}") is not None
    if kind == _CLUSTER_IP and is_written and checks_type:
        spec.remark((module, port.key), f"{port.key} has no effect while {port.type_key} is ClusterIP")
    elif kind == _CLUSTER_IP and written is not None and not checks_type:
        spec.remark((module, port.key), f"Kubernetes refuses a {port.key} while {port.type_key} is ClusterIP")
    elif kind == _NODE_PORT and type(written) is not int and port.needed:
        spec.remark((module, port.key), f"without a {port.key} Kubernetes picks one that no peer knows")
    path = (module, port.key if always else port.type_key)
    return Exposed(port.service, kind, port.container, _node_port(kind, written), _address(spec, module, kind), path)


def _node_port(kind: str, written: object) -> int | None:
    return written if kind in {_NODE_PORT, _LOAD_BALANCER} and type(written) is int else None


def _address(spec: Spec, module: str, kind: str) -> str | None:
    """The address that a load balancer is asked for, where the chart passes it on."""
    if kind != _LOAD_BALANCER:
        return None
    address = spec.value(module, "loadBalancerIP")
    return None if address is None else str(address)
