"""trafficServer, which passes Pulsar's data on at an exchange, by the name that TLS asks for.

Sources: reference components.md section 7; v1.11.2:helm-charts/FATE-Exchange/templates/traffic-server-module.yaml.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from planner.channels import Channel
from planner.lookup import RouteTable
from renderers.chart_objects.installation import Installation
from renderers.manifests import traffic_server
from renderers.reading import Gate

_ROWS: Final = ("trafficServer", "route_table", "sni")
_DOOR: Final = 443


def gate(whole: Installation) -> Gate:
    """The parties that trafficServer knows by name, and its Service."""
    pod = whole.pod("traffic-server")
    table = RouteTable(whole.party, {})
    if pod is not None:
        table = replace(traffic_server.gate(whole.site, pod).table, own=whole.party)
        whole.take_remarks(_ROWS)
    if whole.pod("nginx") is None:
        whole.remark(("modules",), "without nginx the exchange passes on no control messages")
    return Gate(Channel.PULSAR, table, whole.doors("traffic-server", _DOOR), _ROWS)
