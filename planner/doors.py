"""Doors: the ports of a site that somebody dials, by channel.

Container ports and Service names: reference components.md "Ports a peer dials", cluster-yaml.md sections 2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from planner.channels import CONTROL, Channel
from planner.model import Exposure, Site
from planner.releases import Release
from planner.routes import Topology
from planner.serving_release import serving_modules, serving_release
from planner.subject import chosen_engine, kind_of, site_modules


class Door(NamedTuple):
    """One port that is dialled.

    `name` is the port's in federation.yaml, `component` the one whose load balancer it may be behind, `service` and
    `port` are the Kubernetes Service and the container port, which is the Service's as well.
    """

    name: str
    component: str
    service: str
    port: int


def channels_of(site: Site, release: Release, topology: Topology) -> tuple[Channel, ...]:
    """The channels on which a site sends messages to other sites, or passes them on."""
    if site.kind == "exchange":
        kind = kind_of(site, release, topology)
        if kind == "servingProxy":
            return (Channel.SERVING,)
        if kind != "trafficServer":
            return (Channel.ROLLSITE,)
        nginx = "nginx" in site_modules(site, release, topology)
        return (*CONTROL, Channel.PULSAR) if nginx else (Channel.PULSAR,)
    return (*_training(site, release), *_serving(site, release))


def _training(site: Site, release: Release) -> tuple[Channel, ...]:
    engine = chosen_engine(site, release)
    if engine is None:
        return ()
    if engine.broker is None:
        return (Channel.ROLLSITE,)
    control = (Channel.NGINX_GRPC,) if release.has_single_nginx_port else CONTROL
    return (*control, Channel.PULSAR if engine.broker == "pulsar" else Channel.RABBITMQ)


def _serving(site: Site, release: Release) -> tuple[Channel, ...]:
    return (Channel.SERVING,) if "servingProxy" in serving_modules(site, release) else ()


def doors(site: Site, release: Release, topology: Topology, channel: Channel) -> tuple[Door, ...]:
    """The doors of a site on one channel, the one that peers are told first; empty where it has none."""
    return tuple(_doors(site, release, topology, channel))


def _doors(site: Site, release: Release, topology: Topology, channel: Channel) -> Iterator[Door]:
    ports = release.ports
    if channel is Channel.ROLLSITE:
        name = kind_of(site, release, topology) if site.kind == "exchange" else release.module
        yield Door(name, name, name, ports.federation)
    elif channel in CONTROL:
        yield from _control(site, release, channel)
    elif channel is Channel.RABBITMQ:
        yield Door("rabbitmq", "rabbitmq", "rabbitmq", ports.rabbitmq)
    elif channel is Channel.PULSAR and site.kind == "exchange":
        yield Door("trafficServer", "trafficServer", "traffic-server", ports.traffic_server)
    elif channel is Channel.PULSAR:
        yield Door("pulsar", "pulsar", "pulsar", ports.pulsar)
        if speaks_tls(site, topology):
            yield PULSAR_TLS
    elif channel is Channel.SERVING:
        yield SERVING_PROXY
    elif channel is Channel.LOAD:
        yield SERVING_SERVER
    elif channel is Channel.TRANSFER:
        yield fateflow_http(release)


ROUTER_PORTS: Final = frozenset({"rollsite", "osx", "proxy"})
"""The doors of Eggroll's routers, which a route's `port` is for."""
PULSAR_TLS = Door("pulsarTls", "pulsarTls", "pulsar", 6651)
SERVING_PROXY = Door("servingProxy", "servingProxy", "serving-proxy", 8869)
SERVING_SERVER = Door("servingServer", "servingServer", "serving-server", 8000)
SERVING_DOORS: Final = frozenset({SERVING_PROXY.name, SERVING_SERVER.name})
"""The doors of a party's serving cluster, which has an exposure and a namespace of its own."""


def _control(site: Site, release: Release, channel: Channel) -> Iterator[Door]:
    """nginx, and FATE-Flow itself, which a peer's nginx may dial as well (cluster-yaml.md section 2.2)."""
    http = channel is Channel.NGINX_HTTP
    ports = release.ports
    flow = fateflow_http(release) if http else Door("fateflowGrpc", "python", _flow(release), ports.fateflow_grpc)
    nginx = Door("nginxHttp" if http else "nginxGrpc", "nginx", "nginx", ports.nginx_http if http else ports.nginx_grpc)
    if site.kind == "exchange":
        yield nginx
    elif release.has_single_nginx_port:
        yield flow
    elif site.nginx == "direct":
        yield from (flow, nginx)
    else:
        yield from (nginx, flow)


def fateflow_http(release: Release) -> Door:
    """FATE-Flow's HTTP port."""
    return Door("fateflowHttp", "python", _flow(release), release.ports.fateflow_http)


def _flow(release: Release) -> str:
    return release.fateflow.services[-1]


def speaks_tls(site: Site, topology: Topology) -> bool:
    """Whether a party's Pulsar has a TLS port: where it has an exchange (components.md section 5.4)."""
    return site.id is not None and bool(topology.exchange_of(site.id))


def dials_by_tls(site: Site, topology: Topology) -> bool:
    """Whether a site dials other parties' Pulsar by their TLS port: an exchange does, and a party that has one."""
    return site.kind == "exchange" or speaks_tls(site, topology)


def port_names(site: Site, release: Release, topology: Topology) -> tuple[str, ...]:
    """The NodePorts that a site has: those of its doors that are exposed as NodePorts, and pinned ones of others.

    FATE-Flow's follow the word `fateflow`; serving-server's own FATE-Flow dials it, so it has one whenever the serving
    proxy has. A Service behind a load balancer has a NodePort too, which nobody dials: it is fixed only where pinned.
    """
    return tuple(dict.fromkeys(_port_names(site, release, topology)))


def _port_names(site: Site, release: Release, topology: Topology) -> Iterator[str]:
    channels = channels_of(site, release, topology)
    for channel in channels:
        for door in doors(site, release, topology, channel):
            if door.component == "python" or (site.dmz is not None and door.name == "proxy"):
                continue
            kind = exposure_of(site, door).type
            if kind == "NodePort" or (kind == "LoadBalancer" and door.name in site.pins):
                yield door.name
    if site.kind == "party":
        yield from _further_names(site, release, channels)


def _further_names(site: Site, release: Release, channels: tuple[Channel, ...]) -> Iterator[str]:
    """The NodePorts of a party that no peer dials: its own serving-server and FATE-Flow, and those of idle doors."""
    if site.exposure.type == "NodePort" and Channel.PULSAR in channels:
        yield PULSAR_TLS.name
    if site.exposure.type == "NodePort" and Channel.NGINX_GRPC in channels and release.has_single_nginx_port:
        yield "nginxHttp"
    chart = serving_release(site, release)
    exposable = chart is not None and chart.reads("servingServer.nodePort")
    if (
        exposable
        and exposure_of(site, SERVING_SERVER).type == "NodePort"
        and "servingServer" in serving_modules(site, release)
    ):
        yield SERVING_SERVER.name
    deploys = "python" in site.modules if site.modules is not None else bool(channels)
    if deploys and site.fateflow == "NodePort" and release.fateflow.http_key:
        if release.fateflow.grpc_key is not None:
            yield "fateflowGrpc"
        yield "fateflowHttp"


def exposure_of(site: Site, door: Door) -> Exposure:
    """The exposure that a door of a site has: that of training, or that of a party's serving cluster."""
    if door.name in SERVING_DOORS and site.kind == "party" and site.serving is not None:
        return site.serving.exposure
    return site.exposure
