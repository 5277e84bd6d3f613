"""The picture of a federation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renderers.mermaid import draw

FEDERATION = """\
version: 1
name: demo
release: v1.7.2
topology:
  - {star: {hub: [9999, 10000], yard: [10001]}}
  - {mesh: [9999, 10002]}
  - {links: [[10000, 10003]]}
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: "fd00::9"}
  - {name: empty, address: 192.168.11.1}
exchanges:
  - {name: hub, cluster: bank, upstream: yard}
  - {name: yard, cluster: shop}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
  - {id: 10001, cluster: shop}
  - {id: 10002, cluster: shop}
  - {id: 10003, cluster: bank, polling: 10000}
defaults:
  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

PICTURE = """\
flowchart LR
  subgraph cluster-bank["bank"]
    exchange-hub{{"exchange hub<br>192.168.9.1:30000<br>v1.7.2"}}
    party-9999["party 9999<br>192.168.9.1:30091<br>v1.7.2"]
    party-10003["party 10003<br>192.168.9.1:30101<br>v1.7.2"]
  end
  subgraph cluster-shop["shop"]
    exchange-yard{{"exchange yard<br>[fd00::9]:30000<br>v1.7.2"}}
    party-10000["party 10000<br>[fd00::9]:30091<br>v1.7.2"]
    party-10001["party 10001<br>[fd00::9]:30101<br>v1.7.2"]
    party-10002["party 10002<br>[fd00::9]:30111<br>v1.7.2"]
  end
  star-1(("star"))
  mesh-2(("mesh"))
  exchange-hub <--> party-9999
  exchange-hub <--> party-10000
  exchange-hub <--> star-1
  exchange-hub -->|all others| exchange-yard
  exchange-yard <--> party-10001
  exchange-yard <--> star-1
  party-9999 <--> mesh-2
  party-10002 <--> mesh-2
  party-10003 -.->|polls| party-10000
"""


def test_the_picture_shows_sites_shapes_and_routes(plan_of: Callable[[str], Any]) -> None:
    """Every site stands on its cluster, every shape is there, and a polling client is an arrow of its own."""
    assert draw(plan_of(FEDERATION).plan) == PICTURE


def test_a_mesh_is_one_node(plan_of: Callable[[str], Any]) -> None:
    """The graph grows with the parties, not with the pairs."""
    parties = "\n".join(f"  - {{id: {number}, cluster: bank}}" for number in range(1, 51))
    head = FEDERATION[: FEDERATION.index("topology:")]
    text = f"{head}topology: mesh\nclusters: [{{name: bank, address: 192.168.9.1}}]\nparties:\n{parties}\n"
    graph = plan_of(text).plan.topology.graph
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (51, 100)


def test_serving_is_drawn_beside_training(plan_of: Callable[..., Any]) -> None:
    """Routes of FATE-Serving are dotted, directly in a mesh of its own or through its exchange."""
    text = """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
defaults:
  serving: {}
"""
    drawn = draw(plan_of(text).plan)
    assert '  serving-mesh-1(("serving mesh"))' in drawn
    assert "  party-9999 <-.-> serving-mesh-1" in drawn
    exchange = "topology: [{mesh: all}, {star: all, through: desk}]\n"
    exchange += "exchanges: [{name: desk, cluster: bank, kind: servingProxy}]"
    drawn = draw(plan_of(text.replace("topology: mesh", exchange)).plan)
    assert "  exchange-desk <-.-> party-9999" in drawn
    assert "serving-mesh" not in drawn
