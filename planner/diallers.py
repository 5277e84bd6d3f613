"""Who dials a site from another cluster, without looking at all pairs.

The parties of a mesh and the members of a star are kept by cluster, once per shape. So the first few diallers of a
site that are elsewhere are found without passing by its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from planner.model import Links, Mesh, Site, party_key
from planner.routes import Topology
from planner.subject import Subject

_ByCluster = Mapping[str, Sequence[Site]]


class Diallers:
    """The sites that dial each site at its ordinary endpoint. Building it costs one pass over shapes and routes."""

    __slots__ = ("_direct", "_meshes", "_others", "_special", "_subject", "_topology")

    def __init__(self, subject: Subject, topology: Topology) -> None:
        """Index the shapes of training or of FATE-Serving by the site that is dialled."""
        self._subject = subject
        self._topology = topology
        self._meshes: dict[str, list[_ByCluster]] = {}
        self._others: dict[str, list[_ByCluster]] = {}
        self._direct: dict[str, list[str]] = {}
        self._special: dict[str, set[str]] = {}
        for route in subject.federation.routes:
            if route.address is not None:
                self._special.setdefault(route.target, set()).add(route.source)
        for shape in topology.federation.shapes:
            if isinstance(shape, Mesh):
                members = [party_key(member) for member in shape.members]
                self._add(self._meshes, members, members)
            elif isinstance(shape, Links):
                for first, second in shape.pairs:
                    self._direct.setdefault(party_key(first), []).append(party_key(second))
                    self._direct.setdefault(party_key(second), []).append(party_key(first))
            else:
                pool = [party_key(member) for member in shape.pool]
                self._add(self._others, pool, shape.balanced)
                self._add(self._others, shape.balanced, pool)
                for exchange, group in shape.groups:
                    keys = [party_key(member) for member in group]
                    self._add(self._others, keys, [exchange])
                    self._add(self._others, [exchange], keys)
                self._add(self._others, shape.exchanges, shape.exchanges)
        for site in topology.federation.sites:
            for above in (site.upstream, site.polling):
                if above is not None:
                    self._add(self._others, [above], [site.key])

    def elsewhere(self, site: Site) -> Iterator[Site]:
        """The sites on other clusters that dial this one, each once. Lazy: the first few are cheap."""
        barred = {party_key(other) for other in self._topology.never_of.get(site.id or 0, ())}
        special = self._special.get(site.key, set())
        seen = {site.key}
        for other in self._candidates(site, barred):
            if other.key not in seen and other.key not in special:
                seen.add(other.key)
                yield other

    def _candidates(self, site: Site, barred: set[str]) -> Iterator[Site]:
        if site.kind == "party":
            for group in self._meshes.get(site.key, ()):
                yield from (other for other in _away(group, site.cluster) if other.key not in barred)
            for key in self._direct.get(site.key, ()):
                other = self._topology.sites.get(key)
                if other is not None and key not in barred and self._is_away(other, site):
                    yield other
        for group in self._others.get(site.key, ()):
            yield from _away(group, site.cluster)

    def _is_away(self, other: Site, site: Site) -> bool:
        return other.cluster != site.cluster and other.cluster in self._subject.clusters

    def _add(self, index: dict[str, list[_ByCluster]], dialled: Iterable[str], diallers: Iterable[str]) -> None:
        """Note that every one of `diallers` dials every one of `dialled`."""
        group: dict[str, list[Site]] = {}
        for key in diallers:
            other = self._topology.sites.get(key)
            if other is not None and other.cluster in self._subject.clusters:
                group.setdefault(other.cluster, []).append(other)
        if group:
            for key in dialled:
                index.setdefault(key, []).append(group)


def _away(group: _ByCluster, cluster: str) -> Iterator[Site]:
    for name, sites in group.items():
        if name != cluster:
            yield from sites
