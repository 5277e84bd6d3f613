"""How every site is exposed, and at which ports: as its files say it, or else as its peers dial it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from planner.channels import Channel
from planner.checks.guessed_value import guessed
from planner.checks.unspeakable_setting import unspeakable
from planner.diagnostics import KeyPath
from planner.releases import Release
from renderers.importing.addresses import component
from renderers.importing.drafts import Draft, Origin, Service
from renderers.importing.network import Claim, Network
from renderers.importing.sites import place_of, release_of
from renderers.importing.tables import Row, inside

_LARGEST_PORT: Final = 65535


def expose(network: Network, draft: Draft) -> None:
    """Say how a site is exposed and at which ports, in its words."""
    release = release_of(draft)
    if release is None:
        return
    claims = network.claims.get(draft.key, [])
    mains = [
        service for service in draft.services if service.component not in {"python", "servingProxy", "servingServer"}
    ]
    if not draft.is_party and draft.kind == "servingProxy":
        mains = [service for service in draft.services if service.component == "servingProxy"]
    if mains:
        _expose_services(network, draft, mains, ("exposure",), inherited="NodePort")
    python = draft.service("python")
    if python is not None and python.type != "NodePort":
        if python.type == "LoadBalancer" and draft.words.get(("exposure", "type")) == "LoadBalancer":
            _put_address(network, draft, python, ("exposure",))
        else:
            origin = Origin(python.spec.source, python.type_key)
            draft.words.put(("fateflow",), "ClusterIP", origin)
            if python.type != "ClusterIP":
                _cannot_say(network, draft, python)
    if draft.is_party and draft.serving is not None:
        serving = [service for service in draft.services if service.component == "servingProxy"]
        exposure = draft.words.get(("exposure",)) or "NodePort"
        inherited = exposure if isinstance(exposure, str) else "LoadBalancer"
        _expose_services(network, draft, serving, ("serving", "exposure"), inherited=inherited)
    for service in draft.services:
        if service.type in {"NodePort", "LoadBalancer"}:
            for name, port in service.ports.items():
                draft.words.put(
                    ("ports", _port_name(name, release, draft)), port, Origin(service.spec.source, service.keys[name])
                )
    _second_balancer(draft, claims)
    _pins_from_claims(draft, release, claims)
    if draft.kind == "trafficServer":
        _domain(draft, claims)
    _style(draft, claims)


def _port_name(name: str, release: Release, draft: Draft) -> str:
    """The name of a router's port is the module's that the release has, whatever the file calls it."""
    if name not in {"rollsite", "osx", "proxy"}:
        return name
    return release.module if draft.is_party else draft.kind


def _expose_services(network: Network, draft: Draft, services: list[Service], word: KeyPath, inherited: str) -> None:
    """One word for how the components are exposed; those that differ from it are said to be lost."""
    types = Counter(service.type for service in services)
    chosen = max(types, key=lambda each: (types[each], each == "NodePort"))
    if chosen not in {"NodePort", "LoadBalancer", "ClusterIP"}:
        chosen = "ClusterIP"
    first = next(service for service in services if chosen in {service.type, "ClusterIP"})
    origin = Origin(first.spec.source, first.type_key)
    if chosen == "LoadBalancer":
        draft.words.put((*word, "type"), "LoadBalancer", origin)
        for service in services:
            if service.type == "LoadBalancer":
                _put_address(network, draft, service, word)
    elif chosen != inherited:
        draft.words.put(word, chosen, origin)
    for service in services:
        if service.type != chosen:
            _cannot_say(network, draft, service)


def _put_address(network: Network, draft: Draft, service: Service, word: KeyPath) -> None:
    """The load balancer's address: as written, or as the peers dial it."""
    address, origin = service.address, Origin(service.spec.source, service.address_key)
    if not address:
        for claim in network.claims.get(draft.key, ()):
            if component(claim.row) in {service.component, *service.ports} and not inside(claim.row.host):
                address, origin = claim.row.host, claim.origin
                break
    if not address:
        address = network.addresses[draft.key] or f"address-of-{draft.key}.invalid"
        place = place_of(service.spec, service.type_key)
        hint = "write the load balancer's address in federation.yaml"
        message = f"no file says which address the load balancer of {draft.label} has"
        network.findings.append(guessed(message, place, hint))
    known = draft.words.get((*word, "address"))
    if known is None:
        draft.words.put((*word, "address"), address, origin)
    elif known != address:
        draft.words.put((*word, "addresses", service.component), address, origin)


