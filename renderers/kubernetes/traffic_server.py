"""Apache Traffic Server, the exchange of Pulsar: it passes TLS connections on by the name they ask for.

Facts: reference components.md section 7. Traffic Server reads all of its files when it starts, the table as well
(helm-direct.md section 7).
"""

from __future__ import annotations

from typing import Final

from planner.channels import Channel
from planner.doors import doors
from planner.lookup import POLLED, RouteTable
from renderers.canonical import block
from renderers.kubernetes.component import Component
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import Pod, config_map, container, deployment, exposed_service, tcp_probes
from renderers.templating import template

ORDER: Final = 46
_CERTS: Final = "/opt/proxy"
_SETTINGS: Final = "/etc/trafficserver"
_HOME: Final = "/opt/trafficserver"
_MULTICERT: Final = "dest_ip=* ssl_cert_name=proxy.cert.pem ssl_key_name=proxy.key.pem\n"
_CONNECT: Final = ((443, 443), (6650, 6700), (30000, 33000))
"""Ports that the charts let it connect to; those of the table that lie outside are added."""
_CAPABILITIES: Final = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID"]
"""What it needs to listen on port 443 and to run its server as another user than its manager."""


def traffic_server(installation: Installation) -> Component:
    """The Deployment, its settings and table, and the Service that the parties' brokers dial.

    There is no port for plain HTTP: it would be a proxy for everyone in the cluster.
    """
    planned, plan = installation.planned, installation.plan
    port = planned.release.ports.traffic_server
    table = plan.table(planned, Channel.PULSAR)
    records = template("kubernetes/trafficserver-records.config.j2").render(
        port=port, connect_ports=_connect_ports(table), certs=_CERTS
    )
    sni = _sni(table)
    pod = Pod(
        component="traffic-server",
        word="trafficServer",
        role="data-proxy",
        container=container(
            installation,
            "traffic-server",
            installation.image("trafficServer"),
            {"tls": port},
            command=[f"{_HOME}/bin/traffic_manager"],
            resources={"requests": {"cpu": "100m", "memory": "256Mi"}},
            securityContext={"capabilities": {"drop": ["ALL"], "add": _CAPABILITIES}},
            volumeMounts=[
                *(
                    _file("settings", f"{_SETTINGS}/{name}", name)
                    for name in ("records.config", "ssl_multicert.config")
                ),
                {"name": "sni", "mountPath": f"{_HOME}{_SETTINGS}/sni", "readOnly": True},
                {"name": "certs", "mountPath": _CERTS, "readOnly": True},
                *(_file("certs", f"{_HOME}{_SETTINGS}/{name}", name) for name in ("proxy.cert.pem", "proxy.key.pem")),
            ],
            **tcp_probes("tls"),
        ),
        volumes=(
            {"name": "settings", "configMap": {"name": "traffic-server-config"}},
            {"name": "sni", "configMap": {"name": "traffic-server-sni"}},
            {"name": "certs", "secret": {"secretName": "traffic-server-cert"}},
        ),
        configs=(records, _MULTICERT, sni),
    )
    door = doors(planned.site, planned.release, plan.topology, Channel.PULSAR)[0]
    settings = {"records.config": records, "ssl_multicert.config": _MULTICERT}
    return Component(
        ORDER,
        "traffic-server",
        (
            config_map(installation, pod, "traffic-server-config", settings),
            config_map(installation, pod, "traffic-server-sni", {"sni.yaml": sni}),
            exposed_service(installation, pod, "traffic-server", {"tls": (port, "tls")}, {"tls": door}),
            deployment(installation, pod),
        ),
    )


def _file(volume: str, path: str, name: str) -> Manifest:
    return {"name": volume, "mountPath": path, "subPath": name, "readOnly": True}


def _sni(table: RouteTable) -> str:
    """sni.yaml: the name that each party's broker is asked for by, and its TLS port."""
    rows = [
        {"fqdn": f"{party}.{table.domain}", "tunnel_route": str(entry)}
        for party, entry in table.entries.items()
        if entry != POLLED
    ]
    return block({"sni": rows})


def _connect_ports(table: RouteTable) -> str:
    found = {entry.port for entry in table.entries.values() if entry != POLLED}
    more = sorted(port for port in found if not any(first <= port <= last for first, last in _CONNECT))
    spans = [str(first) if first == last else f"{first}-{last}" for first, last in _CONNECT]
    return " ".join([*spans, *map(str, more)])
