"""FATE releases as data: one YAML file per published chart version, and the values made of it.

`load("v1.11.2")` reads `v1.11.2.yaml` and the releases it extends (three files at most);
`load_serving("v2.1.6")` does the same with `serving/`, one file per published chart of FATE-Serving.
A mapping is merged key by key over the one it extends, anything else replaces; a key set to null is gone.
`release.schema.json` and `serving.schema.json` describe the files and are what the tests hold them
against; nothing is validated here. Sources of the facts are named in the files.

What merely follows from the keys a chart reads (polling, load balancer addresses, external MySQL …) is
derived here and stands in no file.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FATE = "fate"
"""Name of the chart that deploys a party."""
FATE_EXCHANGE = "fate-exchange"
"""Name of the chart that deploys an exchange."""
FATE_SERVING = "fate-serving"
"""Name of the chart that deploys FATE-Serving, of a party or as an exchange."""
KUBE_CFG = "kube.cfg"
"""What the releases of generation `script` read instead of a cluster.yaml; stands in the place of a chart."""

RELEASE_NAMES: tuple[str, ...] = (
    "v1.2.0",
    "v1.3.0",
    "v1.3.0-a",
    "v1.3.0-b",
    "v1.4.0",
    "v1.4.0-a",
    "v1.4.0-b",
    "v1.4.1",
    "v1.4.1-a",
    "v1.4.2",
    "v1.4.2-b",
    "v1.4.3",
    "v1.4.4",
    "v1.4.5",
    "v1.5.0",
    "v1.5.0-a",
    "v1.5.0-b",
    "v1.5.1",
    "v1.5.2",
    "v1.5.3",
    "v1.6.0",
    "v1.6.0-a",
    "v1.6.1",
    "v1.7.0",
    "v1.7.1",
    "v1.7.1-a",
    "v1.7.2",
    "v1.8.0",
    "v1.8.1",
    "v1.9.0",
    "v1.9.1",
    "v1.9.2",
    "v1.10.0",
    "v1.11.1",
    "v1.11.2",
    "v2.0.0",
)
"""Every release that has a file, oldest first."""

SERVING_NAMES: tuple[str, ...] = ("v1.2.2", "v1.2.2-a", "v1.2.4", "v2.0.0", "v2.0.4", "v2.1.5", "v2.1.6")
"""Every chart of FATE-Serving that has a file, oldest first. They are numbered after FATE-Serving, not FATE."""

ReleaseOrder: TypeAlias = tuple[int, int, int, str]
"""Sorts releases: major, minor, patch, letter (a release without a letter comes before its letters)."""
KubernetesVersion: TypeAlias = tuple[int, int]
"""Major and minor version of Kubernetes."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The Helm chart of a party at this release.

    `version` has no leading `v` in generation `script`. `published` says whether the public chart
    repository has it; `git_tag` is KubeFATE's tag, None where the chart was published without one that is
    known.
    """

    name: str
    version: str
    published: bool
    git_tag: str | None


@dataclass(frozen=True, slots=True)
class KubeFate:
    """The KubeFATE service shipped with this release; all empty in generation `script`, which has none.

    `version` is what the service answers, `image` what kubefate.yaml deploys. `keys` are the top-level
    keys of a cluster.yaml that the service or its CLI consumes and no chart reads.
    """

    version: str
    image: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine of a release: what to write for it and which modules it takes.

    `name` is its word in federation.yaml. `module` is the module that peers dial for control, and the key
    of its block: `proxy`, `rollsite`, `osx`, or `nginx` of the Spark engines, whose data goes through
    `broker` (`rabbitmq` or `pulsar`; None where `module` carries data too). `selector` are the top-level
    keys that choose the engine (empty before 1.5; Spark's brokers share one until 1.7.0, where the modules
    tell them apart). `modules` are all modules in the order of KubeFATE's samples, `optional` those that
    may be left out, `needs` pairs (module, module it cannot do without).
    `scale_key` is the path of the number of workers, empty where nothing scales.
    """

    name: str
    module: str
    selector: tuple[tuple[str, str], ...]
    modules: tuple[str, ...]
    optional: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    scale_key: str
    broker: str | None

    @property
    def required(self) -> tuple[str, ...]:
        """Modules the engine cannot do without (mysql gives way to an external MySQL)."""
        return tuple(module for module in self.modules if module not in self.optional)


