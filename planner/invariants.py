"""Where each cross-party invariant of the reference (cluster-yaml.md, section 3) is upheld.

Every invariant is a check with a code, impossible by construction, a property of a renderer with its test, or a probe
where it can only be known live. A test holds this table against the reference and the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

How = Literal["check", "construction", "test", "probe"]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: how it is upheld, and where.

    `where` holds codes for a check, `module:name` of the code for construction, `path::name` of the test for a test,
    and for a probe the sentence that is true when all is well.
    """

    id: str
    statement: str
    upheld: tuple[tuple[How, str], ...]


INVARIANTS: Final = (
    Invariant("INV-ID-1", "party and exchange ids are unique", (("check", "FED120"), ("check", "FED126"))),
    Invariant("INV-ID-2", "every id that is named is declared", (("check", "FED123"), ("check", "FED208"))),
    Invariant(
        "INV-ID-3",
        "no party lists itself as a peer",
        (("construction", "planner.routes:Topology.hops"), ("check", "FED205"), ("check", "FED702")),
    ),
    Invariant("INV-ID-4", "a party id is an integer from 1 to 999999", (("check", "FED122"),)),
    Invariant("INV-ID-5", "keys of Pulsar and RabbitMQ tables are integers", (("check", "FED601"),)),
    Invariant("INV-NS-1", "one training site per namespace", (("check", "FED309"),)),
    Invariant("INV-NS-2", "the namespace exists before the install", (("probe", "the site's namespace exists"),)),
    Invariant("INV-NS-3", "names are unique per cluster under PodSecurityPolicy", (("check", "FED310"),)),
    Invariant("INV-NS-4", "ingress hosts are unique per ingress controller", (("check", "FED311"),)),
    Invariant(
        "INV-NS-5",
        "image pull secrets exist in the namespace",
        (("probe", "every image pull secret exists in the site's namespace"),),
    ),
    Invariant(
        "INV-VER-1",
        "all parties run one minor version, and its chart can be had",
        (("check", "FED401"), ("check", "FED402"), ("check", "FED403")),
    ),
    Invariant(
        "INV-VER-2",
        "every key is one that the chart of that version reads",
        (
            ("check", "FED411"),
            ("check", "FED412"),
            ("check", "FED702"),
            ("test", "tests/matrix/test_matrix.py::test_no_key_is_lost"),
        ),
    ),
    Invariant("INV-VER-3", "modules are those of the chart and the engine", (("check", "FED405"),)),
    Invariant("INV-VER-4", "the engine triple is legal", (("check", "FED404"),)),
    Invariant("INV-VER-5", "the algorithm is supported on the device", (("check", "FED407"),)),
    Invariant("INV-VER-6", "parties that talk use the same federation engine", (("check", "FED406"),)),
    Invariant(
        "INV-VER-7",
        "computing, federation, storage, algorithm and device are all written",
        (("test", "tests/matrix/test_matrix.py::test_engine_keys_are_written"),),
    ),
    Invariant("INV-IMG-1", "the registry ends as its release wants it", (("check", "FED408"),)),
    Invariant(
        "INV-IMG-2", "imageTag is given only where the chart reads it", (("check", "FED409"), ("check", "FED604"))
    ),
    Invariant("INV-PORT-1", "every NodePort is in its cluster's range", (("check", "FED302"), ("check", "FED303"))),
    Invariant("INV-PORT-2", "NodePorts are distinct on one cluster", (("check", "FED301"), ("check", "FED312"))),
    Invariant("INV-PORT-3", "a dialled service is exposed", (("check", "FED306"), ("check", "FED308"))),
    Invariant(
        "INV-PORT-4",
        "a load balancer is dialled on its own address and the container port",
        (("construction", "planner.plan:PlannedSite"), ("check", "FED308")),
    ),
    Invariant("INV-PORT-5", "no in-cluster name is dialled from another cluster", (("check", "FED306"),)),
    Invariant("INV-PORT-6", "no route uses a loopback address", (("check", "FED305"),)),
    Invariant(
        "INV-PORT-7",
        "ports are integers",
        (("check", "FED112"), ("test", "tests/matrix/test_matrix.py::test_ports_are_integers")),
    ),
    Invariant("INV-PORT-8", "the last digit says what a port is for", (("construction", "planner.ports:DIGITS"),)),
    Invariant(
        "INV-EGG-1",
        "every pair that must talk has a route",
        (("check", "FED202"), ("check", "FED207"), ("construction", "planner.proof:Prover")),
    ),
    Invariant("INV-EGG-2", "a route leads to where its peer listens", (("check", "FED208"), ("check", "FED304"))),
    Invariant("INV-EGG-3", "direct routes are symmetric", (("check", "FED201"),)),
    Invariant("INV-EGG-4", "party and exchange name each other rightly", (("check", "FED206"), ("check", "FED208"))),
    Invariant("INV-EGG-5", "an exchange lists every party that names it", (("check", "FED206"),)),
    Invariant("INV-EGG-6", "direct routes do not bypass an exchange by mistake", (("check", "FED210"),)),
    Invariant("INV-EGG-7", "no star through the charts of v2.0.0", (("check", "FED603"),)),
    Invariant("INV-EGG-8", "rollsite comes with clustermanager", (("check", "FED405"), ("check", "FED603"))),
    Invariant("INV-EGG-9", "rollsite and lbrollsite exclude each other", (("check", "FED405"),)),
    Invariant(
        "INV-EGG-10",
        "balanced exchanges hold the same list, which is not empty",
        (("construction", "planner.routes:Topology.hops"), ("check", "FED217"), ("check", "FED206")),
    ),
    Invariant(
        "INV-EGG-11",
        "one side of a polling pair is server, the other client",
        (("construction", "planner.routes:Topology.clients_of"), ("check", "FED207"), ("check", "FED214")),
    ),
    Invariant("INV-EGG-12", "enableTLS is equal on both ends", (("check", "FED216"),)),
    Invariant(
        "INV-EGG-13",
        "the Secret eggroll-certs exists where TLS is on",
        (("probe", "the Secret eggroll-certs exists in the site's namespace and all its certificates have one CA"),),
    ),
    Invariant("INV-EGG-14", "no enableTLS for OSX", (("check", "FED604"),)),
    Invariant("INV-EGG-15", "default routes form no cycle", (("check", "FED204"),)),
    Invariant("INV-EGG-16", "no load balancer address for an exchange chart", (("check", "FED603"),)),
    Invariant("INV-EGG-17", "FATE-Flow plans with the cores that eggroll has", (("check", "FED414"),)),
    Invariant(
        "INV-UPG-3",
        "a change of address reaches every peer in the same plan",
        (
            ("construction", "planner.impact:impacts"),
            ("test", "tests/unit/test_planning.py::test_a_moved_port_reaches_every_peer"),
        ),
    ),
    Invariant("INV-K8S-1", "the chart fits the Kubernetes version", (("check", "FED410"),)),
    Invariant("INV-CRED-1", "default secrets are changed", (("check", "FED802"),)),
)
"""The invariants of the families that this version plans."""
