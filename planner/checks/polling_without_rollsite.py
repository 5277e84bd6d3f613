"""A party of a Spark family polls, or is polled.

Polling is a way of rollsite: the client asks its server for messages over a connection of its own. nginx, RabbitMQ and
Pulsar have nothing like it, and every party dials and is dialled (reference: cluster-yaml.md section 2, INV-EGG-11).
The chart would drop the setting without a word, because it renders no rollsite.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, polling: 9999}  # error: FED621
    defaults:
      engine: spark_pulsar
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
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, polling: 9999}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.channels import Channel
from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.doors import channels_of
from planner.model import Site
from planner.polling import polling_clients
from planner.subject import Subject

FAULT = Fault("FED621", "polling_without_rollsite")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every polling client that has no rollsite, or whose server has none."""
    for client in polling_clients(subject.federation):
        server = subject.topology.sites.get(client.polling or "")
        if server is None:
            continue
        site = next((site for site in (client, server) if not _has_rollsite(site, subject)), None)
        if site is not None:
            yield Diagnostic(
                FAULT,
                f"{client.label} is to poll {server.label}, and {site.label} has no rollsite, which alone can poll",
                Place((*client.path, "polling")),
                "use engine eggroll on both sides, or remove `polling` and let the party be dialled",
                (Note(f"{server.label} is declared here", Place(server.path)),),
            )


def _has_rollsite(site: Site, subject: Subject) -> bool:
    """Whether a site speaks eggroll's protocol, as far as its engine and kind are known."""
    release = subject.release(site)
    if release is None or (site.kind == "party" and subject.engine(site) is None):
        return True  # another check says what is wrong with it
    return Channel.ROLLSITE in channels_of(site, release, subject.topology)