@dataclass(frozen=True, slots=True)
class ExchangeChart:
    """A chart that can be installed as an exchange, and the modules to name in it.

    `kind` is `rollsite`, `proxy` (before 1.4) or `trafficServer` (Pulsar's, with nginx for control from
    1.6.0-a on). `default_tag` is the image tag the chart falls back to (None where nothing can override
    it); it lags behind the release in fate-exchange 1.7.0 and 1.7.1.
    """

    kind: str
    chart: str
    version: str
    modules: tuple[str, ...]
    default_tag: str | None


@dataclass(frozen=True, slots=True)
class FateFlow:
    """FATE-Flow's workload and the keys of the Service that exposes it.

    `grpc_key` is None in 1.4, whose Service has the HTTP port only. Before, nothing is exposed by a key:
    `type_key` and `http_key` are empty then.
    """

    type_key: str
    http_key: str
    grpc_key: str | None
    services: tuple[str, ...]
    workload: str
    name: str
    container: str


@dataclass(frozen=True, slots=True)
class Ports:
    """Container ports, which are also the ports of the Services; 0 for what the release does not have.

    `federation` is proxy's, rollsite's or OSX's. nginx of 1.5.0 has one port, `nginx_http`. `pulsar` and
    `pulsar_tls` are the broker's own ports, `traffic_server` that of the exchange.
    """

    federation: int
    fateflow_grpc: int
    fateflow_http: int
    fateboard: int
    notebook: int
    clustermanager: int
    nodemanager: int
    mysql: int
    nginx_http: int
    nginx_grpc: int
    rabbitmq: int
    pulsar: int
    pulsar_tls: int
    traffic_server: int


@dataclass(frozen=True, slots=True)
class Hosts:
    """How a cluster.yaml names the hosts of the web interfaces.

    `dialect` is `fixed` (not configurable), `host` (`host.<interface>`) or `ingress`
    (`ingress.<interface>.hosts[].name`); FATE-Serving before 2.1.5 names one host below the module itself,
    by `ingerssHost` (sic) or `ingressHost`. `defaults` are the hosts that go live when nothing is written,
    `pattern` those of KubeFATE's samples; both pair an interface (`fateboard`, `client`, `spark`,
    `rabbitmq`, `pulsar`, each shown by the module of that name) with a host in which `{party}` stands for
    the party id.
    """

    dialect: str
    defaults: tuple[tuple[str, str], ...]
    pattern: tuple[tuple[str, str], ...]

    def key(self, interface: str) -> str | None:
        """Return the key that names an interface's hosts; None where nothing does."""
        if self.dialect == "ingress":
            return f"ingress.{interface}"
        if self.dialect == "host":
            return f"host.{interface if interface in _UNSUFFIXED else f'{interface}UI'}"
        return None if self.dialect == "fixed" else f"{interface}.{self.dialect}"


