"""Whom a site dials, from which of its pods, and what came of it: all endpoints of a channel are tried at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from planner.channels import CONTROL, OWN, Channel
from planner.doors import dials_by_tls
from planner.kubernetes_target import has_manifests
from planner.lookup import Endpoint
from planner.plan import PlannedSite
from renderers.cluster.api import ApiError
from renderers.cluster.clock import Deadline
from renderers.probes.pods.inside import Dialled, Handshake, Reached, Spot
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight

DIALLERS: Final[Mapping[Channel, tuple[str, ...]]] = MappingProxyType(
    {
        Channel.ROLLSITE: ("rollsite", "osx", "proxy"),
        Channel.NGINX_HTTP: ("nginx",),
        Channel.NGINX_GRPC: ("nginx",),
        Channel.RABBITMQ: ("rabbitmq",),
        Channel.PULSAR: ("pulsar", "trafficServer"),
    }
)
"""The component that dials other sites. RabbitMQ's own links fetch from a peer's broker, and Pulsar's brokers send to
each other (fate-on-one-machine.md section 3, components.md sections 5.3 and 5.4)."""
SUBSTITUTE: Final = "fateflow"
"""Whose pod has Python, for a site whose router has no tool to dial with."""
_WORDS: Final = {"python": "FATE-Flow", "rabbitmq": "RabbitMQ", "pulsar": "Pulsar", "pulsarTls": "Pulsar", "osx": "OSX"}
_PAUSE: Final = 1.0
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class From:
    """The pod from which was dialled; `instead_of` says why it was not the router's."""

    spot: Spot
    instead_of: str = ""

    @property
    def words(self) -> str:
        """As notes name it."""
        why = f", because {self.instead_of}" if self.instead_of else ""
        return f"tried from pod {self.spot.namespace}/{self.spot.pod}{why}"


@dataclass(frozen=True, slots=True)
class Way:
    """One endpoint that a site dials: of which site (`peer`), called what, by TLS or not.

    `name` is the one that its certificate must be for; empty where any of the authority's will do.
    """

    channel: Channel
    peer: PlannedSite
    endpoint: Endpoint
    what: str
    by_tls: bool
    name: str

    @property
    def sentence(self) -> str:
        """What must be true before anything else is of a way."""
        return f"{self.what} accepts connections at {self.endpoint}"

    def unheard(self, source: From | None, dialled: Dialled) -> Said | None:
        """What is said of TLS where no connection was accepted; None where one was."""
        if source is None or dialled.tells_nothing:
            return Said(Truth.UNKNOWN, dialled.words)
        if dialled.reached is not Reached.OPEN:
            return Said(Truth.HELD, f"not asked, since it is not true that {self.sentence}")
        return None


def ways(sight: Sight) -> Iterator[Way]:
    """Whom a site dials for training, in the order of its folder.

    Of nginx's two ports FATE-Flow uses the one for HTTP (components.md section 4.2: `default` is http for nginx).
    """
    channels = {dial.channel for dial in sight.folder.dials}
    for dial in sight.folder.dials:
        if dial.channel in {Channel.SERVING, *OWN} or dial.peer not in sight.plan.by_key:
            continue
        if dial.channel is Channel.NGINX_GRPC and channels >= set(CONTROL):
            continue
        peer = sight.plan.by_key[dial.peer]
        component = sight.plan.door(sight.planned, peer, dial.channel).component
        what = f"{_WORDS.get(component, component)} of {peer.site.label}"
        by_tls = _by_tls(sight, dial.channel)
        name = broker_name(sight, peer) if dial.channel is Channel.PULSAR and by_tls else ""
        yield Way(dial.channel, peer, Endpoint(dial.host, dial.port), what, by_tls, name)


def _by_tls(sight: Sight, channel: Channel) -> bool:
    """Whether the plan has TLS on a channel: Pulsar's behind an exchange, and rollsite's where it is asked for."""
    site = sight.planned.site
    if channel is Channel.PULSAR:
        return dials_by_tls(site, sight.plan.topology)
    return channel is Channel.ROLLSITE and site.tls and sight.planned.release.has_tls and not has_manifests(site)


def broker_name(sight: Sight, peer: PlannedSite) -> str:
    """The name under which an exchange knows a party's Pulsar (INV-PUL-6); an exchange has none itself."""
    through = () if peer.site.id is None else sight.plan.topology.exchange_of(peer.site.id)
    return f"{peer.id}.{sight.plan.by_key[through[0]].site.domain}" if through and peer.site.kind == "party" else ""


