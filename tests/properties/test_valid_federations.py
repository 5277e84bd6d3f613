"""Properties of valid federations of every topology and release: nothing is found, and everything arrives.

Every federation here is valid by construction, so any finding is a mistake of fedplan. What the planner works out in
linear time is compared with brute force over all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.lock import dump
from planner.lookup import POLLED
from planner.model import party_key
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from planner.releases import RELEASE_NAMES, Release, load
from renderers.charts import read
from renderers.planning import render_site
from renderers.proving import prove, trace
from renderers.reading import Reading
from renderers.target import TARGETS

UNPUBLISHED = "FED403"
ROUTE_FAULTS = {"FED201", "FED202", "FED206"}
SHAPES = (
    "mesh",
    "links",
    "star",
    "two_stars",
    "grouped",
    "balanced",
    "upstream",
    "hybrid",
    "polled_hub",
    "polled_party",
)
ADDRESSES = ("192.168.{}.1", "10.{}.0.9", "c{}.example.org", "fd00::{}")
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Tree = dict[str, Any]


def known(name: str) -> Release:
    """A release that has data."""
    release = load(name)
    assert release is not None
    return release


def can(name: str, shape: str) -> bool:
    """Whether the charts of a release can deploy a shape; exchanges of v2.0.0 have manifests of fedplan's own."""
    release = known(name)
    has_osx = release.module == "osx"

    def exchange_reads(key: str) -> bool:
        return any(release.reads(each.chart, key) for each in release.exchanges)

    able = {
        "mesh": True,
        "links": True,
        "polled_party": release.has_polling,
        "polled_hub": exchange_reads("rollsite.polling.enabled"),
        "balanced": release.has_load_balancing and bool(release.exchanges),
        "upstream": exchange_reads("rollsite.exchange.ip"),
    }
    return able.get(shape, has_osx or bool(release.exchanges))


CASES = [(release, shape) for release in RELEASE_NAMES for shape in SHAPES if can(release, shape)]


@dataclass(frozen=True)
class Drawn:
    """A valid federation: its data, and the pairs that must and must not talk."""

    data: Tree
    together: frozenset[tuple[int, int]]
    apart: frozenset[tuple[int, int]]

    @property
    def text(self) -> bytes:
        """The federation.yaml."""
        return yaml.safe_dump(self.data, sort_keys=False).encode()


def groups(*members: Sequence[int]) -> frozenset[tuple[int, int]]:
    """The ordered pairs inside each group."""
    return frozenset(pair for group in members for pair in permutations(group, 2))


@dataclass(frozen=True)
class Shape:
    """A topology: its YAML, the exchanges it needs, the pairs that must talk, and further top-level keys."""

    topology: Any
    exchanges: tuple[str, ...]
    together: frozenset[tuple[int, int]]
    more: Mapping[str, Any]


