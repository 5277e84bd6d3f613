"""FATE releases as data: one YAML file per published chart version, and the values made of it.

`load("v1.11.2")` reads `v1.11.2.yaml` and the releases it extends (three files at most). A mapping is
merged key by key over the one it extends, anything else replaces; a key set to null is gone.
`release.schema.json` describes the files and is what the tests hold them against; nothing is validated
here. Sources of the facts are named in the files.

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

RELEASE_NAMES: tuple[str, ...] = (
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

ReleaseOrder: TypeAlias = tuple[int, int, int, str]
"""Sorts releases: major, minor, patch, letter (a release without a letter comes before its letters)."""
KubernetesVersion: TypeAlias = tuple[int, int]
"""Major and minor version of Kubernetes."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The Helm chart of a party at this release.

    `published` says whether the public chart repository has it; `git_tag` is KubeFATE's tag, None where
    the chart was published without one that is known.
    """

    name: str
    version: str
    published: bool
    git_tag: str | None


@dataclass(frozen=True, slots=True)
class KubeFate:
    """The KubeFATE service shipped with this release.

    `version` is what the service answers, `image` what kubefate.yaml deploys. `keys` are the top-level
    keys of a cluster.yaml that the service or its CLI consumes and no chart reads.
    """

    version: str
    image: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine of a release: what to write for it and which modules it takes.

    `module` is both the federation module and the key of its block (`rollsite` or `osx`); `selector` the
    top-level keys that choose the engine (empty before 1.5); `required` and `optional` the modules in the
    order of KubeFATE's samples; `needs` pairs (module, module it cannot do without).
    `scale_key` is the path of the number of nodemanagers.
    """

    name: str
    module: str
    selector: tuple[tuple[str, str], ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    scale_key: str

    @property
    def modules(self) -> tuple[str, ...]:
        """Required and optional modules."""
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class ExchangeChart:
    """A chart that can be installed as a rollsite exchange, and the modules to name in it.

    `default_tag` is the image tag the chart falls back to (None where nothing can override it);
    it lags behind the release in fate-exchange 1.7.0 and 1.7.1.
    """

    chart: str
    version: str
    modules: tuple[str, ...]
    default_tag: str | None


@dataclass(frozen=True, slots=True)
class FateFlow:
    """FATE-Flow's workload and the keys of the Service that exposes it.

    `grpc_key` is None in 1.4, whose Service has the HTTP port only.
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
    """Container ports, which are also the ports of the Services. `federation` is rollsite's or OSX's."""

    federation: int
    fateflow_grpc: int
    fateflow_http: int
    fateboard: int
    notebook: int
    clustermanager: int
    nodemanager: int
    mysql: int


@dataclass(frozen=True, slots=True)
class Hosts:
    """How a cluster.yaml names the hosts of the web interfaces.

    `dialect` is `fixed` (not configurable), `host` (`host.<interface>`) or `ingress`
    (`ingress.<interface>.hosts[].name`). `defaults` are the hosts that go live when nothing is written,
    `pattern` those of KubeFATE's samples; both pair an interface (`fateboard`, `client`) with a host in
    which `{party}` stands for the party id.
    """

    dialect: str
    defaults: tuple[tuple[str, str], ...]
    pattern: tuple[tuple[str, str], ...]


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
    """The images of the release's eggroll parties and how their names come about.

    `names` pairs a component with `name:tag`. `registry` is the chart's default, `separator` what the
    chart puts between registry and image name: with an empty one the registry must end in a slash.
    `suffixes` pairs a value of algorithm or device with the suffix that `suffixed` images take.
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
class Toy:
    """FATE's toy example: command, places to run it (best first) and how to read its result.

    `command` is an argument vector in which `{guest}` and `{host}` stand for party ids; it runs on the
    guest's side. `timeout` is the tool's own, in seconds, and `timeout_flag` the option that sets it.
    """

    command: tuple[str, ...]
    places: tuple[ToyPlace, ...]
    arguments: tuple[ToyArgument, ...]
    timeout: int
    timeout_flag: str | None
    verdict: Verdict

    def argv(self, guest: int, host: int) -> tuple[str, ...]:
        """Return the command with both party ids filled in."""
        ids = {"{guest}": str(guest), "{host}": str(host)}
        return tuple(ids.get(word, word) for word in self.command)


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
    None where it never does.
    """

    keys: tuple[str, ...]
    restart: tuple[str, ...]
    seconds: int | None


@dataclass(frozen=True, slots=True)
class ChartDefault:
    """A default of the chart that looks alive and goes live when `key` is left out.

    `through` says for whom: `service` (KubeFATE renders values-template.yaml), `helm` (plain Helm values).
    """

    key: str
    value: str
    through: tuple[str, ...]


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

    `algorithms` maps each legal algorithm to the devices it is supported on (empty before 1.9, where
    neither key exists). `exchanges` lists the charts that can be a rollsite exchange, best first.
    """

    name: str
    fate: str
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
        return next((engine for engine in self.engines if engine.name == name), None)

    def supports(self, algorithm: str, device: str) -> bool:
        """Whether this algorithm runs on this device. True for any before the two keys existed."""
        return not self.algorithms or device in dict(self.algorithms).get(algorithm, ())

    @property
    def devices(self) -> tuple[str, ...]:
        """Every legal value of `device`, in the order the algorithms name them."""
        return tuple(dict.fromkeys(device for _, devices in self.algorithms for device in devices))

    @property
    def charts(self) -> tuple[str, ...]:
        """Charts whose keys are known at this release."""
        return tuple(self._keys)

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
    def module(self) -> str:
        """The federation module of the eggroll family: `rollsite` or `osx`."""
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
    def registry_must_end_with_slash(self) -> bool:
        """Whether a registry needs a trailing slash (2.0.0) or must not have one (before)."""
        return not self.images.separator


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
def document(name: str) -> dict[str, Any]:
    """Return a release's file merged over those it extends, without its keys that are null.

    The result is shared: read it only. Raises FileNotFoundError for a name without a file.
    """
    data = _read(name)
    above = data.pop("extends", None)
    return data if above is None else _merge(document(above), data)


def _read(name: str) -> dict[str, Any]:
    """Parse one release file as it stands."""
    text = pkgutil.get_data(__name__, f"{name}.yaml")
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
    return Release(
        name=data["name"],
        fate=data["fate"],
        chart=Chart(
            name=data["chart"]["name"],
            version=version,
            published=data["chart"]["published"],
            git_tag=data["chart"].get("gitTag"),
        ),
        kubefate=KubeFate(
            version=data["kubefate"]["version"],
            image=data["kubefate"]["image"],
            keys=tuple(data["kubefate"]["keys"]),
        ),
        engines=tuple(_engine(name, engine) for name, engine in data["engines"].items()),
        algorithms=tuple((algorithm, tuple(devices)) for algorithm, devices in data.get("algorithms", {}).items()),
        exchanges=tuple(
            ExchangeChart(
                chart=exchange["chart"],
                version=version,
                modules=tuple(exchange["modules"]),
                default_tag=exchange.get("defaultTag"),
            )
            for exchange in data.get("exchanges", ())
        ),
        fateflow=_fateflow(data["fateflow"]),
        ports=_ports(data["ports"]),
        hosts=Hosts(
            dialect=data["hosts"]["dialect"],
            defaults=tuple(data["hosts"]["defaults"].items()),
            pattern=tuple(data["hosts"]["pattern"].items()),
        ),
        kubernetes=_kubernetes(data["kubernetes"]),
        images=_images(data["images"], tag),
        toy=_toy(data["toy"]),
        credentials=tuple(
            Credential(
                component=component,
                user_key=credential.get("userKey"),
                password_key=credential.get("passwordKey"),
                user=credential.get("user"),
                password=credential.get("password"),
            )
            for component, credential in data["credentials"].items()
        ),
        changes=tuple(
            Change(
                keys=tuple(change["keys"]),
                restart=tuple(change.get("restart", ())),
                seconds=change.get("seconds"),
            )
            for change in data["changes"].values()
        ),
        defaults=tuple(
            ChartDefault(key=key, value=default["value"], through=tuple(default["through"]))
            for key, default in data["defaults"].items()
        ),
        _keys={chart: _ChartKeys(tree, dead.get(chart, ())) for chart, tree in data["keys"].items()},
    )


def _engine(name: str, data: dict[str, Any]) -> Engine:
    return Engine(
        name=name,
        module=data["module"],
        selector=tuple(data.get("selector", {}).items()),
        required=tuple(data["modules"]["required"]),
        optional=tuple(data["modules"]["optional"]),
        needs=tuple(data["modules"].get("needs", {}).items()),
        scale_key=data["scaleKey"],
    )


def _fateflow(data: dict[str, Any]) -> FateFlow:
    return FateFlow(
        type_key=data["typeKey"],
        http_key=data["httpKey"],
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
        notebook=data["notebook"],
        clustermanager=data["clustermanager"],
        nodemanager=data["nodemanager"],
        mysql=data["mysql"],
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
    return Toy(
        command=tuple(data["command"]),
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
        verdict=Verdict(
            rule=verdict["rule"],
            success_line=verdict.get("successLine"),
            expected=verdict.get("expected"),
            tolerance=verdict.get("tolerance"),
            status=verdict.get("status"),
        ),
    )
