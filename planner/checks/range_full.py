"""A cluster has no NodePorts left for its sites.

Every site takes its ports from a block of ten of its own, so that the last digit says what a port is for (reference:
INV-PORT-8). A cluster's default range 30000-32767 holds 276 such blocks; a narrower one fewer. The ports of removed
sites stay reserved until `invoke remove` has taken the site down.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, nodePorts: 30090-30099}  # error: FED303
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, nodePorts: 30090-30109}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Cluster
from planner.port_ranges import is_range
from planner.ports import BLOCK, Full
from planner.subject import Subject

FAULT = Fault("FED303", "range_full")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every cluster whose range does not hold the ports of all its sites."""
    full: dict[str, list[Full]] = {}
    for problem in subject.allocation.problems:
        if isinstance(problem, Full):
            full.setdefault(problem.cluster, []).append(problem)
    sites = Counter(site.cluster for site in subject.federation.sites)
    for name, problems in full.items():
        cluster = subject.clusters.get(name)
        if cluster is None or not is_range(cluster.node_ports):
            continue
        low, high = cluster.node_ports
        first = subject.topology.sites[problems[0].site]
        yield Diagnostic(
            FAULT,
            f"cluster {name} has {sites[name]} sites, and {low}-{high} has no ports for {len(problems)} of them",
            Place((*cluster.path, "nodePorts")),
            _hint(subject, cluster),
            (Note(f"{first.label} is the first without ports", Place(first.path)),),
        )


def _hint(subject: Subject, cluster: Cluster) -> str:
    hint = f"widen nodePorts (each site takes a block of {BLOCK}), or place sites on another cluster"
    if any(locked.removed and locked.cluster == cluster.name for locked in subject.lock.sites.values()):
        return f"{hint}, or take removed sites down with `invoke remove`"
    return hint