def _second_balancer(draft: Draft, claims: Iterable[Claim]) -> None:
    """Pulsar's second load balancer (`publicLB`), whose address only the exchange knows: it has the TLS port alone."""
    pulsar = draft.service("pulsar")
    if pulsar is None or draft.words.get(("exposure", "type")) != "LoadBalancer":
        return
    if pulsar.spec.get("pulsar", "publicLB", "enabled") is not True:
        return
    for claim in claims:
        if claim.row.channel is Channel.PULSAR and not claim.source.is_party and "pulsarTls" in claim.row.ports:
            draft.words.put(("exposure", "addresses", "pulsarTls"), claim.row.host, claim.origin)
            return


def _cannot_say(network: Network, draft: Draft, service: Service) -> None:
    place = place_of(service.spec, service.type_key)
    what = f"{'.'.join(map(str, service.type_key))}: {service.type} beside the other Services' type"
    network.findings.append(unspeakable(draft.label, what, place))


def _pins_from_claims(draft: Draft, release: Release, claims: Iterable[Claim]) -> None:
    """Ports that no file of the site fixes are those that its peers dial."""
    votes: dict[str, Counter[int]] = {}
    origins: dict[tuple[str, int], Origin] = {}
    for claim in claims:
        if claim.source is draft and claim.row.channel not in {Channel.LOAD, Channel.TRANSFER}:
            continue
        if inside(claim.row.host):
            continue
        for name, port in named_ports(claim.row, draft, release):
            if claim.row.channel in {Channel.LOAD, Channel.TRANSFER} and not _may_pin_own(draft, claim.row.channel):
                continue
            votes.setdefault(name, Counter())[port] += 1
            origins.setdefault((name, port), claim.origin)
    for name, counter in votes.items():
        if draft.words.has(("ports", name)) or _is_exposed_otherwise(draft, name):
            continue
        port = max(counter, key=lambda each: (counter[each], -each))
        if 0 < port <= _LARGEST_PORT and _in_range(port):
            draft.words.put(("ports", name), port, origins[name, port])


def _may_pin_own(draft: Draft, channel: Channel) -> bool:
    """A party's own rows fix ports of its own Services only where it has the file to which they belong, or lacks it."""
    return draft.serving is not None if channel is Channel.LOAD else draft.training is None


def _in_range(port: int) -> bool:
    return 30000 <= port <= 32767  # noqa: PLR2004 - what Kubernetes gives NodePorts where nothing else is set


def named_ports(row: Row, draft: Draft, release: Release) -> Iterator[tuple[str, int]]:
    """The ports of a row by their names in federation.yaml, as far as the row itself tells."""
    for name, port in row.ports.items():
        if name in {"rollsite", "osx", "proxy"}:
            yield (release.module if draft.is_party else draft.kind), port
        elif name == "http":
            yield "nginxHttp", port
        elif name == "grpc":
            yield "nginxGrpc", port
        elif name == "port":
            yield "fateflowGrpc", port
        elif name == "pulsarTls" and not draft.is_party:
            yield "trafficServer", port
        else:
            yield name, port


def _is_exposed_otherwise(draft: Draft, name: str) -> bool:
    """Whether a site's own file says that there is no NodePort of that name to be dialled."""
    for service in draft.services:
        if name in service.keys or (
            name in {"rollsite", "osx", "proxy"} and service.component in {"rollsite", "osx", "proxy"}
        ):
            return service.type != "NodePort"
    return False


def _domain(draft: Draft, claims: Iterable[Claim]) -> None:
    """The domain of the names of the parties' Pulsar: as the exchange has it, or else as its parties say."""
    votes: Counter[str] = Counter()
    origins: dict[str, Origin] = {}
    for spec, dialled in draft.tables():
        for row in dialled.rows:
            if row.domain:
                votes[row.domain] += 1
                origins.setdefault(row.domain, Origin(spec.source, row.path))
    if not votes:
        for claim in claims:
            if claim.row.domain:
                votes[claim.row.domain] += 1
                origins.setdefault(claim.row.domain, claim.origin)
    if votes:
        domain = max(votes, key=lambda each: (votes[each], each))
        if domain != "fate.org":
            draft.words.put(("domain",), domain, origins[domain])


def _style(draft: Draft, claims: Iterable[Claim]) -> None:
    """Whether peers' nginx dial FATE-Flow itself (`direct`) or this party's nginx (`relay`)."""
    if not draft.is_party:
        return
    nginx, python = draft.service("nginx"), draft.service("python")
    if nginx is None or python is None:
        return
    direct = relay = 0
    origin: Origin | None = None
    for claim in claims:
        if claim.row.channel is not Channel.NGINX_GRPC or "port" in claim.row.ports:
            continue
        ports = set(claim.row.ports.values())
        if ports & set(nginx.ports.values()):
            relay += 1
        elif ports & set(python.ports.values()):
            direct += 1
            origin = origin or claim.origin
    if direct > relay:
        draft.words.put(("nginx",), "direct", origin)