_UNSUFFIXED = frozenset(("fateboard", "client"))
"""The interfaces whose key below `host` is their own name; the others end in `UI` there."""


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """The Kubernetes versions whose API serves every object of the chart: minimum ≤ version < below.

    `ingress_api` is the Ingress version behind the limits (`v1beta1` or `v1`).
    `pod_security_policy_below` holds only for a cluster.yaml that sets podSecurityPolicy.enabled; None
    where the chart has no such key.
    """

    minimum: KubernetesVersion | None
    below: KubernetesVersion | None
    ingress_api: str
    pod_security_policy_below: KubernetesVersion | None


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a release's parties and exchanges and how their names come about.

    `names` pairs a component with `name:tag` (`trafficServer` has no tag), in the words of federation.yaml;
    `eggroll` is the image of rollsite, clustermanager and nodemanager, `fateflow` of python, and
    `fateflow-spark` and `fateflow-nn` take its place with Spark and `python.enabledNN`. `registry` is the
    chart's default, `separator` what the chart puts between registry and image name: with an empty one the
    registry must end in a slash. `suffixes` pairs a value of algorithm or device with the suffix that
    `suffixed` images take.
    """

    tag: str
    registry: str
    separator: str
    names: tuple[tuple[str, str], ...]
    suffixed: tuple[str, ...]
    suffixes: tuple[tuple[str, str], ...]

    def reference(self, component: str, algorithm: str = "Basic", device: str = "CPU") -> str:
        """Return `name:tag` of a component as the chart deploys it by default.

        Raises KeyError for a component this release has no image of.
        """
        reference = dict(self.names)[component]
        if component not in self.suffixed:
            return reference
        suffixes = dict(self.suffixes)
        name, _, tag = reference.rpartition(":")
        return f"{name}{suffixes.get(algorithm, '')}{suffixes.get(device, '')}:{tag}"


@dataclass(frozen=True, slots=True)
class ToyPlace:
    """A container in which the toy example can be started.

    `directory` is its working directory; `prepare` a command that must run there first, or empty.
    """

    workload: str
    name: str
    container: str
    directory: str
    prepare: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToyArgument:
    """An option of the toy example's command, with its default."""

    flag: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How to tell whether a toy example succeeded. Never by the exit code: it is 0 for failed jobs too.

    `rule` is `number` (the number after `success_line` lies within `tolerance` of `expected`) or `status`
    (the job's final status is `status`); fields of the other rule are None.
    """

    rule: str
    success_line: str | None
    expected: float | None
    tolerance: float | None
    status: str | None


@dataclass(frozen=True, slots=True)
class ToyOfThree:
    """The toy example as a job of three parties, which no command of FATE's starts by itself.

    Until 1.11 the guest computes with one host only (FATE: federatedml/toy_example/secure_add_guest.py sends to
    `Host[0]`; a second host would wait for ever), so the third party is the arbiter: its FATE-Flow takes the job, and
    leaves out what the module has no program for (FATE until 1.4: fate_flow/driver/task_scheduler.py, 1.5 and 1.6:
    fate_flow/utils/parameter_util.py; FATE-Flow until 1.11: fate_flow/scheduler/dag_scheduler.py,
    `need_run_components`). In 2.0 it is a second host.

    `submit` reads the first of `documents` from its input and a second from descriptor 3. `query` tells the status of
    `{job}`. In all of them `{guest}`, `{host}` and `{third}` stand for party ids.
    """

    submit: tuple[str, ...]
    query: tuple[str, ...]
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Toy:
    """FATE's toy example: command, places to run it (best first) and how to read its result.

    `command` is an argument vector in which `{guest}` and `{host}` stand for party ids; it runs on the
    guest's side. `backends` has the number that stands in it for `{backend}`, by engine.
    `timeout` is the tool's own, in seconds, and `timeout_flag` the option that sets it; some then stop the job.
    `stop` stops `{job}`, `report` tells of its tasks what they died of (empty where `command` tells it by itself).
    `three` is the example as a job of three parties.
    """

    command: tuple[str, ...]
    backends: tuple[tuple[str, int], ...]
    places: tuple[ToyPlace, ...]
    arguments: tuple[ToyArgument, ...]
    timeout: int
    timeout_flag: str | None
    timeout_stops: bool
    verdict: Verdict
    stop: tuple[str, ...]
    report: tuple[str, ...]
    three: ToyOfThree

    def argv(self, guest: int, host: int, engine: str = "eggroll") -> tuple[str, ...]:
        """Return the command with both party ids filled in, and what it calls the guest's engine."""
        ids = {"{guest}": str(guest), "{host}": str(host), "{backend}": self.backend(engine)}
        return tuple(ids.get(word, word) for word in self.command)

    def backend(self, engine: str) -> str:
        """Return the number by which the command knows an engine; empty where it asks for none."""
        return str(dict(self.backends).get(engine, ""))


@dataclass(frozen=True, slots=True)
class Credential:
    """A login the chart creates, and the keys that change it.

    `user` and `password` are the defaults that go live otherwise; None for `password` means no password
    at all. A key is None where this release offers none.
    """

    component: str
    user_key: str | None
    password_key: str | None
    user: str | None
    password: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What it takes until a change of these keys is in effect.

    `restart` names the Deployments or StatefulSets to restart, because no chart does it by itself;
    `seconds` is how often the running process looks again (after the kubelet has refreshed the file),
    None where it never does; `each_task` says that every task of a job reads the file anew.
    `restart_removed` is what must be restarted when an entry is removed, because what runs forgets nothing.
    `command` is what a person must run besides, where a process keeps what it read first; `{party}` stands
    for the id of the entry that changed.
    """

    keys: tuple[str, ...]
    restart: tuple[str, ...]
    seconds: int | None
    each_task: bool
    restart_removed: tuple[str, ...]
    command: str | None


@dataclass(frozen=True, slots=True)
class ChartDefault:
    """A default of the chart that looks alive and goes live when `key` is left out.

    `through` says for whom: `service` (KubeFATE renders values-template.yaml), `helm` (plain Helm values).
    `module` is the module without which nobody sees it, empty where it always shows.
    """

    key: str
    value: str
    through: tuple[str, ...]
    module: str


@dataclass(frozen=True, slots=True)
class ServingPorts:
    """Ports of FATE-Serving: what peers dial (`proxy_inter`), clients (`proxy_http`), FATE-Flow (`server`).

    `proxy_intra` is dialled by the party's own serving-server. `admin` and `zookeeper` are 0 before 2.0.4.
    """

    proxy_inter: int
    proxy_intra: int
    proxy_http: int
    server: int
    admin: int
    redis: int
    zookeeper: int


class _ChartKeys:
    """The key paths one chart reads, as a flat mapping from path to type (`keys` for an inner node)."""

    __slots__ = ("dead", "types")

    def __init__(self, tree: Mapping[str, Any], dead: Sequence[str]) -> None:
        self.types: dict[str, str] = {}
        self.dead = tuple(dead)
        self._flatten(tree, "")

    def _flatten(self, tree: Mapping[str, Any], prefix: str) -> None:
        for key, kind in tree.items():
            path = f"{prefix}{key}"
            if isinstance(kind, str):
                self.types[path] = kind
            elif isinstance(kind, dict):
                self.types[path] = "keys"
                self._flatten(kind, f"{path}.")
            elif isinstance(kind, list):
                self.types[path] = "items"
                self.types[f"{path}[*]"] = "keys"
                self._flatten(kind[0], f"{path}[*].")

    def reads(self, path: str) -> bool:
        if path in self.types:
            return True
        return any(self.types.get(above) in {"map", "list"} for above in _above(path))

    def is_dead(self, path: str) -> bool:
        return path in self.dead or any(above in self.dead for above in _above(path))

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple(path for path, kind in self.types.items() if kind not in {"keys", "items"})


def _above(path: str) -> list[str]:
    """Return the paths above a path, nearest first: `a.b[*].c` gives `a.b[*]`, `a.b` and `a`."""
    return [path[:end] for end in range(len(path) - 1, 0, -1) if path[end] in ".["]


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A FATE release as KubeFATE's charts deploy it. One object per name: compare with `is`.

    `generation` says what a party's file is: `script` (kube.cfg and Helm 2), `legacy` (cluster.yaml with
    module proxy) or `kubefate`. `engines` are all engines that its charts deploy and that work, eggroll first;
    `own_engines` are those that FATE has and no chart, so that only fedplan's own manifests deploy them.
    `algorithms` maps each legal algorithm to the devices it is supported on (empty before 1.9, where
    neither key exists). `exchanges` lists the charts that can be an exchange, the best of each kind first,
    those for rollsite or proxy before Pulsar's. `serving` is the version of chart fate-serving in
    KubeFATE's samples, None where none goes with the release. `storage_classes` pairs a module with the
    storage class its volume asks for when none is written and `persistence` is on: names that few clusters
    have (INV-PVC-1). `unread` are keys that the chart renders into a file that FATE does not look at.
    """

    name: str
    fate: str
    generation: str
    chart: Chart
    kubefate: KubeFate
    engines: tuple[Engine, ...]
    algorithms: tuple[tuple[str, tuple[str, ...]], ...]
    exchanges: tuple[ExchangeChart, ...]
    fateflow: FateFlow
    ports: Ports
    hosts: Hosts
    kubernetes: Kubernetes
    images: Images
    toy: Toy
    credentials: tuple[Credential, ...]
    changes: tuple[Change, ...]
    defaults: tuple[ChartDefault, ...]
    serving: str | None
    storage_classes: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]
    own_engines: tuple[Engine, ...]
    _keys: Mapping[str, _ChartKeys]

    @property
    def order(self) -> ReleaseOrder:
        """Where the release stands among the others."""
        return release_order(self.name)

    @property
    def first_two(self) -> tuple[int, int]:
        """Major and minor version of FATE: parties may differ in nothing above the patch."""
        return self.order[:2]

    def engine(self, name: str) -> Engine | None:
        """Return the engine of that name, or None where this release has none."""
        return next((engine for engine in self.engines + self.own_engines if engine.name == name), None)

    def supports(self, algorithm: str, device: str) -> bool:
        """Whether this algorithm runs on this device. True for any before the two keys existed."""
        return not self.algorithms or device in dict(self.algorithms).get(algorithm, ())

    @property
    def devices(self) -> tuple[str, ...]:
        """Every legal value of `device`, in the order the algorithms name them."""
        return tuple(dict.fromkeys(device for _, devices in self.algorithms for device in devices))

    @property
    def charts(self) -> tuple[str, ...]:
        """Charts that have a version of this release's own, and whose keys are known.

        The exchange of 2.0.0 comes from an older chart, which is none of its charts and can be asked for
        its keys all the same.
        """
        borrowed = {item.chart for item in self.exchanges if item.version != self.chart.version}
        return tuple(chart for chart in self._keys if chart not in borrowed)

    def reads(self, chart: str, path: str) -> bool:
        """Whether the chart reads this key path, a path below it, or a free-form map or list above it.

        `path` is dotted, with `[*]` for the items of a list: `rollsite.partyList[*].partyIp`.
        False for a chart that does not exist at this release.
        """
        keys = self._keys.get(chart)
        return keys is not None and keys.reads(path)

    def is_dead(self, chart: str, path: str) -> bool:
        """Whether the chart reads this path (or one above it) and yet renders nothing of it."""
        keys = self._keys.get(chart)
        return keys is not None and keys.is_dead(path)

    def kind(self, chart: str, path: str) -> str | None:
        """Return the type of a known path, `keys` or `items` for an inner one, None for an unknown one."""
        keys = self._keys.get(chart)
        return None if keys is None else keys.types.get(path)

    def leaves(self, chart: str) -> tuple[str, ...]:
        """Return every path of the chart that holds a value (a scalar, a free-form map or list)."""
        keys = self._keys.get(chart)
        return () if keys is None else keys.leaves

    @property
    def is_scripted(self) -> bool:
        """Whether one kube.cfg and a script describe all sites, instead of a cluster.yaml each."""
        return self.generation == "script"

    @property
    def module(self) -> str:
        """The federation module of the eggroll family: `proxy`, `rollsite` or `osx`."""
        return next(engine.module for engine in self.engines if engine.name == "eggroll")

    @property
    def has_polling(self) -> bool:
        """Whether a party can poll a server instead of being dialled (1.6.1 to 1.11.2)."""
        path = f"{self.module}.polling.enabled"
        return self.reads(FATE, path) and not self.is_dead(FATE, path)

    @property
    def has_load_balancing(self) -> bool:
        """Whether module lbrollsite balances over several exchanges; 2.0.0 reads its keys in vain."""
        return self.module == "rollsite" and self.reads(FATE, "lbrollsite.exchangeList")

    @property
    def has_load_balancer_ip(self) -> bool:
        """Whether the federation module's Service can ask for a load balancer address."""
        return self.reads(FATE, f"{self.module}.loadBalancerIP")

    @property
    def has_tls(self) -> bool:
        """Whether the chart has `enableTLS` and its pods start with it.

        The key mounts certificates; routes without `is_secure` stay plaintext all the same
        (components.md §0, fact 5). In 2.0.0 it breaks the pod (INV-EGG-14).
        """
        return self.module == "rollsite" and self.reads(FATE, "rollsite.enableTLS")

    @property
    def has_external_mysql(self) -> bool:
        """Whether a party can use a MySQL of its own (not in 1.5.0 to 1.6.0)."""
        return self.reads(FATE, "externalMysqlIp")

    @property
    def has_image_tag(self) -> bool:
        """Whether top-level `imageTag` overrides the tag of all FATE images (1.5.0 to 1.8.1)."""
        return self.reads(FATE, "imageTag")

    @property
    def has_ingress_class(self) -> bool:
        """Whether `ingressClassName` names the class; before 1.8.0 an annotation does."""
        return self.reads(FATE, "ingressClassName")

    @property
    def needs_own_entry(self) -> bool:
        """Whether a route table of RabbitMQ or Pulsar must name the party itself (1.6.1 and later).

        Charts before add the own entry to any table, later ones only to an empty one (INV-RMQ-2, INV-PUL-2).
        """
        return self.order >= (1, 6, 1, "")

    @property
    def has_single_nginx_port(self) -> bool:
        """Whether nginx has one port, and FATE-Flow's gRPC is dialled past it (the charts of 1.5.0; INV-NGX-3)."""
        return bool(self.ports.nginx_http) and not self.ports.nginx_grpc

    @property
    def registry_must_end_with_slash(self) -> bool:
        """Whether a registry needs a trailing slash (2.0.0) or must not have one (before)."""
        return not self.images.separator


