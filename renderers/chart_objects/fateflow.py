"""FATE-Flow: what it sends its control messages through, its Services, and where it looks for its serving-server.

Sources: reference components.md sections 4.1 to 4.3;
v1.11.2:helm-charts/FATE/templates/core/fateflow/{configmap,service}.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from planner.channels import Channel
from planner.diagnostics import KeyPath
from planner.lookup import RouteTable
from planner.releases import Release
from renderers.chart_objects.installation import Installation
from renderers.manifests.texts import Reader, yaml_mapping
from renderers.reading import Exposed, Gate
from renderers.values import endpoint_of_text, items, mapping

BASE: Final = "/data/projects/fate"
_CONF: Final = "service_conf.yaml"
_HOSTS: Final = ("serving", "zookeeper", "hosts")
_PORTS: Final[Mapping[Channel, int]] = MappingProxyType(
    {Channel.NGINX_HTTP: 9380, Channel.NGINX_GRPC: 9360, Channel.TRANSFER: 9380}
)


@dataclass(frozen=True, slots=True)
class Flow:
    """FATE-Flow with its service_conf.yaml; `is_second` says that it is of 2.x."""

    whole: Installation
    reader: Reader
    conf: Mapping[Any, Any]
    is_second: bool

    @property
    def proxy(self) -> str:
        """What control messages go through."""
        own = mapping(self.conf.get("fateflow"))
        return str(own.get("proxy_name" if self.is_second else "proxy") or "nothing")

    @property
    def uses_nginx(self) -> bool:
        """Whether that is nginx."""
        return self.proxy == "nginx"

    @property
    def federation(self) -> str:
        """What carries data; empty before 1.7, where jobs say so."""
        return str(mapping(self.conf.get("default_engines")).get("federation") or "")

    def broker(self, name: str) -> Mapping[Any, Any]:
        """The block about a broker."""
        return mapping(mapping(self.conf.get("federation" if self.is_second else "fate_on_spark")).get(name))


def flow_of(whole: Installation, release: Release | None) -> Flow | None:
    """FATE-Flow as its files set it up; None without it."""
    reader = whole.reader("python")
    if reader is None:
        return None
    is_second = release is not None and release.name.startswith("v2")
    folder = f"{BASE}/fate_flow/conf" if is_second else f"{BASE}/conf"
    found = whole.find(reader, (f"{folder}/{_CONF}",), _CONF)
    if found is None:
        whole.remark(("modules",), f"FATE-Flow finds no {_CONF}: no ConfigMap with it is mounted in its pods")
        return None
    conf = yaml_mapping(reader, found.seen)
    whole.take_remarks(("python",))
    return Flow(whole, reader, conf, is_second)


def doors(whole: Installation, channel: Channel) -> tuple[Exposed, ...]:
    """The doors at which FATE-Flow hears peers' nginx, or its serving-server."""
    return whole.doors("python", _PORTS[channel])


def load_gate(flow: Flow) -> Gate | None:
    """Where FATE-Flow loads models into: its own serving-server, or what its registry knows (section 4.2)."""
    servings = flow.conf.get("servings")
    path: KeyPath = ("servingIp",)
    written = items(servings) or items(mapping(servings).get("hosts"))
    if flow.conf.get("use_registry") is True:
        path, written = _HOSTS, items(mapping(flow.conf.get("zookeeper")).get("hosts"))
    found = tuple(each for each in map(endpoint_of_text, written) if each is not None)
    for each in written:
        if isinstance(each, str) and each.strip(":") and endpoint_of_text(each) is None:
            flow.whole.remark(path, f"FATE-Flow looks for serving-server at {each}, which is no host and port")
    if not found:
        return None
    party = flow.whole.party
    table = RouteTable(party, {party: found[0]}, more={party: found[1:]} if found[1:] else {})
    return Gate(Channel.LOAD, table, (), path)
