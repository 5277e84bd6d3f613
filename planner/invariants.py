"""Where each cross-party invariant of the reference (cluster-yaml.md, section 3) is upheld.

All 94 are here, and after them what users and FATE's source add: the facts at the head of components.md, and two
issues of FATE. Every one is a check with a code, something the proof finds in rendered files, impossible by design,
a property of a renderer with its test, listed by the plan as something that must exist before, found when files are
imported, or a probe where it can only be known live. A test holds this table against the restated list of ids, the
catalogue and the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

How = Literal["check", "proof", "construction", "test", "listed", "import", "probe", "unplanned"]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant: how it is upheld, and where.

    `where` holds a code for a check, for what the proof finds in rendered files and for what an import finds;
    `module:name` of the code that makes it impossible, or that lists what must exist before; `path::name` of a test;
    for a probe its sort in `planner.probes`, and for what is not planned the reason.
    """

    id: str
    statement: str
    upheld: tuple[tuple[How, str], ...]


INVARIANTS: Final = (
    Invariant(
        "INV-ID-1",
        "party and exchange ids are unique",
        (
            ("check", "FED120"),
            ("check", "FED126"),
        ),
    ),
    Invariant(
        "INV-ID-2",
        "every id that is named is declared",
        (
            ("check", "FED123"),
            ("proof", "FED208"),
        ),
    ),
    Invariant(
        "INV-ID-3",
        "no party lists itself as a peer",
        (
            ("construction", "planner.routes:Topology.hops"),
            ("check", "FED205"),
            ("proof", "FED702"),
        ),
    ),
    Invariant("INV-ID-4", "a party id is an integer from 1 to 999999", (("check", "FED122"),)),
    Invariant(
        "INV-ID-5",
        "keys of Pulsar and RabbitMQ tables are integers",
        (
            ("test", "tests/unit/test_invariants.py::test_keys_of_broker_tables_are_integers"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "INV-NS-1",
        "one training site and one serving cluster per namespace, one name per service",
        (
            ("check", "FED309"),
            ("check", "FED310"),
        ),
    ),
    Invariant(
        "INV-NS-2",
        "the namespace exists before the install",
        (
            ("listed", "planner.prerequisites:prerequisites"),
            ("probe", "namespace-exists"),
        ),
    ),
    Invariant("INV-NS-3", "names are unique per cluster under PodSecurityPolicy", (("check", "FED310"),)),
    Invariant("INV-NS-4", "ingress hosts are unique per ingress controller", (("check", "FED311"),)),
    Invariant(
        "INV-NS-5",
        "image pull secrets exist in the namespace",
        (
            ("listed", "planner.prerequisites:prerequisites"),
            ("probe", "prerequisites-exist"),
        ),
    ),
    Invariant(
        "INV-VER-1",
        "all parties run one minor version, and its chart can be had",
        (
            ("check", "FED401"),
            ("check", "FED402"),
            ("check", "FED403"),
            ("import", "FED715"),
            ("probe", "fateflow-version"),
        ),
    ),
    Invariant(
        "INV-VER-2",
        "every key is one that the chart of that version reads",
        (
            ("check", "FED411"),
            ("check", "FED412"),
            ("check", "FED604"),
            ("proof", "FED702"),
            ("test", "tests/matrix/test_matrix.py::test_it_renders_and_reads_back"),
        ),
    ),
    Invariant("INV-VER-3", "modules are those of the chart and the engine", (("check", "FED405"),)),
    Invariant("INV-VER-4", "the engine triple is legal", (("check", "FED404"),)),
    Invariant("INV-VER-5", "the algorithm is supported on the device, and a GPU is asked for", (("check", "FED407"),)),
    Invariant(
        "INV-VER-6",
        "parties that talk use the same federation engine, and so does their exchange",
        (("check", "FED406"),),
    ),
    Invariant(
        "INV-VER-7",
        "computing, federation, storage, algorithm and device are all written",
        (("test", "tests/unit/test_invariants.py::test_engine_keys_are_written"),),
    ),
    Invariant("INV-IMG-1", "the registry ends as its release wants it", (("check", "FED408"),)),
    Invariant(
        "INV-IMG-2",
        "imageTag is given only where the chart reads it",
        (
            ("check", "FED409"),
            ("check", "FED604"),
        ),
    ),
    Invariant(
        "INV-PORT-1",
        "every NodePort is in its cluster's range",
        (
            ("check", "FED302"),
            ("check", "FED303"),
            ("check", "FED323"),
        ),
    ),
    Invariant(
        "INV-PORT-2",
        "NodePorts are distinct on one cluster",
        (
            ("check", "FED301"),
            ("check", "FED312"),
            ("check", "FED323"),
        ),
    ),
    Invariant(
        "INV-PORT-3",
        "a dialled service is exposed",
        (
            ("check", "FED306"),
            ("check", "FED321"),
            ("proof", "FED308"),
        ),
    ),
    Invariant(
        "INV-PORT-4",
        "a load balancer is dialled on its own address and the container port",
        (
            ("construction", "planner.dialled_endpoints:dialled"),
            ("proof", "FED308"),
        ),
    ),
    Invariant("INV-PORT-5", "no in-cluster name is dialled from another cluster", (("check", "FED306"),)),
    Invariant("INV-PORT-6", "no route uses a loopback address", (("check", "FED305"),)),
    Invariant(
        "INV-PORT-7",
        "ports are integers",
        (
            ("check", "FED112"),
            ("test", "tests/unit/test_invariants.py::test_ports_are_integers"),
        ),
    ),
    Invariant("INV-PORT-8", "the last digit says what a port is for", (("construction", "planner.ports:DIGITS"),)),
    Invariant(
        "INV-DOC-1",
        "with Docker Compose, one training party per host",
        (
            ("import", "FED722"),
            ("unplanned", "nothing is rendered for target docker yet"),
        ),
    ),
    Invariant(
        "INV-DOC-2",
        "the network of Docker Compose overlaps none that the host routes to",
        (("unplanned", "nothing is rendered for target docker yet; it can only be seen on the host"),),
    ),
    Invariant("INV-DOC-3", "the lists of parties.conf have one length and order", (("import", "FED721"),)),
    Invariant(
        "INV-DOC-4",
        "the engines of parties.conf are those that its release accepts",
        (
            ("check", "FED404"),
            ("check", "FED407"),
        ),
    ),
    Invariant(
        "INV-EGG-1",
        "every pair that must talk has a route",
        (
            ("proof", "FED202"),
            ("proof", "FED207"),
            ("construction", "planner.proof:Prover"),
        ),
    ),
    Invariant(
        "INV-EGG-2",
        "a route leads to where its peer listens",
        (
            ("proof", "FED208"),
            ("check", "FED304"),
            ("probe", "peer-accepts"),
        ),
    ),
    Invariant("INV-EGG-3", "direct routes are symmetric", (("proof", "FED201"),)),
    Invariant(
        "INV-EGG-4",
        "party and exchange name each other rightly",
        (
            ("proof", "FED206"),
            ("proof", "FED208"),
        ),
    ),
    Invariant("INV-EGG-5", "an exchange lists every party that names it", (("proof", "FED206"),)),
    Invariant("INV-EGG-6", "direct routes do not bypass an exchange by mistake", (("check", "FED210"),)),
    Invariant("INV-EGG-7", "no star through the charts of v2.0.0", (("check", "FED603"),)),
    Invariant(
        "INV-EGG-8",
        "rollsite comes with clustermanager",
        (
            ("check", "FED405"),
            ("check", "FED603"),
        ),
    ),
    Invariant("INV-EGG-9", "rollsite and lbrollsite exclude each other", (("check", "FED405"),)),
    Invariant(
        "INV-EGG-10",
        "balanced exchanges hold the same list, which is not empty",
        (
            ("construction", "planner.routes:Topology.hops"),
            ("check", "FED217"),
            ("check", "FED622"),
            ("proof", "FED206"),
        ),
    ),
    Invariant(
        "INV-EGG-11",
        "one side of a polling pair is server, the other client",
        (
            ("construction", "planner.routes:Topology.clients_of"),
            ("proof", "FED207"),
            ("check", "FED214"),
            ("check", "FED621"),
        ),
    ),
    Invariant("INV-EGG-12", "enableTLS is equal on both ends", (("check", "FED216"), ("probe", "peer-speaks-tls"))),
    Invariant(
        "INV-EGG-13",
        "the Secret eggroll-certs exists where TLS is on",
        (
            ("listed", "planner.prerequisites:prerequisites"),
            ("probe", "prerequisites-exist"),
            ("probe", "certificates-fit"),
        ),
    ),
    Invariant("INV-EGG-14", "no enableTLS for OSX", (("check", "FED604"),)),
    Invariant("INV-EGG-15", "default routes form no cycle", (("check", "FED204"),)),
    Invariant("INV-EGG-16", "no load balancer address for an exchange chart", (("check", "FED603"),)),
    Invariant("INV-EGG-17", "FATE-Flow plans with the cores that eggroll has", (("check", "FED414"),)),
    Invariant(
        "INV-NGX-1",
        "for every pair nginx has an item of the peer, or an exchange that has one",
        (
            ("test", "tests/unit/test_invariants.py::test_nginx_tables_name_the_peers_nginx"),
            ("proof", "FED202"),
            ("proof", "FED208"),
            ("probe", "peer-accepts"),
        ),
    ),
    Invariant(
        "INV-NGX-2",
        "both ports of an item belong to one component",
        (
            ("test", "tests/unit/test_invariants.py::test_both_ports_of_an_item_are_of_one_component"),
            ("proof", "FED208"),
        ),
    ),
    Invariant(
        "INV-NGX-3",
        "tables of v1.5.0 name one port",
        (
            ("test", "tests/unit/test_invariants.py::test_tables_of_v1_5_0_name_one_port"),
            ("check", "FED419"),
        ),
    ),
    Invariant(
        "INV-NGX-4",
        "a dialled nginx, or FATE-Flow, has fixed NodePorts under their right names",
        (
            ("test", "tests/unit/test_invariants.py::test_a_dialled_nginx_has_the_ports_that_peers_name"),
            ("check", "FED321"),
            ("check", "FED411"),
            ("proof", "FED308"),
        ),
    ),
    Invariant(
        "INV-NGX-5",
        "an entry of a party names the service fateflow",
        (
            ("test", "tests/unit/test_invariants.py::test_every_entry_names_fateflow"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "INV-NGX-6",
        "the chart's example of an exchange never goes live",
        (
            ("test", "tests/unit/test_invariants.py::test_the_charts_example_of_an_exchange_never_goes_live"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "INV-NGX-7",
        "parties name the nginx of their exchange, and it lists them",
        (
            ("test", "tests/unit/test_invariants.py::test_parties_and_exchange_name_each_other"),
            ("proof", "FED206"),
            ("proof", "FED208"),
        ),
    ),
    Invariant("INV-NGX-8", "Spark comes with nginx", (("check", "FED405"),)),
    Invariant("INV-NGX-9", "routes of nginx are symmetric", (("proof", "FED201"),)),
    Invariant(
        "INV-RMQ-1",
        "both sides name where the other RabbitMQ listens",
        (
            ("test", "tests/unit/test_invariants.py::test_broker_tables_name_the_peers_broker"),
            ("proof", "FED201"),
            ("proof", "FED208"),
            ("probe", "peer-accepts"),
        ),
    ),
    Invariant(
        "INV-RMQ-2",
        "a table of RabbitMQ holds the party's own broker",
        (
            ("test", "tests/unit/test_invariants.py::test_broker_tables_hold_the_own_entry"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "INV-RMQ-3",
        "FATE-Flow logs in to RabbitMQ as RabbitMQ was started",
        (
            ("check", "FED625"),
            ("check", "FED412"),
        ),
    ),
    Invariant("INV-RMQ-4", "no exchange for RabbitMQ", (("check", "FED225"),)),
    Invariant("INV-RMQ-5", "what RabbitMQ holds is never kept", (("check", "FED423"),)),
    Invariant(
        "INV-PUL-1",
        "a direct entry names both ports of the peer's Pulsar",
        (
            ("test", "tests/unit/test_invariants.py::test_broker_tables_name_the_peers_broker"),
            ("check", "FED226"),
            ("proof", "FED208"),
            ("probe", "peer-accepts"),
        ),
    ),
    Invariant(
        "INV-PUL-2",
        "a table of Pulsar holds the party's own broker",
        (
            ("test", "tests/unit/test_invariants.py::test_broker_tables_hold_the_own_entry"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "INV-PUL-3",
        "parties name trafficServer of their exchange",
        (
            ("test", "tests/unit/test_invariants.py::test_parties_and_exchange_name_each_other"),
            ("proof", "FED208"),
        ),
    ),
    Invariant(
        "INV-PUL-4",
        "the exchange has one name of every party, which leads to its TLS port",
        (
            ("test", "tests/unit/test_invariants.py::test_the_exchange_has_one_name_of_every_party"),
            ("proof", "FED206"),
        ),
    ),
    Invariant(
        "INV-PUL-5",
        "parties and exchange use one domain",
        (
            ("construction", "planner.plan:Plan"),
            ("check", "FED227"),
            ("check", "FED604"),
            ("proof", "FED208"),
        ),
    ),
    Invariant(
        "INV-PUL-6",
        "brokers and exchange have certificates of one authority, for the right names",
        (
            ("listed", "planner.prerequisites:prerequisites"),
            ("probe", "certificates-fit"),
        ),
    ),
    Invariant("INV-PUL-7", "the exchange connects to the ports that it is told", (("check", "FED319"),)),
    Invariant("INV-PUL-8", "all parties use one tenant", (("check", "FED417"),)),
    Invariant("INV-PUL-9", "a party behind an exchange is not dialled directly as well", (("check", "FED210"),)),
    Invariant("INV-PUL-10", "an exchange passes on control as well as data", (("check", "FED623"),)),
    Invariant(
        "INV-PUL-11",
        "a second load balancer has the TLS port alone",
        (
            ("test", "tests/unit/test_invariants.py::test_a_second_load_balancer_is_what_the_exchange_dials"),
            ("proof", "FED208"),
        ),
    ),
    Invariant(
        "INV-SRV-1",
        "a serving proxy names where the peers' proxies listen",
        (
            ("test", "tests/unit/test_invariants.py::test_serving_proxies_name_each_other"),
            ("proof", "FED201"),
            ("proof", "FED202"),
            ("proof", "FED208"),
            ("probe", "serving-peers"),
        ),
    ),
    Invariant(
        "INV-SRV-2",
        "FATE-Flow names its own serving-server",
        (
            ("test", "tests/unit/test_invariants.py::test_training_and_serving_name_each_other"),
            ("proof", "FED520"),
            ("probe", "serving-finds-fateflow"),
        ),
    ),
    Invariant(
        "INV-SRV-3",
        "serving-server names its own FATE-Flow",
        (
            ("test", "tests/unit/test_invariants.py::test_training_and_serving_name_each_other"),
            ("proof", "FED520"),
            ("probe", "serving-finds-fateflow"),
        ),
    ),
    Invariant(
        "INV-SRV-4",
        "the serving cluster has the party's id",
        (
            ("construction", "planner.model:Serving"),
            ("test", "tests/unit/test_invariants.py::test_the_serving_cluster_has_the_id_of_its_party"),
        ),
    ),
    Invariant(
        "INV-SRV-5",
        "from v2.0.4 on the serving cluster has ZooKeeper",
        (
            ("check", "FED405"),
            ("test", "tests/unit/test_invariants.py::test_a_new_serving_cluster_has_zookeeper"),
        ),
    ),
    Invariant(
        "INV-SRV-6",
        "the registry is that of the own serving cluster",
        (
            ("test", "tests/unit/test_invariants.py::test_the_registry_is_the_own_one"),
            ("check", "FED504"),
            ("proof", "FED520"),
        ),
    ),
    Invariant(
        "INV-SRV-7",
        "a serving exchange lists every party that names it",
        (
            ("check", "FED505"),
            ("proof", "FED206"),
        ),
    ),
    Invariant(
        "INV-SRV-8",
        "the type of the serving proxy's Service is written from v2.0.4 on",
        (("test", "tests/unit/test_invariants.py::test_the_type_of_the_serving_proxy_is_written"),),
    ),
    Invariant(
        "INV-SRV-9",
        "peers dial the gRPC port, and clients the ingress",
        (
            ("construction", "planner.doors:SERVING_PROXY"),
            ("check", "FED322"),
        ),
    ),
    Invariant(
        "INV-DB-1",
        "either the chart's MySQL or an external one with all it takes",
        (
            ("check", "FED405"),
            ("check", "FED113"),
            ("probe", "mysql-takes-login"),
        ),
    ),
    Invariant(
        "INV-DB-2",
        "logins are text",
        (
            ("check", "FED420"),
            ("test", "tests/unit/test_invariants.py::test_logins_are_text"),
        ),
    ),
    Invariant("INV-DB-3", "an upgrade logs in to the right MySQL", (("check", "FED426"),)),
    Invariant("INV-DB-4", "no two parties share a database", (("check", "FED316"),)),
    Invariant(
        "INV-PVC-1",
        "volumes that are kept name a class or a claim",
        (
            ("check", "FED421"),
            ("listed", "planner.prerequisites:prerequisites"),
            ("probe", "claims-bound"),
        ),
    ),
    Invariant("INV-PVC-2", "pods share a volume only where it can be shared", (("check", "FED422"),)),
    Invariant("INV-UPG-1", "an update keeps the chart and goes forward from v1.7.2 or later", (("check", "FED424"),)),
    Invariant("INV-UPG-2", "data does not stay behind from 1.8 to 1.9", (("check", "FED425"),)),
    Invariant(
        "INV-UPG-3",
        "a change of address reaches every peer in the same plan",
        (
            ("construction", "planner.impact:impacts"),
            ("test", "tests/unit/test_planning.py::test_a_moved_port_reaches_every_peer"),
        ),
    ),
    Invariant("INV-K8S-1", "the chart fits the Kubernetes version", (("check", "FED410"),)),
    Invariant(
        "INV-NS-6",
        "Secrets that a site mounts are there before it is installed",
        (
            ("listed", "planner.prerequisites:prerequisites"),
            ("probe", "prerequisites-exist"),
        ),
    ),
    Invariant(
        "INV-CRED-1",
        "default secrets are changed",
        (
            ("check", "FED802"),
            ("check", "FED801"),
        ),
    ),
    Invariant(
        "FACT-1",
        "nginx dials IPv4 addresses, never names",
        (
            ("check", "FED223"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "FACT-2",
        "nginx finds FATE-Flow again after it restarted",
        (("probe", "nginx-finds-fateflow"),),
    ),
    Invariant(
        "FACT-3",
        "nginx forgets nothing, and keeps 500 entries",
        (
            ("check", "FED224"),
            ("test", "tests/unit/test_invariants.py::test_nginx_restarts_when_an_entry_goes"),
        ),
    ),
    Invariant(
        "FACT-4",
        "one unreadable table stops rollsite from reading it again",
        (
            ("construction", "renderers.canonical:block"),
            ("probe", "table-read"),
        ),
    ),
    Invariant("FACT-5", "TLS of rollsite encrypts nothing", (("check", "FED803"),)),
    Invariant(
        "FACT-6",
        "no default route leads a party to itself",
        (
            ("construction", "planner.routes:Topology.hops"),
            ("check", "FED204"),
            ("proof", "FED702"),
        ),
    ),
    Invariant(
        "FACT-7",
        "FATE-Flow answers at its pod's address only",
        (("probe", "fateflow-answers"),),
    ),
    Invariant(
        "FACT-8",
        "eggroll knows the nodes that there are",
        (("probe", "eggroll-nodes"),),
    ),
    Invariant("FACT-9", "several nodemanagers are several nodes, in v2.0.0 too", (("check", "FED427"),)),
    Invariant(
        "FACT-10",
        "a moved peer reaches a Pulsar that knows its old address",
        (
            ("test", "tests/unit/test_invariants.py::test_a_moved_peer_is_told_to_pulsar"),
            ("probe", "pulsar-peers"),
        ),
    ),
    Invariant(
        "FACT-11",
        "the Service of Spark's master is headless",
        (
            ("probe", "spark-master-headless"),
            ("unplanned", "fedplan renders no Service of Spark: the chart does"),
        ),
    ),
    Invariant(
        "FACT-12",
        "in v2.0.0 FATE-Flow reads the routes of its broker, and there is no Spark_local",
        (
            ("check", "FED620"),
            ("check", "FED404"),
        ),
    ),
    Invariant("FATE#4695", "brokers of three parties send under names of their own", (("check", "FED228"),)),
    Invariant("FATE#5600", "the first two numbers of all parties agree", (("check", "FED402"),)),
)
"""The 94 invariants in the order of the reference, then the twelve facts and two issues."""
