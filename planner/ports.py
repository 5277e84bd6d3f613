"""NodePorts: pins first, then what federation.lock remembers, then the lowest free block of ten.

The last digit says what a port is for, as in KubeFATE's own samples (reference: INV-PORT-8).
A NodePort belongs to a Kubernetes cluster, so ports are unique per cluster, across namespaces (INV-PORT-2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

BLOCK: Final = 10
PARTY_BASE: Final = 30090
EXCHANGE_BASE: Final = 30000
DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "rollsite": 1,
        "osx": 1,
        "proxy": 1,
        "fateflowGrpc": 2,
        "nginxHttp": 3,
        "rabbitmq": 4,
        "pulsar": 4,
        "servingServer": 5,
        "servingProxy": 6,
        "fateflowHttp": 7,
        "nginxGrpc": 8,
        "pulsarTls": 9,
        "trafficServer": 0,
    }
)
"""Last digit of each port of a party."""
EXCHANGE_DIGITS: Final[Mapping[str, int]] = MappingProxyType({**DIGITS, "rollsite": 0, "osx": 0, "proxy": 0})
"""Last digit of each port of an exchange."""


class Origin(StrEnum):
    """Why a port belongs to a site."""

    PIN = "pin"
    LOCK = "lock"
    REMOVED = "removed"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Request:
    """The ports one site needs: names, pins, what the lock remembers, and where its blocks start."""

    site: str
    cluster: str
    names: tuple[str, ...]
    pins: Mapping[str, int]
    locked: Mapping[str, int]
    digits: Mapping[str, int]
    base: int


@dataclass(frozen=True, slots=True)
class Held:
    """A port that is taken on a cluster by a site that is no longer in the file."""

    site: str
    cluster: str
    name: str
    port: int


@dataclass(frozen=True, slots=True)
class Clash:
    """Two sites of one cluster want one port; `holder` had the better claim."""

    cluster: str
    port: int
    site: str
    name: str
    origin: Origin
    holder: str
    holder_name: str
    holder_origin: Origin
    free: int | None


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A pin outside the cluster's NodePort range; `free` is a port that the site could have instead."""

    cluster: str
    site: str
    name: str
    port: int
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Full:
    """No block of the cluster's range has the ports that a site needs."""

    cluster: str
    site: str
    names: tuple[str, ...]


Problem = Clash | OutOfRange | Full


@dataclass(frozen=True, slots=True)
class Allocation:
    """Ports by site and name, and what stood in the way."""

    ports: Mapping[str, Mapping[str, int]]
    problems: tuple[Problem, ...]


class _ClusterPorts:
    """The ports of one cluster while they are handed out.

    A block belongs to the site that took the first port in it, so a block that is nobody's has no port taken.
    """

    __slots__ = ("_blocks", "_next", "_of_site", "_owner", "high", "low", "taken")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high
        self.taken: dict[int, tuple[str, str, Origin]] = {}
        self._owner: dict[int, str] = {}
        self._of_site: dict[str, list[int]] = {}
        self._blocks: dict[int, Sequence[int]] = {}
        self._next: dict[int, int] = {}

    def take(self, port: int, site: str, name: str, origin: Origin) -> None:
        self.taken[port] = (site, name, origin)
        block = port - port % BLOCK
        if self._owner.setdefault(block, site) == site:
            self._of_site.setdefault(site, []).append(block)

    def candidates(self, base: int, site: str) -> Sequence[int]:
        """The blocks that could hold a port of a site, from `base` up, then those below it.

        These are its own, the first that is nobody's, and the two at the ends of the range, which may be cut short.
        """
        first, last = self.low - self.low % BLOCK, self.high - self.high % BLOCK
        found = {first, last, *self._of_site.get(site, ())}
        found.update(self._first_free(base))
        return sorted(found, key=lambda block: (block < base, block))

    def _first_free(self, base: int) -> Sequence[int]:
        """The first whole block that is nobody's; found without looking again at those that were given away."""
        blocks = self._blocks.get(base)
        if blocks is None:
            whole = range(self.low + -self.low % BLOCK, self.high - BLOCK + 2, BLOCK)
            blocks = [block for block in whole if block >= base] + [block for block in whole if block < base]
            self._blocks[base] = blocks
        index = self._next.get(base, 0)
        while index < len(blocks) and blocks[index] in self._owner:
            index += 1
        self._next[base] = index
        return blocks[index : index + 1]

    def fits(self, block: int, site: str, digits: Sequence[int]) -> bool:
        if self._owner.get(block, site) != site:
            return False
        return all(self.low <= block + digit <= self.high and block + digit not in self.taken for digit in digits)


