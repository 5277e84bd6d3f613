"""Traffic Server, which passes Pulsar's data on at an exchange, by the name that TLS asks for.

Sources: reference components.md section 7; cluster-yaml.md INV-PUL-3 to 7.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from posixpath import join
from typing import Any, Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers.manifests.sight import Seen, see
from renderers.manifests.site import Site
from renderers.manifests.texts import Reader, yaml_mapping
from renderers.manifests.workloads import Pod
from renderers.reading import Gate
from renderers.values import endpoint_of_text, items, mapping

_HOME: Final = "/opt/trafficserver/etc/trafficserver"
_RECORDS: Final = (f"{_HOME}/records.config", "/etc/trafficserver/records.config")
"""Where records.config is looked for: the image has the second as a link to the first."""
_DOOR: Final = 443
_NAME: Final = re.compile(r"([0-9]{1,18})\.(.+)")


def gate(site: Site, pod: Pod) -> Gate:
    """The parties that Traffic Server knows by name, and its Service."""
    reader = Reader(site, pod, pod.main)
    records = _records(reader)
    if str(_DOOR) not in re.findall(r"(\d+):ssl", records.get("proxy.config.http.server_ports", "")):
        site.remark(pod.workload, (), f"its records.config does not make it listen on {_DOOR} for TLS")
    where = records.get("proxy.config.ssl.servername.filename", "sni.yaml")
    seen = reader.look(join(_HOME, where), "its names (sni.yaml)")
    path, file = pod.workload.at(), pod.workload.file
    table = RouteTable(None, {})
    if seen is not None:
        path, file = seen.source.at(*seen.path), seen.source.file
        table = _table(reader, seen, records.get("proxy.config.http.connect_ports", ""))
    return Gate(Channel.PULSAR, table, site.doors(pod, _DOOR), path, file)


def _records(reader: Reader) -> Mapping[str, str]:
    """The settings of records.config: `CONFIG name type value`."""
    for path in _RECORDS:
        seen = see(reader.site, reader.pod, reader.container, path)
        if seen is not None:
            rows = (line.split(None, 3) for line in seen.text.splitlines())
            return {row[1]: row[3].strip() for row in rows if len(row) == 4 and row[0] == "CONFIG"}  # noqa: PLR2004
    reader.look(_RECORDS[0], "its records.config")
    return {}


def _table(reader: Reader, seen: Seen, allowed: str) -> RouteTable:
    rows = [mapping(each) for each in items(yaml_mapping(reader, seen).get("sni"))]
    names = [_NAME.fullmatch(str(row.get("fqdn"))) for row in rows]
    counts = Counter(name[2] for name in names if name is not None)
    domain = counts.most_common(1)[0][0] if counts else ""
    ports = _ranges(allowed)
    entries: dict[int, Endpoint] = {}
    for row, name in zip(rows, names, strict=True):
        found = endpoint_of_text(row.get("tunnel_route"))
        fault = _fault(row, name, found, domain)
        if not fault and found is not None and not any(found.port in each for each in ports):
            fault = f"it connects to ports {allowed or 'of none'} only, not to {found.port}"
        if not fault and name is not None and int(name[1]) in entries:
            fault = f"party {name[1]} is listed twice; only the first row counts"
        if fault:
            reader.remark(seen, (str(row.get("fqdn")),), fault)
        elif name is not None and found is not None:
            entries[int(name[1])] = found
    return RouteTable(None, entries, domain=domain)


def _fault(row: Mapping[Any, Any], name: re.Match[str] | None, found: Endpoint | None, domain: str) -> str:
    if name is None:
        return f"fqdn {row.get('fqdn')!r} is no party's name, <party id>.{domain or '<domain>'}"
    if name[2] != domain:
        return f"the other rows' domain is {domain}: parties ask for {name[1]}.{domain}"
    return "" if found is not None else f"tunnel_route {row.get('tunnel_route')!r} is no host:port"


def _ranges(text: str) -> Sequence[range]:
    """The ports of `443 6650-6700`."""
    found = re.findall(r"(\d+)(?:-(\d+))?", text)
    return [range(int(low), int(high or low) + 1) for low, high in found]
