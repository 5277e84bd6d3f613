"""The settings of a cluster.yaml in federation.yaml's words.

What a chart of that release does not read is left out here: nothing comes of it, and the proof says so. A key without a
word of its own is left out as well: `fitting` finds it in the difference, and puts it under `overrides`.
Keys: reference cluster-yaml.md section 4, and the release data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from planner.diagnostics import KeyPath
from planner.hosts import INTERFACES, SERVING_INTERFACES
from planner.releases import FATE_SERVING, Credential, Engine, Hosts, Release, ServingRelease
from planner.secret_references import is_placeholder
from renderers.importing.drafts import Draft, Origin, Service
from renderers.importing.specs import Role, Spec, is_blank, items, mapping, number_of, text_of

Reads = Callable[[str], bool]
SecretFound = Callable[[Spec, KeyPath, str], None]
"""Told of every secret that became a reference: where it stood, and the reference."""

COMPONENTS: Final[Mapping[str, KeyPath]] = {
    **{
        name: (name,)
        for name in (
            "proxy", "rollsite", "lbrollsite", "osx", "egg", "roll", "federation", "metaService", "redis",
            "clustermanager", "nodemanager", "mysql", "python", "fateboard", "client", "nginx", "rabbitmq", "pulsar",
            "trafficServer",
        )
    },
    "sparkMaster": ("spark", "master"),
    "sparkWorker": ("spark", "worker"),
    "namenode": ("hdfs", "namenode"),
    "datanode": ("hdfs", "datanode"),
}  # fmt: skip
"""Components by their words: the path of each one's block in a cluster.yaml."""
SERVING_COMPONENTS: Final = ("servingProxy", "servingServer", "servingRedis", "servingZookeeper", "servingAdmin")
_EXCHANGE_COMPONENTS: Final = ("proxy", "rollsite", "osx", "nginx", "trafficServer", "servingProxy", "servingZookeeper")
_STORAGE: Final = ("storageClass", "existingClaim", "size", "accessMode", "subPath")
_SPARK_IMAGES: Final = {"Image": "image", "ImageTag": "imageTag"}
"""Keys of Spark's halves until v1.11.2, and the words for them."""
_QUANTITY: Final = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_SIMPLE: Final = ("imageTag",)
_FLAGS: Final[Mapping[str, KeyPath]] = {
    "istio": ("istio", "enabled"),
    "podSecurityPolicy": ("podSecurityPolicy", "enabled"),
}
_TRAINING_LOGINS: Final[Mapping[str, tuple[str, KeyPath]]] = {
    "mysql": ("mysql", ("mysql", "password")),
    "fateboard": ("fateboard", ("fateboard", "password")),
    "notebook": ("notebook", ("client", "notebook_hashed_password")),
}
_SERVING_LOGINS: Final[Mapping[str, tuple[str, KeyPath]]] = {
    "redis": ("servingRedis", ("servingRedis", "password")),
    "admin": ("servingAdmin", ("servingAdmin", "password")),
}
"""Keys of `credentials`: the login in the release data, and the key that holds its password."""
DEFAULT_MYSQL: Final = {"host": "mysql", "port": 3306, "database": "eggroll_meta", "user": "fate"}
"""What the templates of chart fate fill in for an external MySQL (reference: cluster-yaml.md section 4.1)."""