@dataclass(frozen=True, slots=True, eq=False)
class ServingRelease:
    """One version of chart fate-serving. One object per name: compare with `is`.

    `modules` are all modules in the order of KubeFATE's samples, `optional` those that a party's cluster
    can do without (servingRedis gives way to an external Redis), `exchange_modules` what a serving exchange
    deploys. `has_type`: `servingProxy.type` must be written; charts before v2.0.4 do not read it and always
    make a NodePort (INV-SRV-8). `needs_zookeeper`: proxy and server look for serving-zookeeper:2181
    whatever is written (INV-SRV-5).
    """

    name: str
    chart: str
    version: str
    modules: tuple[str, ...]
    optional: tuple[str, ...]
    exchange_modules: tuple[str, ...]
    has_type: bool
    needs_zookeeper: bool
    ports: ServingPorts
    hosts: Hosts
    kubernetes: Kubernetes
    images: Images
    credentials: tuple[Credential, ...]
    changes: tuple[Change, ...]
    defaults: tuple[ChartDefault, ...]
    storage_classes: tuple[tuple[str, str], ...]
    _keys: _ChartKeys

    @property
    def order(self) -> ReleaseOrder:
        """Where the chart stands among the others."""
        return release_order(self.name)

    @property
    def required(self) -> tuple[str, ...]:
        """Modules that a party's FATE-Serving cannot do without."""
        return tuple(module for module in self.modules if module not in self.optional)

    def reads(self, path: str) -> bool:
        """Whether the chart reads this key path; see `Release.reads`."""
        return self._keys.reads(path)

    def is_dead(self, path: str) -> bool:
        """Whether the chart reads this path (or one above it) and yet renders nothing of it."""
        return self._keys.is_dead(path)

    def kind(self, path: str) -> str | None:
        """Return the type of a known path, `keys` or `items` for an inner one, None for an unknown one."""
        return self._keys.types.get(path)

    def leaves(self) -> tuple[str, ...]:
        """Return every path that holds a value (a scalar, a free-form map or list)."""
        return self._keys.leaves

    @property
    def has_load_balancer_ip(self) -> bool:
        """Whether the proxy's Service can ask for a load balancer address (2.1.5 and later)."""
        return self.reads("servingProxy.loadBalancerIP")

    @property
    def has_external_redis(self) -> bool:
        """Whether a Redis of one's own can be named (1.2.2-a and later)."""
        return self.reads("externalRedisIp")

    @property
    def has_image_tag(self) -> bool:
        """Whether top-level `imageTag` overrides the tag of FATE-Serving's images (2.0.0 to 2.1.5)."""
        return self.reads("imageTag")

    @property
    def has_ingress_class(self) -> bool:
        """Whether `ingressClassName` names the class (2.1.5 and later)."""
        return self.reads("ingressClassName")


