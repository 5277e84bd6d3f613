"""From files to a network: who dials whom, where every site is, and how it is exposed."""

from __future__ import annotations

from renderers.importing.addresses import find_addresses, name_clusters
from renderers.importing.exposure import expose
from renderers.importing.network import Network, follow
from renderers.importing.remarks import route_remarks
from renderers.importing.sites import Gathered
from renderers.importing.special_routes import special_routes


def survey(gathered: Gathered) -> Network:
    """Follow every row of every table to the site it means, and find out where the sites are."""
    network = follow(gathered)
    find_addresses(network)
    name_clusters(network)
    for draft in gathered.drafts.values():
        expose(network, draft)
    for draft in gathered.drafts.values():
        special_routes(network, draft)
    network.findings += route_remarks(network)
    return network
