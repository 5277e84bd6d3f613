"""The catalogue of probes and the areas that ask them agree: what a page promises is asked of somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, cast

from planner.probes import BY_ID, PROBES, Area
from renderers.cluster.places import Places
from renderers.probes.cluster import area as cluster
from renderers.probes.components import area as components
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Probe
from renderers.probes.running import API
from renderers.probes.serving import area as serving
from renderers.probes.serving.inference import Inference
from renderers.probes.sight import Sight
from renderers.probes.ways import area as ways
from tests.conftest import plan_text
from tests.unit.cluster_double import Cluster, folder_from

FEDERATION: Final = """\
version: 1
name: demo
release: {release}
topology: star
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
exchanges: [{{name: hub, cluster: shop}}]
parties:
  - {{id: 9999, cluster: bank, components: {{mysql: {{nodeSelector: {{disk: ssd}}}}}}}}
  - {{id: 10000, cluster: shop}}
defaults: {{target: {target}, persistence: true, engine: {engine}}}
"""
MESH: Final = FEDERATION.replace("star", "mesh").replace("exchanges: [{{name: hub, cluster: shop}}]\n", "")
FEDERATIONS: Final = {
    "eggroll": MESH.format(release="v1.11.2", engine="eggroll, serving: {}", target="kubernetes"),
    "rabbitmq": MESH.format(release="v2.0.0", engine="spark_rabbitmq", target="kubernetes"),
    "pulsar": FEDERATION.format(release="v1.11.2", engine="spark_pulsar", target="kubernetes"),
    "helm": FEDERATION.format(release="v1.11.2", engine="spark_pulsar", target="helm"),
}


@cache
def asked(federation: str) -> Mapping[tuple[Area, str], tuple[Probe, ...]]:
    """What each area asks of each site; nobody answers, for nothing is asked while probes are made."""
    planned = plan_text(FEDERATIONS[federation])
    plan, found = planned.plan, {}
    for key, files in planned.files().items():
        folder = folder_from(files, key)
        api = cast("Any", Cluster())
        sight = Sight(plan, plan.by_key[key], folder, Places(folder), api, Inside(api, folder))
        found["cluster", key] = tuple(cluster.probes(sight))
        found["inside", key] = tuple(components.probes(sight))
        found["ways", key] = tuple(ways.probes(sight))
        found["serving", key] = tuple(serving.probes(sight, Inference("credit", 9999, b"{}")))
    return cast("Mapping[tuple[Area, str], tuple[Probe, ...]]", found)


def all_asked() -> Iterator[tuple[Area, str, Probe]]:
    """Every probe, with the area that asks it and the site of which it is asked."""
    for federation in FEDERATIONS:
        for (area, key), probes in asked(federation).items():
            yield from ((area, key, each) for each in probes)


def test_every_sort_is_asked_of_some_site() -> None:
    """But for the first, which is known from opening the connection."""
    assert {each.sort.id for _, _, each in all_asked()} == {sort.id for sort in PROBES if sort is not API}


def test_areas_ask_their_own_sorts_of_the_site_itself() -> None:
    """As the catalogue has them."""
    for area, key, probe in all_asked():
        assert (probe.sort.area, probe.site) == (area, key), probe.sentence
        assert BY_ID[probe.sort.id] is probe.sort