def release_order(name: str) -> ReleaseOrder:
    """Return the sort key of a release name, with or without the leading `v`.

    Raises ValueError for anything that is no `MAJOR.MINOR.PATCH` with an optional `-letter`.
    """
    numbers, _, letter = name.removeprefix("v").partition("-")
    major, minor, patch = numbers.split(".")
    return int(major), int(minor), int(patch), letter


@cache
def load(name: str) -> Release | None:
    """Return the release of that name (`v1.11.2` or `1.11.2`), or None where there is no such release."""
    if not name.startswith("v"):
        return load(f"v{name}")
    return _build(document(name)) if name in RELEASE_NAMES else None


@cache
def load_serving(name: str) -> ServingRelease | None:
    """Return the chart fate-serving of that version (`v2.1.6` or `2.1.6`), or None where it was never published."""
    if not name.startswith("v"):
        return load_serving(f"v{name}")
    return _build_serving(serving_document(name)) if name in SERVING_NAMES else None


@cache
def document(name: str) -> dict[str, Any]:
    """Return a release's file merged over those it extends, without its keys that are null.

    The result is shared: read it only. Raises FileNotFoundError for a name without a file.
    """
    data = _read(f"{name}.yaml")
    above = data.pop("extends", None)
    return data if above is None else _merge(document(above), data)


