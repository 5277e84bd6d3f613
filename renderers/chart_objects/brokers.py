"""RabbitMQ and Pulsar, which carry the data of the Spark families; the tables are FATE-Flow's.

Sources: reference components.md sections 4.4 and 5.4, fact 12; cluster-yaml.md section 2.3;
v1.11.2:helm-charts/FATE/templates/core/fateflow/configmap.yaml, .../backends/spark/pulsar/configmap.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from posixpath import join
from typing import Any, Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.releases import Release, release_order
from renderers.chart_objects.fateflow import BASE, Flow
from renderers.chart_objects.installation import Installation
from renderers.manifests.sight import seen_texts
from renderers.manifests.texts import properties, yaml_mapping
from renderers.reading import Exposed, Gate
from renderers.values import endpoint, endpoint_of_text, mapping, number

_NOWHERE: Final = Endpoint("nowhere", 0)
"""Stands for an entry that leads to nobody, where its absence would mean the default route."""
_READS_OWN: Final = release_order("v1.11.2")
"""The first release whose FATE never looks the own party up (INV-PUL-2, INV-RMQ-2, and the corrections to them)."""
_RABBITMQ: Final = 5672
_PULSAR: Final = 6650
_PULSAR_TLS: Final = 6651
_DEFAULT: Final = "default"

Rows = Mapping[Any, Any]
Dial = Callable[[Rows], Endpoint | None]


def gate(whole: Installation, flow: Flow | None, broker: str, release: Release | None) -> Gate:
    """A broker's routes and its Services."""
    rows = {} if flow is None else _rows(whole, flow, broker)
    _check(whole, flow, broker, rows, release)
    if broker == "rabbitmq":
        entries = _entries(whole, flow, broker, rows, lambda row: endpoint(row, "host", "port"))
        doors = whole.doors(broker, _RABBITMQ)
        return Gate(Channel.RABBITMQ, RouteTable(whole.party, entries), doors, (broker, "route_table"))
    return _pulsar(whole, flow, rows)


def _rows(whole: Installation, flow: Flow, broker: str) -> Rows:
    """The table that FATE-Flow reads; of 2.x always the same file, whatever is set."""
    name, path = f"{broker}_route_table.yaml", (broker, "route_table")
    written = flow.broker(broker).get("route_table")
    where = f"{BASE}/fate_flow/conf/{name}" if flow.is_second else join(BASE, str(written or f"conf/{name}"))
    found = whole.find(flow.reader, (where,), name)
    if found is None:
        if flow.federation in {"", broker}:
            whole.remark(path, f"FATE-Flow finds no {name}: no ConfigMap with it is mounted in its pods")
        return {}
    if found.is_elsewhere:
        whole.remark(path, f"the chart mounts {name} where FATE-Flow does not look: it uses its image's own")
    rows = yaml_mapping(flow.reader, found.seen)
    whole.take_remarks(path)
    return rows


def _check(whole: Installation, flow: Flow | None, broker: str, rows: Rows, release: Release | None) -> None:
    """Remarks on FATE-Flow set to another broker, and on a table without the own entry (INV-RMQ-2, INV-PUL-2)."""
    if flow is not None and flow.federation not in {"", broker}:
        whole.remark(("federation",), f"FATE-Flow sends data through {flow.federation}, not through {broker}")
    others = any(key != _DEFAULT for key in rows)
    if others and whole.party not in map(number, rows) and (release is None or release.order < _READS_OWN):
        message = f"the table has no entry for party {whole.party} itself, and then the chart writes none"
        whole.remark((broker, "route_table"), message)


def _entries(whole: Installation, flow: Flow | None, broker: str, rows: Rows, dial: Dial) -> dict[int, Endpoint]:
    """The entries of other parties."""
    entries: dict[int, Endpoint] = {}
    for key, row in rows.items():
        party = number(key)
        if key == _DEFAULT or party == whole.party:
            continue
        path = (broker, "route_table", key)
        if party is None:
            whole.remark(path, f"{key!r} is no party's id")
            continue
        if type(key) is not int and flow is not None and not flow.is_second:
            whole.remark(path, f"FATE looks for the number {party}, and finds a text")
            continue
        found = dial(mapping(row))
        if found is not None:
            entries[party] = found
            continue
        whole.remark(path, "the entry has no usable host and port")
        if _DEFAULT in rows:
            entries[party] = _NOWHERE
    return entries


def _pulsar(whole: Installation, flow: Flow | None, rows: Rows) -> Gate:
    """Pulsar's routes and doors: by TLS where the broker dials others so, and by name through the default's proxy."""
    pod = whole.pod("pulsar")
    settings: dict[str, str] = {}
    for _, _, text in () if pod is None else seen_texts(whole.site, pod):
        settings.update(properties(text))
    by_tls = settings.get("brokerClientTlsEnabled") == "true"
    key, usual = ("sslPort", _PULSAR_TLS) if by_tls else ("port", _PULSAR)

    def dial(row: Rows) -> Endpoint | None:
        proxy = row.get("proxy") if by_tls else None
        return endpoint_of_text(proxy) if proxy else endpoint({key: usual, **row}, "host", key)

    default = mapping(rows.get(_DEFAULT)) if by_tls else {}
    through = endpoint_of_text(default.get("proxy")) if default else None
    if default and through is None:
        whole.remark(("pulsar", "exchange"), "without ip and port unknown parties have no route")
    table = RouteTable(
        whole.party,
        _entries(whole, flow, "pulsar", rows, dial),
        () if through is None else (through,),
        domain=str(default.get("domain") or ""),
    )
    doors: tuple[Exposed, ...] = whole.doors("pulsar", _PULSAR)
    tls = whole.doors("pulsar", _PULSAR_TLS)
    if settings.get("brokerServicePortTls") == str(_PULSAR_TLS):
        doors += tls
    elif any(each.service_type == "LoadBalancer" and "publicLB" in each.path for each in tls):
        whole.remark(
            ("pulsar", "publicLB", "enabled"), f"Pulsar listens on {_PULSAR_TLS} only where it has an exchange"
        )
    return Gate(Channel.PULSAR, table, doors, ("pulsar", "route_table"))
