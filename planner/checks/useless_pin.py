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

import re
from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Edit, Fault, KeyPath, Place, Remove, RenameKey, Severity
from planner.doors import ROUTER_PORTS, channels_of, doors, port_names
from planner.kubernetes_target import has_manifests, offered_exchanges
from planner.model import Site
from planner.releases import Release
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject, exchange_chart

FAULT = Fault(
    "FED314",
    "useless_pin",
    Severity.WARNING,
    "the pin is removed, or goes by the name that the port has in the release; not where the port can be had",
)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every pin without effect, on sites whose kind, release and engine are known."""
    for site, release in subject.known_sites():
        if not site.pins or not _is_known(subject, site, release):
            continue
        names = port_names(site, release, subject.topology)
        for name in site.pins:
            if name not in names:
                reason, hint = _reason(subject, site, release, name)
                message = f"{site.label} pins {name}, and {reason}"
                path = (*site.path, "ports", name)
                yield Diagnostic(FAULT, message, Place(path, on_key=True), hint, fix=_fix(path, hint, site))


_DROP = "remove the pin"
_INSTEAD = re.compile(r"pin (\w+) instead")


def _fix(path: KeyPath, hint: str, site: Site) -> tuple[Edit, ...]:
    """What the hint says, where it names one way out."""
    if hint == _DROP:
        return (Remove(path),)
    instead = _INSTEAD.fullmatch(hint)
    return (RenameKey(path, instead[1]),) if instead is not None and instead[1] not in site.pins else ()


def _is_known(subject: Subject, site: Site, release: Release) -> bool:
    """Whether a site's ports are certain: other checks speak of an unknown engine, kind or serving chart."""
    if site.serving is not None and serving_release(site, release) is None:
        return False
    if site.kind == "party":
        return subject.engine(site) is not None
    if site.exchange_kind is None:
        return True
    if has_manifests(site):
        return site.exchange_kind in offered_exchanges(release)
    return exchange_chart(site, release, subject.topology) is not None


def _reason(  # noqa: PLR0911 - one return per reason
    subject: Subject, site: Site, release: Release, name: str
) -> tuple[str, str]:
    """Why a site has no such port (a clause), and what to do."""
    channels = channels_of(site, release, subject.topology)
    found = {door.name: door for channel in channels for door in doors(site, release, subject.topology, channel)}
    if name == "proxy" and site.dmz is not None:
        return "its proxy runs in the DMZ and is dialled on port 9370", _DROP
    if name in found and found[name].component != "python":
        key = (
            "serving: {exposure: NodePort}" if name == "servingProxy" and site.kind == "party" else "exposure: NodePort"
        )
        return f"it is exposed inside cluster {site.cluster} only", f"{_DROP}, or set {key}"
    router = next((each for each in found if each in ROUTER_PORTS), None)
    if name in ROUTER_PORTS and router is not None:
        return f"in {release.name} the port that peers dial is called {router}", f"pin {router} instead"
    if name.startswith("serving"):
        return _serving(site, release, name)
    if name == "nginxGrpc" and "nginxHttp" in port_names(site, release, subject.topology):
        return f"nginx of {release.name} has one port", "pin nginxHttp instead"
    if name not in ("fateflowGrpc", "fateflowHttp"):
        return "neither its kind nor its engine has that port", _DROP
    if site.kind == "exchange":
        return "an exchange has no FATE-Flow", _DROP
    if "python" not in subject.modules(site):
        return "it has no module python", f"{_DROP}, or add python to its modules"
    if name == "fateflowGrpc" and release.fateflow.grpc_key is None:
        return f"{release.name} has no gRPC port of FATE-Flow outside the cluster", _DROP
    if not release.fateflow.http_key:
        return f"{release.name} has no port of FATE-Flow outside the cluster", _DROP
    return "its FATE-Flow is exposed inside the cluster only", f"{_DROP}, or set fateflow: NodePort"


def _serving(site: Site, release: Release, name: str) -> tuple[str, str]:
    """Why a site has no such port of FATE-Serving."""
    if site.kind == "exchange":
        return "an exchange has no such port", _DROP
    if site.serving is None:
        return "it has no FATE-Serving", f"{_DROP}, or add `serving: {{}}`"
    if name not in serving_modules(site, release):
        return f"its FATE-Serving has no module {name}", f"{_DROP}, or add {name} to its modules"
    return f"it is exposed inside cluster {site.cluster} only", f"{_DROP}, or set serving: {{exposure: NodePort}}"