class Translator:
    """Puts the settings of one spec into the words of its site."""

    def __init__(self, draft: Draft, spec: Spec, reads: Reads, prefix: KeyPath, on_secret: SecretFound) -> None:
        """Write below `prefix` of the site what the chart, asked by `reads`, would read of `spec`."""
        self.draft = draft
        self.spec = spec
        self._reads = reads
        self._prefix = prefix
        self._on_secret = on_secret

    def put(self, word: KeyPath, value: Any, source: KeyPath) -> None:
        """Say `value`, which stands at `source`, with the word of federation.yaml."""
        self.draft.words.put((*self._prefix, *word), value, Origin(self.spec.source, source))

    def switch_on(self, word: KeyPath, source: KeyPath) -> None:
        """Say `true` with a word of federation.yaml."""
        self.put(word, value=True, source=source)

    def reads(self, path: KeyPath) -> bool:
        """Whether the chart reads a key."""
        return self._reads(".".join(map(str, path)))

    def given(self, path: KeyPath) -> Any:
        """What stands at a key that the chart reads; None where nothing does, or nothing that means anything."""
        value = self.spec.get(*path)
        return None if is_blank(value) or not self.reads(path) else value

    def images(self) -> None:
        """Where images come from, which a serving cluster has from its party."""
        for key in ("registry", "pullPolicy"):
            value = self.given((key,))
            if value is not None:
                self.put((key,), value, (key,))
        names = [
            name for item in items(self.spec.get("imagePullSecrets")) if (name := text_of(mapping(item).get("name")))
        ]
        if names and self.reads(("imagePullSecrets",)):
            self.put(("imagePullSecrets",), list(dict.fromkeys(names)), ("imagePullSecrets",))

    def simple(self) -> None:
        """Settings that a key and a word have alike."""
        self.images()
        for key in _SIMPLE:
            value = self.given((key,))
            if value is not None:
                self.put((key,), value, (key,))
        for word, path in _FLAGS.items():
            if self.given(path) is True:
                self.switch_on((word,), path)

    def components(self, components: Mapping[str, KeyPath]) -> None:
        """Placement, resources and volumes."""
        for word, path in components.items():
            block = self.spec.block(*path)
            for key, value in block.items():
                where = (*path, key)
                if self.given(where) is None:
                    continue
                if key in {"replicas", "count"} and type(value) is int and value > 0:
                    self.put(("components", word, "replicas"), value, where)
                elif (key == "sessionProcessorsPerNode" and type(value) is int and value > 0) or _is_placement(
                    key, value
                ):
                    self.put(("components", word, key), value, where)
                elif key in _SPARK_IMAGES and isinstance(value, str):
                    self.put(("components", word, _SPARK_IMAGES[key]), value, where)
                elif key in _STORAGE and isinstance(value, str) and (key != "size" or _QUANTITY.fullmatch(value)):
                    self.put(("components", word, "storage", key), value, where)

    def credentials(self, logins: Mapping[str, tuple[str, KeyPath]], known: tuple[Credential, ...]) -> None:
        """Passwords that are not KubeFATE's published ones become references."""
        for word, (component, path) in logins.items():
            password = self.given(path)
            published = next((each.password for each in known if each.component == component), None)
            if password is not None and str(password) != published:
                self.secret(("credentials", word), path, f"{component}_PASSWORD")

    def secret(self, word: KeyPath, path: KeyPath, name: str) -> None:
        """Put a reference in the place of a secret; one that is a reference's place already keeps its own."""
        value = self.spec.get(*path)
        if is_placeholder(value):
            self.put(word, str(value)[len("${secret:") : -1], path)
            return
        reference = f"env:{variable(self.draft, name)}"
        self.put(word, reference, path)
        self._on_secret(self.spec, path, reference)

    def ingress(self, interfaces: Mapping[str, str], hosts: Hosts) -> None:
        """Hosts of the user interfaces, where they are not the ones that are made of the party id."""
        for word, name in interfaces.items():
            key = hosts.key(word)
            if key is None:
                continue
            path: KeyPath = tuple(key.split("."))
            block = self.spec.block(*path)
            found = [text_of(mapping(item).get("name")) for item in items(block.get("hosts"))]
            single = self.spec.get(*path)
            if isinstance(single, str):
                found = [single]
            if not found or not all(found) or not self.reads(path):
                continue
            extra: dict[str, Any] = {}
            secrets = {text_of(mapping(item).get("secretName")) for item in items(block.get("tls"))}
            if len(secrets) == 1 and all(secrets):
                extra["tlsSecret"] = secrets.pop()
            annotations = {
                key: value
                for key, value in mapping(block.get("annotations")).items()
                if isinstance(value, str) and (key, value) != ("kubernetes.io/ingress.class", "nginx")
            }
            if annotations:
                extra["annotations"] = annotations
            if extra or found != [f"party{self.draft.id}.{name}.example.com"]:
                self.put(("ingress", word), {"hosts": found, **extra}, path)


def _is_placement(key: str, value: Any) -> bool:
    if key == "nodeSelector":
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if key == "tolerations":
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    if key == "resources":
        return isinstance(value, dict) and value.keys() <= {"requests", "limits"}
    if key == "affinity":
        return isinstance(value, dict)
    return key in {"image", "imageTag"} and isinstance(value, str)


