"""A federation as a picture: Mermaid text, which code hosts and editors draw.

The picture is the graph of declared routes, a mesh being one node; clusters are frames around the sites placed on them.
Routes of FATE-Serving are dotted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.plan import Plan
from planner.routes import Topology

_ARROWS: Final = {
    "mesh": "<-->",
    "link": "<-->",
    "star": "<-->",
    "forwards": "<-->",
    "upstream": "-->|all others|",
    "polls": "-.->|polls|",
}
_SERVES: Final = "<-.->"
"""The arrow of every route of FATE-Serving."""
SERVING: Final = "serving-"
"""Begins the names of the nodes that stand for shapes of FATE-Serving."""
_BOTH_WAYS: Final = frozenset(("mesh", "link", "star", "forwards"))


def draw(plan: Plan) -> str:
    """The federation as a Mermaid flowchart: the same plan, the same text."""
    lines = ["flowchart LR", *_sites(plan), *_shapes(plan, plan.topology, ""), *_routes(plan.topology, "")]
    if plan.served.federation.shapes:
        lines += [*_shapes(plan, plan.served, SERVING), *_routes(plan.served, SERVING)]
    return "\n".join(lines) + "\n"


def _sites(plan: Plan) -> Iterator[str]:
    for cluster in plan.federation.clusters:
        placed = [planned for planned in plan.sites if planned.site.cluster == cluster.name]
        if not placed:
            continue
        yield f'  subgraph cluster-{cluster.name}["{cluster.name}"]'
        for planned in placed:
            left, right = ("{{", "}}") if planned.site.kind == "exchange" else ("[", "]")
            text = f"{planned.site.label}<br>{planned.endpoints(planned.channels[0])[0]}<br>{planned.release.name}"
            yield f'    {planned.key}{left}"{text}"{right}'
        yield "  end"


def _shapes(plan: Plan, topology: Topology, prefix: str) -> Iterator[str]:
    """The nodes that stand for whole shapes; those of serving have a name and a word of their own."""
    for node in topology.graph:
        if node not in plan.by_key:
            yield f'  {prefix}{_name(node)}(("{prefix.replace("-", " ")}{node.partition(" ")[0]}"))'


def _routes(topology: Topology, prefix: str) -> Iterator[str]:
    graph = topology.graph
    order = {node: number for number, node in enumerate(graph)}
    for first, second, data in graph.edges(data=True):
        kind = data["kind"]
        if kind in _BOTH_WAYS and order[second] < order[first] and graph.has_edge(second, first):
            continue
        arrow = _SERVES if prefix else _ARROWS[kind]
        ends = [_name(node) if node in topology.sites else prefix + _name(node) for node in (first, second)]
        yield f"  {ends[0]} {arrow} {ends[1]}"


def _name(node: str) -> str:
    return node.replace(" ", "-")
