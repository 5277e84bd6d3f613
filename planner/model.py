"""The federation as values: what federation.yaml says, with every default filled in.

The model still speaks the user's words.
Ports, endpoints and route tables are worked out later, in `ports`, `routes` and `plan`.
`path` fields hold the key path a value was read from; two models compare equal wherever they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from planner.diagnostics import KeyPath

SiteKind = Literal["party", "exchange"]
NODE_PORT_RANGE: Final = (30000, 32767)
"""NodePort range of a Kubernetes cluster that sets none (kube-apiserver's own default)."""

ENGINE_TRIPLES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "spark_rabbitmq": ("Spark", "RabbitMQ", "HDFS"),
        "spark_pulsar": ("Spark", "Pulsar", "HDFS"),
        "spark_local_rabbitmq": ("Spark_local", "RabbitMQ", "LocalFS"),
        "spark_local_pulsar": ("Spark_local", "Pulsar", "LocalFS"),
        "standalone_rabbitmq": ("Standalone", "RabbitMQ", "Standalone"),
    }
)
"""Engine words that mean the same triple in every release; `eggroll` depends on the release."""


@dataclass(frozen=True, slots=True)
class Service:
    """The KubeFATE service of a site's cluster. `password` and `ca` are references, never values."""

    url: str
    user: str | None
    password: str | None
    ca: str | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kubernetes cluster that sites are placed on.

    `context` is the kubeconfig's by which it is reached, `server` the URL of its API server: apply refuses a context
    that leads elsewhere.
    """

    name: str
    address: str
    node_ports: tuple[int, int] = NODE_PORT_RANGE
    kubernetes: tuple[int, int] | None = None
    storage_class: str | None = None
    context: str | None = None
    server: str | None = None
    service: Service | None = None
    path: KeyPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Exposure:
    """How peers reach a site: a Service type, and the address of its own that a load balancer has.

    `addresses` holds those of components that have a load balancer of their own.
    """

    type: Literal["NodePort", "LoadBalancer", "ClusterIP"] = "NodePort"
    address: str | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)

    def address_of(self, component: str) -> str:
        """The load balancer's address that a component is behind; empty where there is none.

        Pulsar's TLS port is a port of Pulsar's Service too, whether it has a load balancer of its own or not.
        """
        inherited = self.addresses.get("pulsar") if component == "pulsarTls" else None
        return self.addresses.get(component) or inherited or self.address or ""


@dataclass(frozen=True, slots=True)
class Engine:
    """A party's engines: the word the user wrote, or the triple they spelled out."""

    word: str | None = "eggroll"
    triple: tuple[str, str, str] | None = None

    @property
    def federation(self) -> str:
        """The federation engine that the word or the triple names; OSX counts as Eggroll, empty for an unknown word."""
        if self.triple is None and self.word == "eggroll":
            return "Eggroll"
        triple = self.triple or ENGINE_TRIPLES.get(self.word or "", ("", "", ""))
        return "Eggroll" if triple[1] == "OSX" else triple[1]


@dataclass(frozen=True, slots=True)
class Mysql:
    """An external MySQL; the password is a reference."""

    host: str
    port: int
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Redis:
    """An external Redis; the password is a reference."""

    host: str
    port: int
    password: str


@dataclass(frozen=True, slots=True)
class Nfs:
    """The NFS share that keeps the data of a party's MySQL and Redis (v1.2.0 and v1.3.0)."""

    server: str
    path: str


