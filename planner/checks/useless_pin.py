"""A pin names a port that the site does not have.

Which NodePorts a site has follows from its release, its modules and how it is exposed: v1.11.2 has rollsite and v2.0.0
has OSX, charts before v1.5.0 expose no gRPC port of FATE-Flow, and a Service of type ClusterIP has no NodePort at all.
The charts ignore such a port or never had a key for it, so the pin has no effect, and whoever wrote it may rely on it.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, ports: {osx: 30091}}  # warning: FED314
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

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.model import Site
from planner.releases import Release
from planner.subject import Subject, federation_port, port_names

FAULT = Fault("FED314", "useless_pin", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every pin without effect, on sites whose kind, release and engine are known."""
    for site, release in subject.known_sites():
        modules = subject.modules(site)
        is_ours = site.kind == "exchange" and site.target == "kubernetes"
        if not site.pins or not (modules or is_ours) or site.exchange_kind not in (None, release.module):
            continue
        names = port_names(site, release, modules)
        for name in site.pins:
            if name in names or (name.startswith("serving") and site.serving is not None):
                continue
            reason, hint = _reason(site, release, modules, name)
            message = f"{site.label} pins {name}, and {reason}"
            yield Diagnostic(FAULT, message, Place((*site.path, "ports", name), on_key=True), hint)


def _reason(  # noqa: PLR0911 - one return per reason
    site: Site, release: Release, modules: tuple[str, ...], name: str
) -> tuple[str, str]:
    """Why a site has no such port (a clause), and what to do."""
    dialled = federation_port(site, release)
    drop = "remove the pin"
    if name == dialled:
        return f"it is exposed inside cluster {site.cluster} only", f"{drop}, or set exposure: NodePort"
    if name in ("rollsite", "osx"):
        return f"in {release.name} the port that peers dial is called {dialled}", f"pin {dialled} instead"
    if name not in ("fateflowGrpc", "fateflowHttp"):
        return "neither its kind nor its engine has that port", drop
    if site.kind == "exchange":
        return "an exchange has no FATE-Flow", drop
    if "python" not in modules:
        return "it has no module python", f"{drop}, or add python to its modules"
    if name == "fateflowGrpc" and release.fateflow.grpc_key is None:
        return f"{release.name} has no gRPC port of FATE-Flow outside the cluster", drop
    return "its FATE-Flow is exposed inside the cluster only", f"{drop}, or set fateflow: NodePort"