def shape_of(name: str, ids: Sequence[int]) -> Shape:
    """One of the shapes over three parties or more. Of two halves, the last of the first is the first of the second."""
    half = max(2, len(ids) // 2)
    left, right = list(ids[:half]), list(ids[half - 1 :])
    everyone = groups(ids)
    row = [list(pair) for pair in pairwise(ids)]
    fan = [[ids[0], other] for other in ids[1:]]
    ends = {"never": [[ids[0], ids[-1]]]}
    stars = [{"star": left, "through": "hub"}, {"star": right, "through": "yard"}]
    both = ("hub", "yard")
    hybrid = [{"mesh": left}, {"star": right, "through": "hub"}]
    through_hub = {"expect": [{"pair": [ids[0], ids[1]], "via": "hub"}]}
    shapes = {
        "mesh": Shape("mesh", (), everyone, {}),
        "links": Shape([{"links": row}], (), groups(*row), ends),
        "star": Shape("star", ("hub",), everyone, through_hub),
        "two_stars": Shape(stars, both, groups(left, right), {}),
        "grouped": Shape([{"star": {"hub": [ids[0]], "yard": list(ids[1:])}}], both, everyone, {}),
        "balanced": Shape([{"star": "all", "through": list(both)}], both, everyone, {}),
        "upstream": Shape(stars, both, groups(left, right), {}),
        "hybrid": Shape(hybrid, ("hub",), groups(left, right), ends),
        "polled_hub": Shape("star", ("hub",), everyone, {}),
        "polled_party": Shape([{"links": fan}], (), groups(*fan), {}),
    }
    return shapes[name]


def optional(draw: st.DrawFn, item: Tree, key: str, value: Any) -> None:
    """Give a site a setting, or leave it out."""
    if draw(st.integers(0, 3)) == 3:
        item[key] = value


def settings_of(draw: st.DrawFn, party: Tree, release: Release, shape: str) -> None:
    """Settings that a party's release has, some of them."""

    def uses(key: str) -> bool:
        return release.reads("fate", key) and not release.is_dead("fate", key)

    optional(draw, party, "namespace", f"ns-{party['id']}")
    optional(draw, party, "name", f"n{party['id']}")
    optional(draw, party, "fateflow", "ClusterIP")
    if uses("pullPolicy"):
        optional(draw, party, "pullPolicy", "Always")
    if uses("persistence"):
        optional(draw, party, "persistence", value=True)
    if uses("nodemanager.nodeSelector"):
        optional(draw, party, "components", {"nodemanager": {"nodeSelector": {"disk": "ssd"}}})
    if release.hosts.dialect == "ingress":
        optional(draw, party, "ingress", {"domain": f"d{party['id']}.example.net"})
    if release.registry_must_end_with_slash:
        optional(draw, party, "registry", "harbor.example.com/fate/")
    else:
        optional(draw, party, "registry", "harbor.example.com/fate")
    if release.has_load_balancer_ip and shape != "balanced":
        optional(draw, party, "exposure", {"type": "LoadBalancer", "address": f"lb-{party['id']}.example.org"})
    if "exposure" not in party:
        optional(draw, party, "ports", {release.module: 31000 + party["number"] * 10 + 1})


@st.composite
def federations(draw: st.DrawFn) -> Drawn:
    """A valid federation of up to seven parties on up to three clusters."""
    name, shape = draw(st.sampled_from(CASES))
    release = known(name)
    ids = draw(st.lists(st.integers(100, 999_999), min_size=3, max_size=7, unique=True))
    clusters: list[Tree] = [
        {"name": f"c{number}", "address": draw(st.sampled_from(ADDRESSES)).format(number + 1)}
        for number in range(draw(st.integers(1, 3)))
    ]
    names = [cluster["name"] for cluster in clusters]
    drawn = shape_of(shape, ids)
    parties: list[Tree] = []
    for number, party in enumerate(ids):
        item: Tree = {"id": party, "cluster": draw(st.sampled_from(names)), "number": number}
        settings_of(draw, item, release, shape)
        del item["number"]
        parties.append(item)
    if shape == "polled_hub":
        parties[-1]["polling"] = "hub"
    if shape == "polled_party":
        parties[-1]["polling"] = ids[0]
    exchanges: list[Tree] = []
    for each in drawn.exchanges:
        item = {"name": each, "cluster": draw(st.sampled_from(names))}
        if release.module == "osx":
            item["target"] = "kubernetes"
        optional(draw, item, "id", 10 + len(exchanges))
        exchanges.append(item)
    if shape == "upstream":
        exchanges[0]["upstream"] = "yard"
    credentials = {"mysql": "env:FATE_MYSQL_PASSWORD"}
    if release.reads("fate", "fateboard.password"):
        credentials["fateboard"] = "env:FATEBOARD_PASSWORD"
    data: Tree = {"version": 1, "name": "drawn", "release": name, "topology": drawn.topology, "clusters": clusters}
    if exchanges:
        data["exchanges"] = exchanges
    data |= {"parties": parties, **drawn.more}
    if shape == "mesh":
        optional(draw, data, "routes", [{"from": ids[0], "to": ids[1], "address": "172.16.0.1", "port": 19370}])
    data["defaults"] = {"credentials": credentials}
    apart = frozenset(pair for first, second in data.get("never", ()) for pair in ((first, second), (second, first)))
    return Drawn(data, drawn.together - apart, apart)


def planned(text: bytes, lock: str | None = None) -> Plan:
    """The plan of a federation in which nothing is found."""
    checked = check(text, lock)
    told = [(each.fault.code, each.message) for each in checked.diagnostics if each.fault.code != UNPUBLISHED]
    assert told == []
    assert checked.plan is not None
    return checked.plan


def files_of(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """The rendered files by site."""
    return {each.key: render_site(plan)(each) for each in plan.sites}


def nothing_is_found_and_everything_arrives(drawn: Drawn) -> None:
    """Every property of one federation that needs no second one."""
    plan = planned(drawn.text)
    proved = prove(plan, render_site(plan))
    assert [each.message for each in proved.diagnostics] == []
    assert proved.pairs == len(drawn.together)
    for pair in drawn.together | drawn.apart:
        found = trace(plan, *pair, render_site(plan))
        assert (found.reason is None) == (pair in drawn.together), found
        assert not found.hops or found.reason is not None or found.hops[-1].target == party_key(pair[1])
    rendered = files_of(plan)
    for each in plan.sites:
        reading = TARGETS[each.site.target].read_back(rendered[each.key])
        assert isinstance(reading, Reading)
        table = plan.table(each)
        assert (dict(reading.table.entries), reading.table.default) == (dict(table.entries), table.default)
        assert reading.dropped == ()
        assert reading.remarks == ()
    again = planned(drawn.text)
    assert files_of(again) == rendered
    assert dump(again.lock) == dump(plan.lock)
    assert files_of(planned(drawn.text, dump(plan.lock))) == rendered


@QUICK
@given(federations())
def test_a_valid_federation(drawn: Drawn) -> None:
    """Nothing is found, all pairs talk, tables are read back as planned, and the same input gives the same bytes."""
    nothing_is_found_and_everything_arrives(drawn)


@pytest.mark.slow
@THOROUGH
@given(federations())
def test_many_valid_federations(drawn: Drawn) -> None:
    """As above, many times as often."""
    nothing_is_found_and_everything_arrives(drawn)


def rows(planned_site: PlannedSite, text: str) -> Iterator[tuple[int, str]]:
    """Each party that a partyList names, and the file without that row."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("    - partyId: ") and line.rpartition(" ")[2].isdecimal():
            assert planned_site.site.target != "kubernetes"
            yield int(line.rpartition(" ")[2]), "\n".join(lines[:number] + lines[number + 3 :])


@settings(QUICK, max_examples=100)
@given(federations(), st.data())
def test_a_row_that_is_missing_is_found(drawn: Drawn, data: st.DataObject) -> None:
    """Without one row of one partyList there is exactly one finding, about that site's routes and in its file."""
    plan = planned(drawn.text)
    rendered = files_of(plan)
    spoiled = [
        (each, party, text)
        for each in plan.sites
        if "cluster.yaml" in rendered[each.key]
        for party, text in rows(each, rendered[each.key]["cluster.yaml"])
    ]
    if not spoiled:
        return
    site, party, text = data.draw(st.sampled_from(spoiled))
    was = read(rendered[site.key]["cluster.yaml"], "cluster.yaml")
    assert isinstance(was, Reading)
    assert was.table.entries[party] != POLLED
    changed = {**rendered, site.key: {**rendered[site.key], "cluster.yaml": text}}
    found = prove(plan, lambda each: changed[each.key]).diagnostics
    told = [(each.fault.code, each.message) for each in found]
    assert len(found) == 1, told
    if site.site.kind == "party" and plan.topology.hops(site.site).default:
        # What the table lacks goes by the default route: elsewhere, in a circle, or to its goal all the same.
        assert found[0].fault.code in ROUTE_FAULTS | {"FED204", "FED208", "FED701"}, told
    elif plan.topology.hops(site.site).default:
        assert found[0].fault.code in ROUTE_FAULTS | {"FED204", "FED701"}, told
    else:
        assert found[0].fault.code in ROUTE_FAULTS, told
    assert found[0].place.document == f"{site.key}/cluster.yaml"
    assert str(party) in found[0].message or found[0].fault.code == "FED701"


@settings(QUICK, max_examples=50)
@given(federations(), st.integers(0, 2), st.booleans())
def test_a_new_party_moves_nobody(drawn: Drawn, cluster: int, with_lock: bool) -> None:
    """A party appended to the file leaves all other ports where they are, with the lock and without."""
    plan = planned(drawn.text)
    names = [each["name"] for each in drawn.data["clusters"]]
    new = {"id": 42, "cluster": names[cluster % len(names)]}
    shapes = drawn.data["topology"]
    first = drawn.data["parties"][0]["id"]
    if isinstance(shapes, list) and shapes[0].get("star") != "all":
        shapes = [*shapes, {"links": [[42, first]]}]
    data = {**drawn.data, "topology": shapes, "parties": [*drawn.data["parties"], new]}
    after = planned(Drawn(data, frozenset(), frozenset()).text, dump(plan.lock) if with_lock else None)
    for each in plan.sites:
        assert after.by_key[each.key].ports == each.ports
        assert after.by_key[each.key].listener == each.listener


@settings(QUICK, max_examples=50)
@given(federations(), st.randoms(use_true_random=False))
def test_the_order_of_unrelated_parts_does_not_matter(drawn: Drawn, random: Any) -> None:
    """Clusters, keys and pairs in another order change no site's files."""
    plan = planned(drawn.text)
    data = {**drawn.data, "clusters": random.sample(drawn.data["clusters"], len(drawn.data["clusters"]))}
    keys = random.sample(sorted(data), len(data))
    other = planned(Drawn({key: data[key] for key in keys}, frozenset(), frozenset()).text)
    assert files_of(other) == files_of(plan)
    assert dump(other.lock) == dump(plan.lock)