@cache
def serving_document(name: str) -> dict[str, Any]:
    """Return the file of a chart fate-serving, merged as `document` does."""
    data = _read(f"serving/{name}.yaml")
    above = data.pop("extends", None)
    return data if above is None else _merge(serving_document(above), data)


def _read(name: str) -> dict[str, Any]:
    """Parse one file as it stands."""
    text = pkgutil.get_data(__name__, name)
    if text is None:
        raise FileNotFoundError(name)
    loader = _LOADER(text)
    try:
        data: dict[str, Any] = loader.get_single_data()
    finally:
        loader.dispose()
    return data


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return `above` laid over `below`: mappings key by key, null removes, anything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(old, dict):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged


def _build(data: dict[str, Any]) -> Release:
    """Turn a merged document into a release."""
    version = data["chart"]["version"]
    tag = data["images"]["tag"]
    dead = data.get("dead", {})
    kubefate = data.get("kubefate", {})
    return Release(
        name=data["name"],
        fate=data["fate"],
        generation=data["generation"],
        chart=Chart(
            name=data["chart"]["name"],
            version=version,
            published=data["chart"]["published"],
            git_tag=data["chart"].get("gitTag"),
        ),
        kubefate=KubeFate(
            version=kubefate.get("version", ""),
            image=kubefate.get("image", ""),
            keys=tuple(kubefate.get("keys", ())),
        ),
        engines=tuple(_engine(name, engine) for name, engine in data["engines"].items()),
        algorithms=tuple((algorithm, tuple(devices)) for algorithm, devices in data.get("algorithms", {}).items()),
        exchanges=tuple(_exchange(exchange, version, tag) for exchange in data.get("exchanges", ())),
        fateflow=_fateflow(data["fateflow"]),
        ports=_ports(data["ports"]),
        hosts=_hosts(data["hosts"]),
        kubernetes=_kubernetes(data["kubernetes"]),
        images=_images(data["images"], tag),
        toy=_toy(data["toy"]),
        credentials=_credentials(data["credentials"]),
        changes=_changes(data["changes"]),
        defaults=_defaults(data["defaults"]),
        serving=data.get("serving"),
        storage_classes=tuple(data.get("storageClasses", {}).items()),
        unread=tuple(data.get("unread", ())),
        own_engines=tuple(_engine(name, engine) for name, engine in data.get("ownEngines", {}).items()),
        _keys={chart: _ChartKeys(tree, dead.get(chart, ())) for chart, tree in data["keys"].items()},
    )


