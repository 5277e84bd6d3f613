"""Whether the clocks of the API server, of the nodes that the site's pods are on, and of the operator agree.

The API server tells its time with every answer, to the second. A pod has the clock of its node; `date` is in every
image of FATE. How long a question took is what a comparison cannot be more exact than.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from planner.checks.clocks_differ import clocks_differ
from renderers.cluster.api import ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.labels import of_site
from renderers.cluster.references import Document
from renderers.cluster.side_by_side import side_by_side
from renderers.probes.pods.inside import ready
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

LIMIT: Final = 60.0
"""Seconds that clocks may differ by."""
_COMMAND: Final = ("date", "+%s")
_MOST_NODES: Final = 50
_AT_ONCE: Final = 8
_TRIES: Final = 3
"""Containers of a node that are tried."""
_SECOND: Final = 1.0
"""A time that is told in whole seconds may be this much later."""


class _Range(NamedTuple):
    """A number of seconds that is not known better."""

    low: float
    high: float

    @property
    def least(self) -> float:
        """The nearest to zero that it can be."""
        return 0.0 if self.low <= 0 <= self.high else min(self, key=abs)

    def minus(self, other: _Range) -> _Range:
        """The difference."""
        return _Range(self.low - other.high, self.high - other.low)


def probes(sight: Sight) -> Iterator[Probe]:
    """One sentence."""
    sentence = f"the clocks of the API server, of the nodes of {sight.folder.label} and of the operator agree"
    yield probe(sight, "clocks-agree", sentence, lambda deadline: _look(sight, deadline))


def _look(sight: Sight, deadline: Deadline) -> Said:
    place, cluster = sight.places.of_cluster(), sight.folder.cluster
    before = _now()
    sight.api.version(deadline)
    told = sight.api.server_time(deadline).timestamp()
    ahead = _Range(before, _now()).minus(_Range(told, told + _SECOND))
    if abs(ahead.least) > LIMIT:
        found = [clocks_differ(place, cluster, "the clock of this machine", ahead.least)]
    else:
        found = []
    nodes = _by_node(_pods(sight, deadline))
    clocks = side_by_side(lambda node: _clock(sight, nodes[node], deadline), nodes, _AT_ONCE)
    unread = ""
    for node, clock in zip(nodes, clocks, strict=True):
        if isinstance(clock, str):
            unread = unread or f"the clock of node {node} cannot be read: {clock}"
            continue
        seconds = _Range(clock.low + ahead.low, clock.high + ahead.high).least
        if abs(seconds) > LIMIT:
            found.append(clocks_differ(place, cluster, f"the clock of node {node}", seconds))
    if found:
        return judged(found)
    if unread or not nodes:
        return unknown(unread or "no pod of the site is ready")
    return judged(())


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _pods(sight: Sight, deadline: Deadline) -> Iterator[Document]:
    for namespace in dict.fromkeys(sight.folder.namespaces.values()):
        yield from sight.api.list("v1", "Pod", namespace, deadline, labels=of_site(sight.folder))


class _Container(NamedTuple):
    namespace: str
    pod: str
    name: str


def _by_node(pods: Iterable[Document]) -> dict[str, list[_Container]]:
    """The containers that are ready, by the nodes that they run on."""
    found: dict[str, list[_Container]] = {}
    for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"])):
        node = str((pod.get("spec") or {}).get("nodeName") or "")
        if not node or pod["metadata"].get("deletionTimestamp") or (node not in found and len(found) == _MOST_NODES):
            continue
        for name in ready(pod):
            found.setdefault(node, []).append(_Container(pod["metadata"]["namespace"], pod["metadata"]["name"], name))
    return found


def _clock(sight: Sight, containers: Iterable[_Container], deadline: Deadline) -> _Range | str:
    """How much a node's clock is ahead of the operator's; or why that is not known."""
    reason = ""
    for namespace, pod, name in list(containers)[:_TRIES]:
        if deadline.is_over:
            return reason or "there was no time for it"
        before = _now()
        try:
            ran = sight.api.run(namespace, pod, name, _COMMAND, deadline)
        except ApiError as error:
            reason = str(error)
            continue
        after, told = _now(), ran.output.strip()
        if ran.code == 0 and told.isascii() and told.isdigit():
            return _Range(int(told), int(told) + _SECOND).minus(_Range(before, after))
        reason = f"`date` in pod {pod} tells no time"
    return reason