def allocate(
    requests: Sequence[Request], ranges: Mapping[str, tuple[int, int]], held: Sequence[Held] = ()
) -> Allocation:
    """Ports for every request, in order: pins, then locked ports, then the lowest free block.

    What a site holds by pin or lock never moves because another site came or went.
    Left out are requests on clusters that `ranges` does not name, and those of a site that has had one already.
    Two removed sites may have held one port: they no longer ask for it.
    """
    clusters = {name: _ClusterPorts(low, high) for name, (low, high) in ranges.items()}
    result: dict[str, dict[str, int]] = {}
    problems: list[Problem] = []
    first: dict[str, Request] = {}
    for request in requests:
        first.setdefault(request.site, request)
    placed = [request for request in first.values() if request.cluster in clusters]
    for request in placed:
        result[request.site] = {}
        for name in request.names:
            if name in request.pins:
                _pin(clusters[request.cluster], request, name, result, problems)
    for item in held:
        cluster = clusters.get(item.cluster)
        if cluster is None:
            continue
        if item.port in cluster.taken:
            site, name, origin = cluster.taken[item.port]
            if origin is Origin.PIN:
                problems.append(
                    Clash(item.cluster, item.port, site, name, origin, item.site, item.name, Origin.REMOVED, None)
                )
        else:
            cluster.take(item.port, item.site, item.name, Origin.REMOVED)
    for request in placed:
        _keep_locked(clusters[request.cluster], request, result, problems)
    for request in placed:
        _fill(clusters[request.cluster], request, result, problems)
    return Allocation(result, tuple(_with_free_ports(problems, clusters, placed)))


def _pin(
    cluster: _ClusterPorts, request: Request, name: str, result: dict[str, dict[str, int]], problems: list[Problem]
) -> None:
    port = request.pins[name]
    result[request.site][name] = port
    if not cluster.low <= port <= cluster.high:
        problems.append(OutOfRange(request.cluster, request.site, name, port))
    elif port in cluster.taken:
        holder, holder_name, origin = cluster.taken[port]
        problems.append(Clash(request.cluster, port, request.site, name, Origin.PIN, holder, holder_name, origin, None))
    else:
        cluster.take(port, request.site, name, Origin.PIN)


def _keep_locked(
    cluster: _ClusterPorts, request: Request, result: dict[str, dict[str, int]], problems: list[Problem]
) -> None:
    for name in request.names:
        port = request.locked.get(name)
        if port is None or name in request.pins or not cluster.low <= port <= cluster.high:
            continue
        if port in cluster.taken:
            other, other_name, origin = cluster.taken[port]
            if origin is Origin.PIN:
                clash = Clash(request.cluster, port, other, other_name, origin, request.site, name, Origin.LOCK, None)
            else:
                clash = Clash(request.cluster, port, request.site, name, Origin.LOCK, other, other_name, origin, None)
            problems.append(clash)
        else:
            cluster.take(port, request.site, name, Origin.LOCK)
        result[request.site][name] = port


def _fill(cluster: _ClusterPorts, request: Request, result: dict[str, dict[str, int]], problems: list[Problem]) -> None:
    ports = result[request.site]
    missing = tuple(name for name in request.names if name not in ports)
    if not missing:
        return
    digits = [request.digits[name] for name in missing]
    own = sorted({port - port % BLOCK for name, port in ports.items() if port % BLOCK == request.digits[name]})
    for block in (*own, *cluster.candidates(request.base, request.site)):
        if cluster.fits(block, request.site, digits):
            for name, digit in zip(missing, digits, strict=True):
                ports[name] = block + digit
                cluster.take(block + digit, request.site, name, Origin.NEW)
            return
    problems.append(Full(request.cluster, request.site, missing))


def _with_free_ports(
    problems: Sequence[Problem], clusters: Mapping[str, _ClusterPorts], requests: Sequence[Request]
) -> Iterator[Problem]:
    """The problems, each with a port that the site could have instead, if there is one."""
    by_site = {request.site: request for request in requests}
    for problem in problems:
        if isinstance(problem, Full):
            yield problem
            continue
        request, cluster = by_site[problem.site], clusters[problem.cluster]
        digit = request.digits[problem.name]
        blocks = cluster.candidates(request.base, problem.site)
        free = next((block + digit for block in blocks if cluster.fits(block, problem.site, [digit])), None)
        yield replace(problem, free=free)