def variable(draft: Draft, name: str) -> str:
    """Name of the environment variable for a secret of a site: `FATE_9999_MYSQL_PASSWORD`."""
    who = str(draft.id) if draft.is_party else f"EXCHANGE_{draft.name}"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", f"FATE_{who}_{name}")
    return re.sub(r"[^A-Za-z0-9]+", "_", words).upper().strip("_")


# ---------------------------------------------------------------------------------------------------------------------
# One function for each kind of file


def training_words(draft: Draft, spec: Spec, release: Release, on_secret: SecretFound) -> None:
    """The settings of a party's training."""

    def reads(path: str) -> bool:
        return release.reads(spec.chart, path) and not release.is_dead(spec.chart, path)

    to = Translator(draft, spec, reads, (), on_secret)
    _identity(to, f"fate-{draft.id}")
    to.simple()
    if to.given(("persistence",)) is True:
        to.switch_on(("persistence",), ("persistence",))
    _engine(to, spec, release)
    for key in ("algorithm", "device"):
        value = to.given((key,))
        if value is not None and value != {"algorithm": "Basic", "device": "CPU"}[key]:
            to.put((key,), value, (key,))
    if to.given(("rollsite", "enableTLS")) is True:
        to.switch_on(("tls",), ("rollsite", "enableTLS"))
    tenant = to.given(("python", "pulsar", "tenant"))
    if isinstance(tenant, str) and tenant != "fl-tenant":
        to.put(("pulsar", "tenant"), tenant, ("python", "pulsar", "tenant"))
    if to.given(("serving", "useRegistry")) is True and draft.serving is not None:
        to.switch_on(("serving", "useRegistry"), ("serving", "useRegistry"))
    _ingress(to, release)
    to.components({word: path for word, path in COMPONENTS.items() if word != "trafficServer"})
    to.credentials(_TRAINING_LOGINS, release.credentials)
    _external_mysql(to, spec, release)
    draft.services += _training_services(spec, release)


def serving_words(draft: Draft, spec: Spec, serving: ServingRelease, on_secret: SecretFound) -> None:
    """The settings of a party's FATE-Serving."""
    to = Translator(draft, spec, serving.reads, ("serving",), on_secret)
    draft.words.data.setdefault("serving", {})
    draft.words.origins[("serving",)] = Origin(spec.source, ("chartVersion",))
    _identity(to, f"fate-serving-{draft.id}", namespace_follows=True)
    default = list(serving.modules)
    external = spec.get("externalRedisIp")
    if not is_blank(external) and external != "serving-redis" and serving.has_external_redis:
        default = [name for name in default if name != "servingRedis"]
        port = number_of(spec.get("externalRedisPort"))
        to.put(("redis", "host"), external, ("externalRedisIp",))
        if port is not None and port != 6379:  # noqa: PLR2004 - Redis' own port
            to.put(("redis", "port"), port, ("externalRedisPort",))
        to.secret(("redis", "password"), ("externalRedisPassword",), "redis_password")
    if spec.modules and set(spec.modules) != set(default):
        to.put(("modules",), list(dict.fromkeys(spec.modules)), ("modules",))
    if to.given(("persistence",)) is True:
        to.switch_on(("persistence",), ("persistence",))
    to.components({name: (name,) for name in SERVING_COMPONENTS})
    to.credentials(_SERVING_LOGINS, serving.credentials)
    cache = to.given(("servingServer", "cacheType"))
    if cache in {"local", "redis"}:
        to.put(("cache",), cache, ("servingServer", "cacheType"))
    for word, key in {"single": "singleAdaptor", "batch": "batchAdaptor", "url": "AdapterURL"}.items():
        value = to.given(("servingServer", key))
        if isinstance(value, str):
            to.put(("adapters", word), value, ("servingServer", key))
    to.ingress(SERVING_INTERFACES, serving.hosts)
    if draft.training is None:
        Translator(draft, spec, serving.reads, (), on_secret).images()
    draft.services += _serving_services(spec, serving)