def _build_serving(data: dict[str, Any]) -> ServingRelease:
    """Turn a merged document into a serving release."""
    ports = data["ports"]
    return ServingRelease(
        name=data["name"],
        chart=FATE_SERVING,
        version=data["name"],
        modules=tuple(data["modules"]["all"]),
        optional=tuple(data["modules"]["optional"]),
        exchange_modules=tuple(data["modules"]["exchange"]),
        has_type=data["hasType"],
        needs_zookeeper=data["needsZookeeper"],
        ports=ServingPorts(
            proxy_inter=ports["proxyInter"],
            proxy_intra=ports["proxyIntra"],
            proxy_http=ports["proxyHttp"],
            server=ports["server"],
            admin=ports.get("admin", 0),
            redis=ports["redis"],
            zookeeper=ports.get("zookeeper", 0),
        ),
        hosts=_hosts(data["hosts"]),
        kubernetes=_kubernetes(data["kubernetes"]),
        images=_images(data["images"], data["images"]["tag"]),
        credentials=_credentials(data["credentials"]),
        changes=_changes(data["changes"]),
        defaults=_defaults(data["defaults"]),
        storage_classes=tuple(data.get("storageClasses", {}).items()),
        _keys=_ChartKeys(data["keys"], data.get("dead", ())),
    )


def _engine(name: str, data: dict[str, Any]) -> Engine:
    return Engine(
        name=name,
        module=data["module"],
        selector=tuple(data.get("selector", {}).items()),
        modules=tuple(data["modules"]["all"]),
        optional=tuple(data["modules"]["optional"]),
        needs=tuple(data["modules"].get("needs", {}).items()),
        scale_key=data.get("scaleKey", ""),
        broker=data.get("broker"),
    )


def _exchange(data: dict[str, Any], version: str, tag: str) -> ExchangeChart:
    default_tag: str | None = data.get("defaultTag")
    return ExchangeChart(
        kind=data["kind"],
        chart=data["chart"],
        version=data.get("version", version),
        modules=tuple(data["modules"]),
        default_tag=None if default_tag is None else default_tag.replace("{tag}", tag),
    )


