"""A port is wanted twice on one Kubernetes cluster.

A NodePort is opened on every node of a cluster, whatever the namespace, so two Services cannot share one: Kubernetes
refuses the second with "provided port is already allocated" (reference: INV-PORT-2). Ports that federation.lock
remembers count as taken, because peers already dial them.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, ports: {rollsite: 30091}}
      - {id: 10000, cluster: bank, ports: {rollsite: 30091}}  # error: FED301
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, ports: {rollsite: 30091}}
      - {id: 10000, cluster: bank, ports: {rollsite: 30101}}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import LOCK, Diagnostic, Fault, Note, Place, Span
from planner.ports import Clash, Origin
from planner.subject import Subject
from planner.wording import locked_label

FAULT = Fault("FED301", "port_taken")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every port that a site of the file cannot have."""
    for problem in subject.allocation.problems:
        if isinstance(problem, Clash) and problem.origin is Origin.PIN:
            site = subject.topology.sites[problem.site]
            holder = _holder(subject, problem)
            yield Diagnostic(
                FAULT,
                f"{site.label} pins NodePort {problem.port} on cluster {problem.cluster}, where {holder} has it",
                Place((*site.path, "ports", problem.name)),
                _hint(problem),
                _notes(subject, problem),
            )


def _holder(subject: Subject, problem: Clash) -> str:
    holder = subject.topology.sites.get(problem.holder)
    label = locked_label(problem.holder) if holder is None else holder.label
    return f"{label} (removed)" if problem.holder_origin is Origin.REMOVED else label


def _hint(problem: Clash) -> str:
    if problem.holder_origin is Origin.REMOVED:
        name = problem.holder
        return f"once {name} has been taken down, plan with `--forget {name}`"
    other = "place one of the two on another cluster"
    if problem.site == problem.holder:
        return "give each of its ports a number of its own"
    return f"drop the pin ({problem.free} is free), or {other}" if problem.free is not None else other


def _notes(subject: Subject, problem: Clash) -> tuple[Note, ...]:
    holder = subject.topology.sites.get(problem.holder)
    if problem.holder_origin is Origin.PIN and holder is not None:
        return (Note(f"{holder.label} pins it here", Place((*holder.path, "ports", problem.holder_name))),)
    line = subject.lock.sites[problem.holder].line if problem.holder in subject.lock.sites else 1
    place = Place(span=Span(line, 1), document=LOCK)
    return (Note(f"{locked_label(problem.holder)} got {problem.port} when it was planned first", place),)