def exchange_words(
    draft: Draft, spec: Spec, release: Release | None, serving: ServingRelease | None, on_secret: SecretFound
) -> None:
    """The settings of an exchange."""

    def reads(path: str) -> bool:
        if spec.chart == FATE_SERVING:
            return serving is not None and serving.reads(path)
        return release is not None and release.reads(spec.chart, path)

    to = Translator(draft, spec, reads, (), on_secret)
    to.put(("name",), draft.name, ("name",))
    if spec.namespace and spec.namespace != f"fate-{draft.name}":
        to.put(("namespace",), spec.namespace, ("namespace",))
    to.put(("kind",), draft.kind, ("modules",))
    if spec.party is not None and spec.party > 0:
        to.put(("id",), spec.party, ("partyId",))
    to.simple()
    if to.given(("persistence",)) is True:
        to.switch_on(("persistence",), ("persistence",))
    if to.given(("rollsite", "enableTLS")) is True:
        to.switch_on(("tls",), ("rollsite", "enableTLS"))
    to.components({name: (name,) for name in _EXCHANGE_COMPONENTS})
    if serving is not None:
        _ingress_class(to)
        to.ingress({"servingProxy": SERVING_INTERFACES["servingProxy"]}, serving.hosts)
        draft.services += _serving_services(spec, serving)
    elif release is not None:
        draft.services += _exchange_services(spec)


def _identity(to: Translator, name: str, *, namespace_follows: bool = False) -> None:
    """Name and namespace, where they are not what federation.yaml makes of the id."""
    spec = to.spec
    if spec.name and spec.name != name:
        to.put(("name",), spec.name, ("name",))
    if spec.namespace and spec.namespace != (spec.name if namespace_follows and spec.name else name):
        to.put(("namespace",), spec.namespace, ("namespace",))


def _engine(to: Translator, spec: Spec, release: Release) -> None:
    """The engine, by the keys that choose it and the modules that tell brokers apart, and the modules."""
    found = engine_of(spec, release)
    triple = {key: spec.get(key) for key in ("computing", "federation", "storage")}
    selects = any(spec.get(key) is not None for engine in release.engines for key, _ in engine.selector)
    key = "computing" if not is_blank(triple["computing"]) else "backend"
    if found is not None:
        if found.name != "eggroll":
            to.put(("engine",), found.name, (key,) if selects else ("modules",))
    elif selects and all(isinstance(value, str) and value for value in triple.values()):
        to.put(("engine",), triple, ("computing",))
    elif selects:
        to.put(("engine",), spec.get(key), (key,))
    default = set(default_modules(to.draft, spec, release, found))
    if spec.modules and set(spec.modules) != default:
        to.put(("modules",), list(dict.fromkeys(spec.modules)), ("modules",))


def engine_of(spec: Spec, release: Release) -> Engine | None:
    """The engine of a release that a spec chooses; None for one that the release does not have."""
    modules = set(spec.modules)
    candidates = [engine for engine in release.engines if all(spec.get(key) == value for key, value in engine.selector)]
    if not any(spec.get(key) is not None for engine in release.engines for key, _ in engine.selector):
        candidates = list(release.engines)
        if not modules:
            return candidates[0] if candidates else None
    if len(candidates) > 1 and modules:
        fitting = [engine for engine in candidates if (engine.broker or engine.module) in modules]
        fitting = [engine for engine in fitting if ("spark" in engine.modules) == ("spark" in modules)] or fitting
        candidates = fitting or candidates
    return candidates[0] if candidates else None


def nearest_engine(value: Any) -> str:
    """The word for an engine that a release does not have as it is written: by its computing and its broker."""
    if isinstance(value, Mapping):
        computing, broker = str(value.get("computing", "")).lower(), str(value.get("federation", "")).lower()
        if computing.startswith("spark") and broker in {"pulsar", "rabbitmq"}:
            return f"{computing}_{broker}"
        return "eggroll"
    return str(value)


def default_modules(draft: Draft, spec: Spec, release: Release, engine: Engine | None) -> tuple[str, ...]:
    """The modules that federation.yaml stands for when it names none."""
    if engine is None:
        return ()
    modules = engine.modules
    if _has_external_mysql(spec, release):
        modules = tuple(name for name in modules if name != "mysql")
    if any(len(table.defaults) > 1 for table in draft.dialled.values()) and "lbrollsite" in spec.modules:
        modules = tuple("lbrollsite" if name == "rollsite" else name for name in modules)
    return modules