def _fateflow(data: dict[str, Any]) -> FateFlow:
    return FateFlow(
        type_key=data.get("typeKey", ""),
        http_key=data.get("httpKey", ""),
        grpc_key=data.get("grpcKey"),
        services=tuple(data["services"]),
        workload=data["workload"],
        name=data["name"],
        container=data["container"],
    )


def _ports(data: dict[str, int]) -> Ports:
    return Ports(
        federation=data["federation"],
        fateflow_grpc=data["fateflowGrpc"],
        fateflow_http=data["fateflowHttp"],
        fateboard=data["fateboard"],
        notebook=data.get("notebook", 0),
        clustermanager=data.get("clustermanager", 0),
        nodemanager=data.get("nodemanager", 0),
        mysql=data["mysql"],
        nginx_http=data.get("nginxHttp", 0),
        nginx_grpc=data.get("nginxGrpc", 0),
        rabbitmq=data.get("rabbitmq", 0),
        pulsar=data.get("pulsar", 0),
        pulsar_tls=data.get("pulsarTls", 0),
        traffic_server=data.get("trafficServer", 0),
    )


def _hosts(data: dict[str, Any]) -> Hosts:
    return Hosts(
        dialect=data["dialect"],
        defaults=tuple(data["defaults"].items()),
        pattern=tuple(data["pattern"].items()),
    )


def _credentials(data: dict[str, Any]) -> tuple[Credential, ...]:
    return tuple(
        Credential(
            component=component,
            user_key=credential.get("userKey"),
            password_key=credential.get("passwordKey"),
            user=credential.get("user"),
            password=credential.get("password"),
        )
        for component, credential in data.items()
    )


def _changes(data: dict[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(
            keys=tuple(change["keys"]),
            restart=tuple(change.get("restart", ())),
            seconds=change.get("seconds"),
            each_task=change.get("eachTask", False),
            restart_removed=tuple(change.get("restartRemoved", ())),
            command=change.get("command"),
        )
        for change in data.values()
    )


def _defaults(data: dict[str, Any]) -> tuple[ChartDefault, ...]:
    return tuple(
        ChartDefault(
            key=key,
            value=default["value"],
            through=tuple(default["through"]),
            module=default.get("module", ""),
        )
        for key, default in data.items()
    )


def _kubernetes(data: dict[str, str]) -> Kubernetes:
    return Kubernetes(
        minimum=_kubernetes_version(data.get("minimum")),
        below=_kubernetes_version(data.get("below")),
        ingress_api=data["ingressApi"],
        pod_security_policy_below=_kubernetes_version(data.get("podSecurityPolicyBelow")),
    )


def _kubernetes_version(text: str | None) -> KubernetesVersion | None:
    if text is None:
        return None
    major, minor = text.split(".")
    return int(major), int(minor)


def _images(data: dict[str, Any], tag: str) -> Images:
    return Images(
        tag=tag,
        registry=data["registry"],
        separator=data["separator"],
        names=tuple((component, image.replace("{tag}", tag)) for component, image in data["names"].items()),
        suffixed=tuple(data.get("suffixed", ())),
        suffixes=tuple(data.get("suffixes", {}).items()),
    )


def _toy(data: dict[str, Any]) -> Toy:
    verdict = data["verdict"]
    three = data["three"]
    return Toy(
        command=tuple(data["command"]),
        backends=tuple(data.get("backends", {}).items()),
        places=tuple(
            ToyPlace(
                workload=place["workload"],
                name=place["name"],
                container=place["container"],
                directory=place["directory"],
                prepare=tuple(place.get("prepare", ())),
            )
            for place in data["places"]
        ),
        arguments=tuple(
            ToyArgument(flag=flag, default=str(argument["default"]), meaning=argument["meaning"])
            for flag, argument in data["arguments"].items()
        ),
        timeout=data["timeout"],
        timeout_flag=data.get("timeoutFlag"),
        timeout_stops=data.get("timeoutStops", False),
        verdict=Verdict(
            rule=verdict["rule"],
            success_line=verdict.get("successLine"),
            expected=verdict.get("expected"),
            tolerance=verdict.get("tolerance"),
            status=verdict.get("status"),
        ),
        stop=tuple(data["stop"]),
        report=tuple(data.get("report", ())),
        three=ToyOfThree(tuple(three["submit"]), tuple(three["query"]), tuple(three["documents"])),
    )
