"""Parties of the Spark families and the nginx that carries their control messages.

FATE-Flow hands every message to its own nginx, which dials the peer's nginx or FATE-Flow, or the exchange's nginx
(cluster-yaml.md section 2.2). Data goes another way, through RabbitMQ or Pulsar.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.channels import CONTROL, Channel
from planner.doors import Door, channels_of, doors
from planner.model import Site, party_key
from planner.partners import has_partner
from planner.releases import Engine, Release
from planner.subject import Subject

DEFAULT_TENANT: Final = "fl-tenant"
"""Tenant that FATE uses in every Pulsar where none is written (FATE@v1.11.2 pulsar/_federation.py; INV-PUL-8)."""


def spark_parties(subject: Subject) -> Iterator[tuple[Site, Release, Engine]]:
    """The parties whose engine sends data through a broker, with their release and engine."""
    for party in subject.federation.parties:
        release, engine = subject.release(party), subject.engine(party)
        if release is not None and engine is not None and engine.broker is not None:
            yield party, release, engine


def pulsar_parties(subject: Subject) -> Iterator[Site]:
    """The parties that send data through Pulsar."""
    return (party for party, _, engine in spark_parties(subject) if engine.broker == "pulsar")


def control_sites(subject: Subject) -> Iterator[tuple[Site, Release, Door]]:
    """Sites that some other site's nginx dials, each with the door that is dialled; exchanges first."""
    for site, release in subject.known_sites():
        channels = channels_of(site, release, subject.topology)
        channel = next((each for each in reversed(CONTROL) if each in channels), None)
        if channel is not None and _is_dialled(site, subject):
            yield site, release, doors(site, release, subject.topology, channel)[0]


def _is_dialled(site: Site, subject: Subject) -> bool:
    if site.kind == "exchange":
        return bool(subject.topology.members_of.get(site.key))
    return site.id is not None and has_partner(site.id, subject.topology)


def a_dialler(site: Site, subject: Subject) -> Site | None:
    """One site that dials this one for control: the exchange of a party, or the party with the lowest id."""
    topology = subject.topology
    if site.kind == "exchange":
        members = topology.members_of.get(site.key, ())
        return topology.sites.get(party_key(members[0])) if members else None
    if site.id is None:
        return None
    exchanges = topology.exchange_of(site.id)
    partners = topology.partners(site.id)
    key = exchanges[0] if exchanges else party_key(min(partners)) if partners else ""
    return topology.sites.get(key)


def uses_nginx(site: Site, subject: Subject) -> bool:
    """Whether a site has an nginx in its routes."""
    release = subject.release(site)
    return release is not None and Channel.NGINX_GRPC in channels_of(site, release, subject.topology)