@dataclass(frozen=True, slots=True)
class Ingress:
    """User interface hosts: `hosts` maps a component to its settings (hosts, tlsSecret, annotations)."""

    domain: str = "example.com"
    ingress_class: str | None = None
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serving:
    """FATE-Serving beside a party's training: a KubeFATE cluster of its own, on the same Kubernetes cluster.

    `release` is the version of chart fate-serving, None for the one that goes with the party's release.
    `adapters` maps `single`, `batch` and `url` to what federation.yaml gives.
    `given` holds the keys that federation.yaml gives for this site, itself or by `defaults`.
    """

    name: str
    namespace: str
    release: str | None = None
    modules: tuple[str, ...] | None = None
    exposure: Exposure = Exposure()
    ingress: Ingress = Ingress()
    redis: Redis | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    persistence: bool = False
    storage: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cache: str | None = None
    adapters: Mapping[str, str] = field(default_factory=dict)
    use_registry: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Site:
    """A party or an exchange: one place one operator runs, on one target.

    `key` names the site everywhere in the program and is its folder's name in `out/` (`party-9999`, `exchange-hub`).
    An exchange without an `id` gets one when it is planned. `nginx` says how peers' nginx reaches a party's FATE-Flow;
    not said, it is relayed where the release can. `dmz` is the address of the host that runs its proxy, `tenant` is its
    tenant in Pulsar. `domain` is what follows a party's id in the names by which an exchange knows the parties' Pulsar.
    `inherited` holds the top-level keys whose values come from `defaults`.
    """

    kind: SiteKind
    key: str
    id: int | None
    name: str
    cluster: str
    namespace: str
    release: str
    path: KeyPath = field(default=(), compare=False)
    target: str = "kubefate"
    charts: str | None = None
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    engine: Engine = Engine()
    algorithm: str = "Basic"
    device: str = "CPU"
    modules: tuple[str, ...] | None = None
    pins: Mapping[str, int] = field(default_factory=dict)
    exposure: Exposure = Exposure()
    fateflow: str = "NodePort"
    tls: bool = False
    polling: str | None = None
    exchange_kind: str | None = None
    upstream: str | None = None
    ingress: Ingress = Ingress()
    registry: str | None = None
    image_tag: str | None = None
    pull_policy: str | None = None
    pull_secrets: tuple[str, ...] = ()
    persistence: bool = False
    storage: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mysql: Mysql | None = None
    nfs: Nfs | None = None
    dmz: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    serving: Serving | None = None
    nginx: Literal["relay", "direct"] | None = None
    tenant: str | None = None
    domain: str = "fate.org"
    istio: bool = False
    pod_security_policy: bool = False
    network_policies: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The site as a user names it: `party 9999` or `exchange hub`."""
        return self.key.replace("-", " ", 1)


@dataclass(frozen=True, slots=True)
class Mesh:
    """Parties that dial each other directly."""

    members: tuple[int, ...]
    path: KeyPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Star:
    """Parties that talk through exchanges.

    `groups` maps an exchange (its site key) to the parties that dial it; several groups forward to each other.
    `balanced` holds the site keys of exchanges that every member balances its load over; then `groups` is empty
    and `pool` holds the members. `has_spare_through` marks a `through` beside groups, where it means nothing.
    """

    groups: tuple[tuple[str, tuple[int, ...]], ...] = ()
    balanced: tuple[str, ...] = ()
    pool: tuple[int, ...] = ()
    has_spare_through: bool = False
    path: KeyPath = field(default=(), compare=False)

    @property
    def members(self) -> tuple[int, ...]:
        """All parties of the star."""
        return self.pool + tuple(member for _, members in self.groups for member in members)

    @property
    def exchanges(self) -> tuple[str, ...]:
        """All exchanges of the star, as site keys."""
        return self.balanced + tuple(exchange for exchange, _ in self.groups)


@dataclass(frozen=True, slots=True)
class Links:
    """Single pairs of parties that dial each other directly."""

    pairs: tuple[tuple[int, int], ...]
    path: KeyPath = field(default=(), compare=False)


Shape = Mesh | Star | Links


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parties, as written under `never`."""

    first: int
    second: int
    path: KeyPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A pair that must be able to talk, through the exchange `via` (a site key) if one is named."""

    first: int
    second: int
    via: str | None
    path: KeyPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class RouteOverride:
    """`source` reaches `target` (both site keys) at an address or ports of its own.

    `port` is the one of rollsite, OSX or proxy; `ports` names others, as under a site's `ports`.
    """

    source: str
    target: str
    address: str | None
    port: int | None
    path: KeyPath = field(default=(), compare=False)
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Federation:
    """All sites of one federation.yaml, and who must talk with whom.

    `complete` is false when parts of the file were unreadable and left out. `lost` names the lists (`clusters`,
    `parties`, `exchanges`) of which whole items are missing: a name of theirs that nothing declares is then no finding.
    `defaults` is what sites inherit, as written; the sites have it already.
    """

    name: str
    release: str
    shapes: tuple[Shape, ...]
    clusters: tuple[Cluster, ...]
    parties: tuple[Site, ...]
    exchanges: tuple[Site, ...] = ()
    never: tuple[Pair, ...] = ()
    expects: tuple[Expectation, ...] = ()
    routes: tuple[RouteOverride, ...] = ()
    complete: bool = True
    lost: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Exchanges first, then parties: the order in which they are applied."""
        return self.exchanges + self.parties


def party_key(party_id: int) -> str:
    """Site key of a party."""
    return f"party-{party_id}"


def exchange_key(name: str) -> str:
    """Site key of an exchange."""
    return f"exchange-{name}"
