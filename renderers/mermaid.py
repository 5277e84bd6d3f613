"""A federation as a picture: Mermaid text, which code hosts and editors draw.

The picture is the graph of declared routes, a mesh being one node; clusters are frames around the sites placed on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.plan import Plan, dialled_at

_ARROWS: Final = {
    "mesh": "<-->",
    "link": "<-->",
    "star": "<-->",
    "forwards": "<-->",
    "upstream": "-->|all others|",
    "polls": "-.->|polls|",
}
_BOTH_WAYS: Final = frozenset(("mesh", "link", "star", "forwards"))


def draw(plan: Plan) -> str:
    """The federation as a Mermaid flowchart: the same plan, the same text."""
    return "\n".join(("flowchart LR", *_sites(plan), *_shapes(plan), *_routes(plan))) + "\n"


def _sites(plan: Plan) -> Iterator[str]:
    for cluster in plan.federation.clusters:
        placed = [planned for planned in plan.sites if planned.site.cluster == cluster.name]
        if not placed:
            continue
        yield f'  subgraph cluster-{cluster.name}["{cluster.name}"]'
        for planned in placed:
            left, right = ("{{", "}}") if planned.site.kind == "exchange" else ("[", "]")
            text = f"{planned.site.label}<br>{dialled_at(planned)}<br>{planned.release.name}"
            yield f'    {planned.key}{left}"{text}"{right}'
        yield "  end"


def _shapes(plan: Plan) -> Iterator[str]:
    for node in plan.topology.graph:
        if node not in plan.by_key:
            yield f'  {_name(node)}(("{node.partition(" ")[0]}"))'


def _routes(plan: Plan) -> Iterator[str]:
    graph = plan.topology.graph
    order = {node: number for number, node in enumerate(graph)}
    for first, second, data in graph.edges(data=True):
        kind = data["kind"]
        if kind in _BOTH_WAYS and order[second] < order[first] and graph.has_edge(second, first):
            continue
        yield f"  {_name(first)} {_ARROWS[kind]} {_name(second)}"


def _name(node: str) -> str:
    return node.replace(" ", "-")