# Answers


@dataclass(slots=True)
class Once(Generic[_Answer]):
    """Something that is found out when it is first needed; those who need it meanwhile wait. A failure stays one."""

    find: Callable[[Deadline], _Answer]
    _lock: Lock = field(default_factory=Lock)
    _found: list[_Answer | ApiError] = field(default_factory=list)

    def get(self, deadline: Deadline) -> _Answer:
        """What was found out. Raises ApiError."""
        with self._lock:
            if not self._found:
                try:
                    self._found.append(self.find(deadline))
                except ApiError as error:
                    self._found.append(error)
        (found,) = self._found
        if isinstance(found, ApiError):
            raise found
        return found


class Dialling:
    """The endpoints of one channel, tried together: thousands of them take seconds."""

    def __init__(self, sight: Sight, found: Collection[Way]) -> None:
        """Dial for these ways, which are of one channel."""
        self._sight = sight
        self._channel = next(iter(found)).channel
        self._endpoints = tuple(way.endpoint for way in found)
        self._dialled = Once(self._dial)
        self._shaken = Once(self._shake)

    def dialled(self, way: Way, deadline: Deadline) -> tuple[From | None, Dialled]:
        """How a connection went, and from where; nothing was dialled where no container is ready. Raises ApiError."""
        source, found = self._dialled.get(deadline)
        return source, found.get(way.endpoint, Dialled(Reached.NO_TOOL))

    def shaken(self, way: Way, deadline: Deadline) -> tuple[From | None, Handshake]:
        """How a handshake went, and from where. Raises ApiError."""
        source, _ = self._dialled.get(deadline)
        return source, self._shaken.get(deadline)[way.endpoint]

    def _dial(self, deadline: Deadline) -> tuple[From | None, Mapping[Endpoint, Dialled]]:
        """Dial everything from the router's pod, or from FATE-Flow's; what does not answer is dialled once more."""
        inside, names = self._sight.inside, DIALLERS[self._channel]
        own = next((spots[0] for name in names if (spots := inside.spots(name, deadline))), None)
        why = f"no container of {_of(self._sight, names)} is ready"
        if own is not None:
            found = inside.dial_all(own, self._endpoints, deadline)
            if not any(each.reached is Reached.NO_TOOL for each in found.values()):
                return self._from(own), self._again(own, found, deadline)
            why = f"the image of {own.container} has no tool for it"
        others = inside.spots(SUBSTITUTE, deadline)
        if not others:
            source = None if own is None else self._from(own)
            return source, dict.fromkeys(self._endpoints, Dialled(Reached.NO_TOOL, why))
        found = inside.dial_all(others[0], self._endpoints, deadline)
        return self._from(others[0], why), self._again(others[0], found, deadline)

    def _from(self, spot: Spot, instead_of: str = "") -> From:
        """A pod that has dialled; with `istio: true` it has Istio before it, also where no sidecar shows that."""
        return From(replace(spot, is_proxied=spot.is_proxied or self._sight.planned.site.istio), instead_of)

    def _again(self, spot: Spot, found: Mapping[Endpoint, Dialled], deadline: Deadline) -> Mapping[Endpoint, Dialled]:
        """Dial once more where nobody accepted, if there is as much time left as that took."""
        left = [endpoint for endpoint, each in found.items() if each.reached is not Reached.OPEN]
        is_useless = not left or any(each.reached is Reached.NO_TOOL for each in found.values())
        if is_useless or deadline.left < deadline.elapsed or not deadline.wait(_PAUSE):
            return found
        return {**found, **self._sight.inside.dial_all(spot, left, deadline)}

    def _shake(self, deadline: Deadline) -> Mapping[Endpoint, Handshake]:
        """Shake hands where a connection was accepted, asking for no name: that is for an exchange to read."""
        source, dialled = self._dialled.get(deadline)
        shut = {endpoint: Handshake(each) for endpoint, each in dialled.items()}
        accepting = [endpoint for endpoint, each in dialled.items() if each.reached is Reached.OPEN]
        if source is None or not accepting:
            return shut
        return {**shut, **self._sight.inside.shake_all(source.spot, accepting, "", deadline)}


def _of(sight: Sight, names: Collection[str]) -> str:
    """Which of the components a site has."""
    return next((name for name in names if name in sight.planned.modules), next(iter(names)))
