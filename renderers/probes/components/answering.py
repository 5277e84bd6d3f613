"""Probes of a site's routers and brokers, from its own pods: whether they answer where peers and FATE-Flow ask them.

Ports: components.md section 1, "Ports a peer dials", and sections 4.2, 5.3 and 5.4 for what FATE-Flow dials. FATE-Flow
makes queues and topics through the management of RabbitMQ (15672) and the administration of Pulsar (8080).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from planner.channels import OWN, Channel
from planner.checks.component_silent import component_silent
from planner.doors import PULSAR_TLS, doors
from planner.lookup import Endpoint
from renderers.cluster.clock import Deadline
from renderers.probes.components.asking import FATEFLOW, OK, ask, complaint, dial, place
from renderers.probes.pods.in_words import words
from renderers.probes.pods.inside import Dialled, Reached
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

RABBITMQ_MANAGEMENT: Final = 15672
PULSAR_ADMINISTRATION: Final = 8080
_ILL: Final = range(500, 600)
_PEERS_ALONE: Final = frozenset({PULSAR_TLS.port})
"""Ports that no pod of the site dials in earnest, so a site's NetworkPolicies keep FATE-Flow's away, too."""
_ALARM: Final = re.compile(r"alarm|app to be running")
"""What RabbitMQ's check says where it is ill; its tools have other words where they cannot ask it (3.8 to 3.10)."""


def probes(sight: Sight) -> Iterator[Probe]:
    """One for each component of the site that others dial."""
    for workload, endpoints in _components(sight).items():
        ports = " and ".join(str(each.port) for each in endpoints)
        sentence = f"{workload} of {sight.folder.label} answers on port {ports}"
        yield probe(sight, "components-answer", sentence, partial(_answers, sight, workload, endpoints))


def _components(sight: Sight) -> dict[str, tuple[Endpoint, ...]]:
    """The endpoints of each workload inside its cluster: its Service, and the ports that are dialled."""
    planned = sight.planned
    found: dict[str, dict[Endpoint, None]] = {}
    for channel in planned.channels:
        if channel is Channel.SERVING or channel in OWN:
            continue
        for door in doors(planned.site, planned.release, sight.plan.topology, channel):
            if door.component != FATEFLOW:
                found.setdefault(door.service, {})[Endpoint(door.service, door.port)] = None
    if "clustermanager" in planned.modules:
        found["clustermanager"] = {Endpoint("clustermanager", planned.release.ports.clustermanager): None}
    for broker, port in (("rabbitmq", RABBITMQ_MANAGEMENT), ("pulsar", PULSAR_ADMINISTRATION)):
        if broker in found:
            found[broker][Endpoint(broker, port)] = None
    return {workload: tuple(endpoints) for workload, endpoints in found.items()}


def _answers(sight: Sight, workload: str, endpoints: Sequence[Endpoint], deadline: Deadline) -> Said:
    """Dial every port, then ask a broker for its health; the first failure is told."""
    for endpoint in endpoints:
        found, dialled = _dialled(sight, workload, endpoint, deadline)
        if dialled.tells_nothing:
            return unknown(words(dialled))
        if dialled.reached is not Reached.OPEN:
            return _failed(sight, workload, f"does not answer at {found}: {words(dialled)}")
    illness = ""
    if workload == "rabbitmq":
        illness = _illness_of_rabbitmq(sight, deadline)
    elif workload == "pulsar":
        illness = _illness_of_pulsar(sight, deadline)
    return _failed(sight, workload, illness) if illness else Said()


def _dialled(sight: Sight, workload: str, endpoint: Endpoint, deadline: Deadline) -> tuple[Endpoint, Dialled]:
    """Where a component was dialled, and how that went: at its Service from FATE-Flow's pod, else by itself.

    A pod dials its own address then: not every network brings it back to itself by that of its Service.
    """
    if endpoint.port not in _PEERS_ALONE:
        found = dial(sight, (FATEFLOW,), endpoint, deadline)
        if found.reached is not Reached.NO_TOOL:
            return endpoint, found
    for spot in sight.inside.spots(workload, deadline)[:1]:
        own = Endpoint(spot.address, endpoint.port)
        return own, sight.inside.dial(spot, own, deadline)
    return endpoint, Dialled(Reached.NO_TOOL, f"no container of {FATEFLOW} or {workload} is ready that could ask")


def _failed(sight: Sight, workload: str, failure: str) -> Said:
    label = sight.folder.label
    return judged((component_silent(place(sight, workload), workload, sight.folder.key, label, failure),))


def _illness_of_rabbitmq(sight: Sight, deadline: Deadline) -> str:
    """What the broker's own check finds, as a clause; empty where it finds nothing or cannot be run.

    While memory or disk run short RabbitMQ takes connections and no messages, and jobs hang.
    """
    for spot in sight.inside.spots("rabbitmq", deadline):
        ran = sight.inside.run(spot, ("rabbitmq-diagnostics", "-q", "check_local_alarms"), deadline)
        said = complaint(f"{ran.output}\n{ran.errors}")
        if ran.code not in {0, None} and _ALARM.search(said):
            return f"takes no messages: {said}"
    return ""


def _illness_of_pulsar(sight: Sight, deadline: Deadline) -> str:
    """What the broker says when it sends itself a message, as a clause; empty where all is well or it says nothing."""
    url = f"http://pulsar:{PULSAR_ADMINISTRATION}/admin/v2/brokers/health"
    answer = ask(sight, (FATEFLOW,), "GET", url, deadline)
    if answer.status == OK or answer.status not in _ILL:
        return ""
    return f"says of itself that no message gets through it: the answer of its health check is {answer.status}"