def _has_external_mysql(spec: Spec, release: Release) -> bool:
    host = spec.get("externalMysqlIp")
    return release.has_external_mysql and isinstance(host, str) and bool(host) and "mysql" not in spec.modules


def _external_mysql(to: Translator, spec: Spec, release: Release) -> None:
    if not _has_external_mysql(spec, release):
        return
    for word, key in {"Ip": "host", "Port": "port", "Database": "database", "User": "user"}.items():
        path: KeyPath = (f"externalMysql{word}",)
        value = spec.get(*path)
        value = number_of(value) if key == "port" and not is_blank(value) else value
        if key != "port" or (value is not None and value != DEFAULT_MYSQL["port"]):
            to.put(("mysql", key), DEFAULT_MYSQL[key] if is_blank(value) else value, path)
    to.secret(("mysql", "password"), ("externalMysqlPassword",), "mysql_password")


def _ingress_class(to: Translator) -> None:
    name = to.given(("ingressClassName",))
    if isinstance(name, str) and name != "nginx":
        to.put(("ingress", "class"), name, ("ingressClassName",))


def _ingress(to: Translator, release: Release) -> None:
    _ingress_class(to)
    if release.hosts.dialect == "fixed":
        return
    to.ingress(INTERFACES, release.hosts)


# ---------------------------------------------------------------------------------------------------------------------
# How each component is exposed


def _training_services(spec: Spec, release: Release) -> Iterator[Service]:
    modules = set(spec.modules)
    for block in ("lbrollsite", "rollsite", "osx", "proxy"):
        if block in modules or (block in spec.data and not modules):
            name = "rollsite" if block == "lbrollsite" else block
            yield _service(spec, name, (block,), {name: "nodePort"})
            break
    if "python" in spec.data or not modules or "python" in modules:
        flow = release.fateflow
        keys = {"fateflowHttp": flow.http_key, "fateflowGrpc": flow.grpc_key or ""}
        if flow.type_key:
            ports = {name: key.partition(".")[2] for name, key in keys.items() if key}
            yield _service(spec, "python", ("python",), ports, flow.type_key.partition(".")[2])
    if "nginx" in modules:
        if release.reads(spec.chart, "nginx.httpNodePort"):
            yield _service(spec, "nginx", ("nginx",), {"nginxHttp": "httpNodePort", "nginxGrpc": "grpcNodePort"})
        else:
            yield _service(spec, "nginx", ("nginx",), {"nginxHttp": "nodePort"})
    if "rabbitmq" in modules:
        yield _service(spec, "rabbitmq", ("rabbitmq",), {"rabbitmq": "nodePort"})
    if "pulsar" in modules:
        yield _service(spec, "pulsar", ("pulsar",), {"pulsar": "httpNodePort", "pulsarTls": "httpsNodePort"})


def _exchange_services(spec: Spec) -> Iterator[Service]:
    for block in ("rollsite", "osx", "proxy", "trafficServer"):
        if block in spec.data:
            yield _service(spec, block, (block,), {block: "nodePort"})
    if "nginx" in spec.data:
        yield _service(spec, "nginx", ("nginx",), {"nginxHttp": "httpNodePort", "nginxGrpc": "grpcNodePort"})


def _serving_services(spec: Spec, serving: ServingRelease) -> Iterator[Service]:
    default = "ClusterIP" if serving.has_type else "NodePort"
    yield _service(spec, "servingProxy", ("servingProxy",), {"servingProxy": "nodePort"}, default=default)
    if spec.role is Role.SERVING:
        yield _service(spec, "servingServer", ("servingServer",), {"servingServer": "nodePort"})


def _service(
    spec: Spec, component: str, path: KeyPath, ports: Mapping[str, str], key: str = "type", default: str = "ClusterIP"
) -> Service:
    block = spec.block(*path)
    written = text_of(block.get(key))
    found = {name: number for name, port in ports.items() if type(number := block.get(port)) is int}
    return Service(
        component=component,
        spec=spec,
        type=written or default,
        ports=found,
        address=text_of(block.get("loadBalancerIP")),
        type_key=(*path, key),
        keys={name: (*path, port) for name, port in ports.items()},
        address_key=(*path, "loadBalancerIP"),
    )
