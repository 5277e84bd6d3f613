"""The federation as data: sites, clusters, topology and routes together, with the origin of every value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from planner.diagnostics import KeyPath
from planner.interpret import EXCHANGE_DEFAULTS
from renderers.importing.drafts import Draft, Origin
from renderers.importing.network import Network
from renderers.importing.shapes import joined, topology

_SHARED: Final = (
    "engine", "algorithm", "device", "modules", "exposure", "fateflow", "nginx", "pulsar", "tls", "registry",
    "imageTag", "pullPolicy", "imagePullSecrets", "persistence", "istio", "podSecurityPolicy",
)  # fmt: skip
"""Settings of all parties that are said once, under `defaults`, where all parties have them alike."""
_ORDER: Final = (
    "id", "name", "kind", "cluster", "namespace", "release", "target", "engine", "algorithm", "device", "modules",
    "ports", "exposure", "fateflow", "nginx", "pulsar", "polling", "upstream", "domain", "tls", "dmz", "ingress",
    "registry", "imageTag", "pullPolicy", "imagePullSecrets", "persistence", "nfs", "istio", "podSecurityPolicy",
    "components", "mysql", "credentials", "serving", "overrides",
)  # fmt: skip
"""Order of a site's keys."""
_MANY: Final = 2


@dataclass(slots=True)
class Assembled:
    """A federation.yaml as data. `sites` maps the path of each site to its draft, `remark` is about the topology."""

    data: dict[str, Any] = field(default_factory=dict)
    sites: dict[KeyPath, Draft] = field(default_factory=dict)
    origins: dict[KeyPath, Origin] = field(default_factory=dict)
    remark: str = ""

    def origin(self, path: KeyPath) -> Origin | None:
        """Where the value at a path was read, or the nearest above it that is known."""
        for length in range(len(path), 0, -1):
            draft = self.sites.get(path[:length])
            if draft is not None:
                return draft.origin_of(path[length:])
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        if path[:1] == ("defaults",):
            for draft in self.sites.values():
                if draft.is_party and path[1:] and draft.words.has(path[1:2]):
                    return draft.origin_of(path[1:])
        first = next((draft for draft in self.sites.values() if draft.origin is not None), None)
        return None if first is None else first.origin


def assemble(network: Network, name: str, *, share: bool) -> Assembled:
    """The federation.yaml of a surveyed network; `share` says what all parties have alike once, under `defaults`."""
    result = Assembled()
    gathered = network.gathered
    shape, result.remark = topology(network)
    if isinstance(shape, list):
        shape = joined(network, shape)
    _say_upstream(network)
    parties = [draft for draft in gathered.parties if draft.cluster]
    exchanges = [draft for draft in gathered.exchanges if draft.cluster]
    shared = _shared(parties, exchanges) if share else {}
    data: dict[str, Any] = {"version": 1, "name": name, "release": gathered.release, "topology": shape}
    used = {draft.cluster for draft in (*parties, *exchanges)}
    data["clusters"] = [
        {"name": cluster, "address": address} for cluster, address, _ in network.clusters if cluster in used
    ]
    for index, (_, _, origin) in enumerate(cluster for cluster in network.clusters if cluster[0] in used):
        if origin is not None:
            result.origins["clusters", index] = origin
    if exchanges:
        data["exchanges"] = [_site(draft, {}) for draft in exchanges]
    data["parties"] = [_site(draft, shared) for draft in parties]
    for kind, drafts in (("exchanges", exchanges), ("parties", parties)):
        for index, draft in enumerate(drafts):
            result.sites[kind, index] = draft
    if network.routes:
        data["routes"] = [entry for entry, _ in network.routes]
        for index, (_, claim) in enumerate(network.routes):
            result.origins["routes", index] = claim.origin
    if shared:
        data["defaults"] = shared
    for draft in (*parties, *exchanges):
        spec = draft.training
        if spec is not None and gathered.release in {spec.version, f"v{spec.version}"}:
            result.origins["release",] = Origin(spec.source, (spec.version_key,))
            break
    result.data = data
    return result


def _say_upstream(network: Network) -> None:
    for key, upstream in network.upstream.items():
        draft = network.gathered.drafts[key]
        if not draft.words.has(("upstream",)):
            claim = next(claim for claim in network.claims[upstream] if claim.source is draft)
            draft.words.put(("upstream",), upstream.removeprefix("exchange-"), claim.origin)


def _site(draft: Draft, shared: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = dict(draft.words.data)
    written["cluster"] = draft.cluster
    if draft.is_party:
        written["id"] = draft.id
    else:
        written.setdefault("name", draft.name)
        written.setdefault("kind", draft.kind)
    kept = {key: value for key, value in written.items() if key not in shared or value != shared[key]}
    return {key: kept[key] for key in _ORDER if key in kept}


def _shared(parties: list[Draft], exchanges: list[Draft]) -> dict[str, Any]:
    """What all parties have alike; what exchanges would inherit must be theirs as well."""
    known = [draft for draft in parties if not draft.is_named_only] or parties
    if len(known) < _MANY:
        return {}
    result: dict[str, Any] = {}
    for key in _SHARED:
        values = [draft.words.data.get(key) for draft in known]
        others = [draft for draft in exchanges if key in EXCHANGE_DEFAULTS and not draft.is_named_only]
        if values[0] is None or any(value != values[0] for value in values):
            continue
        if any(draft.words.data.get(key) != values[0] for draft in others):
            continue
        if isinstance(values[0], dict) and key != "engine":
            continue
        result[key] = values[0]
    return result
