"""How a component is reached from outside its namespace: the Service of its doors, and the Ingress of its web page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.dialled_endpoints import service_type
from planner.doors import Door
from planner.site_json import Interface
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import Pod, exposed_service, ingress


def public_service(
    installation: Installation, pod: Pod, name: str, ports: Mapping[str, tuple[int, str]], doors: Mapping[str, Door]
) -> list[Manifest]:
    """A Service of those ports alone that other sites dial; none where they dial inside the cluster.

    Every port of a Service of type NodePort or LoadBalancer can be dialled from outside. So a component whose own
    Service has further ports, an administration's for instance, has a second one for its doors.
    """
    if service_type(installation.planned.site, next(iter(doors.values()))) == "ClusterIP":
        return []
    return [exposed_service(installation, pod, name, {port: ports[port] for port in doors}, doors)]


def web_page(
    installation: Installation,
    pod: Pod,
    hosts: Sequence[str],
    given: Mapping[str, Any],
    backend: tuple[str, int],
) -> tuple[list[Manifest], tuple[Interface, ...]]:
    """The Ingress of a component's web page and how people reach it; `backend` is the Service's name and port.

    Nothing where it has no host.
    """
    if not hosts:
        return [], ()
    service, port = backend
    scheme = "https" if "tlsSecret" in given else "http"
    pages = tuple(Interface(pod.component, host, f"{scheme}://{host}/") for host in hosts)
    return [ingress(installation, pod, hosts, service, port, given)], pages
