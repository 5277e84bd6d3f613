"""Which key of a chart, or which fact about a release, expresses each setting of federation.yaml.

The charts grew over the years, so a setting may have a key in one release and none in another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from planner.channels import Channel
from planner.doors import channels_of, doors
from planner.kubernetes_target import has_manifests
from planner.model import Ingress, Serving, Site
from planner.releases import FATE, Release, ServingRelease
from planner.routes import Topology
from planner.serving_release import serving_release
from planner.subject import chosen_engine, kind_of

_DOMAIN: Final = Ingress().domain
BLOCKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sparkMaster": "spark.master",
        "sparkWorker": "spark.worker",
        "namenode": "hdfs.namenode",
        "datanode": "hdfs.datanode",
    }
)
"""Components of federation.yaml whose block in a cluster.yaml has another name, and that block."""
ITEMS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "nodemanager": {
            "nodeSelector": "nodemanager.list[*].nodeSelector",
            "nodeSelectors": "nodemanager.list[*].nodeSelector",
            "existingClaim": "nodemanager.list[*].existingClaim",
            "subPath": "nodemanager.list[*].subPath",
        }
    }
)
"""Blocks that name each of their pods in a list, where the release has one, and what only the items can say."""
_CREDENTIALS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "mysql": ("mysql", "mysql.password"),
        "fateboard": ("fateboard", "fateboard.password"),
        "notebook": ("client", "client.notebook_hashed_password"),
        "rabbitmq": ("rabbitmq", ""),
    }
)
"""Keys of `credentials`: the module that has the login, and the chart's key for its password, empty without one."""
_SERVING_CREDENTIALS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"redis": ("servingRedis", "servingRedis.password"), "admin": ("servingAdmin", "servingAdmin.password")}
)
"""The same of `serving.credentials`."""
ADAPTERS: Final[Mapping[str, str]] = MappingProxyType(
    {"single": "servingServer.singleAdaptor", "batch": "servingServer.batchAdaptor", "url": "servingServer.AdapterURL"}
)
"""Keys of `serving.adapters`, and the chart's."""
_LONE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"python": ("python", "python.loadBalancerIP"), "pulsarTls": ("pulsar", "pulsar.publicLB.enabled")}
)
"""Addresses of load balancers that nobody has unless he names one: the module behind it, and the chart's key."""
_BALANCED: Final = "a load balancer's address"
Keys = str | bool | tuple[str, ...]
"""The chart's key that a setting becomes, several that it needs all, or whether it can be said at all."""


class Setting(NamedTuple):
    """A setting that somebody gave: its path below the site, and what the chart must read to express it.

    `key` is asked at a release. `name` is what a message calls it, the path if empty; `chart` is the one that must read
    it where that is not the site's own; `owner` is what has no such setting where the chart is not to blame.
    """

    path: tuple[str, ...]
    key: Callable[[Release], Keys]
    name: str = ""
    chart: str = ""
    owner: str = ""


class ServingSetting(NamedTuple):
    """A setting of FATE-Serving, as `Setting` is one of training; `key` is asked at a release of its chart."""

    path: tuple[str, ...]
    key: Callable[[ServingRelease], Keys]
    name: str = ""


def module_of(component: str) -> str:
    """The module that deploys a component: `spark` has both Spark's master and its workers."""
    return BLOCKS.get(component, component).partition(".")[0]


def image_key(block: str, key: str, reads: Callable[[str], bool]) -> str:
    """The chart's key for a component's `image` or `imageTag`: Spark's begin with a capital until v1.11.2."""
    capital = f"{key[0].upper()}{key[1:]}"
    return capital if reads(f"{block}.{capital}") else key


def settings_of(site: Site, release: Release, topology: Topology, modules: Collection[str]) -> Iterator[Setting]:
    """Every setting of a site's training, or of an exchange for it, that some release cannot express."""
    flags = {
        "registry": (site.registry, "registry"),
        "imageTag": (site.image_tag, "imageTag"),
        "pullPolicy": (site.pull_policy, "pullPolicy"),
        "imagePullSecrets": (site.pull_secrets, "imagePullSecrets"),
        "istio": (site.istio, "istio.enabled"),
        "podSecurityPolicy": (site.pod_security_policy, "podSecurityPolicy.enabled"),
        "persistence": (site.persistence, "persistence"),
        "nfs": (site.nfs, "nfspath"),
        "dmz": (site.dmz, "dmz"),
        "algorithm": ("algorithm" in site.given or site.algorithm != "Basic", "algorithm"),
        "device": ("device" in site.given or site.device != "CPU", "device"),
    }
    yield from _exposure(site, release, topology, modules)
    for name, (given, key) in flags.items():
        if given:
            yield Setting((name,), _always(key))
    if site.mysql is not None:
        yield Setting(("mysql",), _always("externalMysqlIp"), "an external MySQL")
    if site.kind == "exchange":
        yield from _of_exchange(site, kind_of(site, release, topology))
    else:
        yield from _of_party(site, release)
        yield from _ingress(site.ingress, release, modules)
    if site.network_policies:
        yield Setting(("networkPolicies",), _always(key=False), "NetworkPolicies")
    for name, (_, key) in _CREDENTIALS.items():
        if name in site.credentials:
            yield Setting(("credentials", name), _always(key or False), "the password of RabbitMQ" if not key else "")
    for component, settings in site.components.items():
        if module_of(component) in modules:
            yield from _component(component, settings)


def _always(key: Keys) -> Callable[[Release], Keys]:
    """The same key, or the same answer, at every release."""
    return lambda _: key


def _exposure(site: Site, release: Release, topology: Topology, modules: Collection[str]) -> Iterator[Setting]:
    """Load balancers: of the router, or of all that the engine has peers dial."""
    if site.exposure.type != "LoadBalancer":
        return
    channels = channels_of(site, release, topology)
    if Channel.ROLLSITE in channels:
        key = _always("lbrollsite.loadBalancerIP") if "lbrollsite" in modules else _router_balanced
        yield Setting(("exposure",), key, _BALANCED)
        return
    dialled = (doors(site, release, topology, channel)[0] for channel in channels if channel is not Channel.SERVING)
    components = dict.fromkeys(door.component for door in dialled)
    keys = tuple(f"{name}.loadBalancerIP" for name in components if name != "python")
    if keys:
        yield Setting(("exposure",), _always(keys), _BALANCED)
    for component in site.exposure.addresses:
        if component in _LONE and _LONE[component][0] in modules and all(release.reads(FATE, each) for each in keys):
            yield Setting(("exposure", "addresses", component), _always(_LONE[component][1]))


def _router_balanced(release: Release) -> Keys:
    return f"{release.module}.loadBalancerIP"


def _of_party(site: Site, release: Release) -> Iterator[Setting]:
    """What only a party can have."""
    engine = chosen_engine(site, release)
    split = engine is not None and engine.broker is not None
    if site.polling is not None and not split:
        yield Setting(("polling",), lambda other: f"{other.module}.polling.enabled")
    if site.tls and not split:
        yield Setting(("tls",), _always("rollsite.enableTLS"))
    if engine is not None and engine.broker == "pulsar" and site.tenant is not None:
        yield Setting(("pulsar", "tenant"), _always("python.pulsar.tenant"))
    if split and site.nginx == "relay":
        yield Setting(("nginx",), lambda other: other.reads(FATE, "nginx.httpNodePort"), "relay between two nginx")
    if site.serving is not None:
        yield Setting(("serving",), _always("servingIp"), "the address of FATE-Serving")
        if site.serving.use_registry:
            yield Setting(("serving", "useRegistry"), _always("serving.useRegistry"))


def _of_exchange(site: Site, kind: str) -> Iterator[Setting]:
    """What only an exchange can have. Words that mean nothing to its kind are told elsewhere (FED418)."""
    if kind != "trafficServer":
        if site.upstream is not None:
            yield Setting(("upstream",), lambda other: f"{other.module}.exchange.ip")
        if site.tls:
            yield Setting(("tls",), _always("rollsite.enableTLS"))
    elif site.domain != "fate.org":
        yield Setting(("domain",), _always("pulsar.exchange.domain"), "a domain of the parties' names", FATE)
    for word in ("serving", "ingress"):
        if word in site.given:
            yield Setting((word,), _always(key=False), owner=f"an exchange of kind {kind}")


def _ingress(ingress: Ingress, release: Release, modules: Collection[str]) -> Iterator[Setting]:
    """Settings of the user interfaces: none before v1.5.0-b, one host for each until v1.6.1."""
    given = ingress.domain != _DOMAIN or ingress.ingress_class is not None or bool(ingress.hosts)
    if given and release.hosts.dialect == "fixed":
        yield Setting(("ingress",), lambda other: other.hosts.dialect != "fixed")
        return
    if ingress.domain != _DOMAIN:
        yield Setting(("ingress", "domain"), _has_ingress)
    if ingress.ingress_class is not None:
        yield Setting(("ingress", "class"), _always("ingressClassName"))
    for name, settings in ingress.hosts.items():
        if name not in modules:
            continue
        yield Setting(("ingress", name), _hosts_key(name), f"hosts of {name}")
        for key in ("tlsSecret", "annotations"):
            if key in settings:
                yield Setting(("ingress", name, key), _has_ingress)
        if len(settings.get("hosts", ())) > 1:
            yield Setting(("ingress", name, "hosts"), _has_ingress, f"several hosts of {name}")


def _hosts_key(name: str) -> Callable[[Release], Keys]:
    return lambda release: release.hosts.key(name) or False


def _has_ingress(release: Release) -> bool:
    return release.hosts.dialect == "ingress"


def _component(component: str, settings: Mapping[str, Any]) -> Iterator[Setting]:
    block = BLOCKS.get(component, component)
    several = len(settings.get("nodeSelectors", ()))
    for key in settings:
        path = ("components", component, key)
        if several and (key == "nodeSelector" or (key == "replicas" and several not in {1, settings[key]})):
            yield Setting(path, _always(key=False), owner="a component with `nodeSelectors`")
        elif key == "replicas":
            yield Setting(path, lambda release: _replicas(block, release))
        elif key == "resources":
            yield Setting(path, lambda release: _resources(block, settings["resources"], release))
        elif key in {"image", "imageTag"}:
            yield Setting(path, _image(block, key))
        elif key == "nodeSelectors":
            yield Setting(path, _always(ITEMS.get(block, {}).get(key, f"{block}.{key}")))
        elif key != "storage":
            yield Setting(path, _placed(block, key))
    for key in settings.get("storage", ()):
        yield Setting(("components", component, "storage", key), _placed(block, key))


def _replicas(block: str, release: Release) -> str:
    """The chart's key for the number of a block's pods: `nodemanager.count` until v1.8.1."""
    scale = next((engine.scale_key for engine in release.engines if engine.scale_key.startswith(f"{block}.")), None)
    return scale or f"{block}.replicas"


def _placed(block: str, key: str) -> Callable[[Release], Keys]:
    """The chart's key for a label or volume of a block: until v1.6.0 a nodemanager has some in the list alone."""
    item = ITEMS.get(block, {}).get(key, "")
    return lambda release: item if item and release.reads(FATE, item) else f"{block}.{key}"


def _image(block: str, key: str) -> Callable[[Release], Keys]:
    return lambda release: f"{block}.{image_key(block, key, lambda path: release.reads(FATE, path))}"


def _resources(block: str, resources: Mapping[str, Any], release: Release) -> Keys:
    """The chart's key for a block's resources: until v1.6.0-a Spark requests `cpu` and `memory`, and nothing else."""
    if not release.reads(FATE, f"{block}.cpu"):
        return f"{block}.resources"
    return (
        f"{block}.cpu" if set(resources) == {"requests"} and set(resources["requests"]) <= {"cpu", "memory"} else False
    )


def serving_settings(site: Site, modules: Collection[str]) -> Iterator[ServingSetting]:
    """Every setting of a site's FATE-Serving, or of a serving exchange, that some release of its chart cannot express.

    What a party says of its images holds for both of its clusters, but for `imageTag`, which is FATE's.
    """
    flags = {
        "registry": (site.registry, "registry"),
        "pullPolicy": (site.pull_policy, "pullPolicy"),
        "imagePullSecrets": (site.pull_secrets, "imagePullSecrets"),
        "istio": (site.istio, "istio.enabled"),
        "podSecurityPolicy": (site.pod_security_policy, "podSecurityPolicy.enabled"),
    }
    if site.kind == "exchange":
        flags["imageTag"] = (site.image_tag, "imageTag")
    for name, (given, key) in flags.items():
        if given:
            yield ServingSetting((name,), _always_served(key))
    serving = site.serving
    if serving is None:
        return
    if site.kind == "exchange":
        yield from _served_exposure(site.exposure.type, ("exposure",))
        if serving.persistence:
            yield ServingSetting(("persistence",), _always_served("persistence"))
        yield from _served_ingress((), serving.ingress, modules)
        yield from _served_components((), site.components, modules)
        return
    above = ("serving",) if "exposure" in serving.given else ()
    yield from _served_exposure(serving.exposure.type, (*above, "exposure"))
    yield from _of_serving(serving, modules)


def _always_served(key: Keys) -> Callable[[ServingRelease], Keys]:
    """The same key, or the same answer, at every release of the chart."""
    return lambda _: key


def _served_exposure(kind: str, path: tuple[str, ...]) -> Iterator[ServingSetting]:
    """Charts before v2.0.4 make a NodePort, whatever is written (INV-SRV-8)."""
    if kind == "LoadBalancer":
        yield ServingSetting(path, _always_served("servingProxy.loadBalancerIP"), _BALANCED)
    elif kind == "ClusterIP":
        yield ServingSetting(path, lambda chart: chart.has_type, "another type than NodePort")


def _of_serving(serving: Serving, modules: Collection[str]) -> Iterator[ServingSetting]:
    """What stands in a party's block `serving`."""
    if serving.persistence:
        above = ("serving",) if "persistence" in serving.given else ()
        yield ServingSetting((*above, "persistence"), _always_served("persistence"))
    if serving.redis is not None:
        yield ServingSetting(("serving", "redis"), _always_served("externalRedisIp"), "an external Redis")
    for name, (_, key) in _SERVING_CREDENTIALS.items():
        if name in serving.credentials:
            yield ServingSetting(("serving", "credentials", name), _always_served(key))
    if serving.cache is not None:
        yield ServingSetting(("serving", "cache"), _always_served("servingServer.cacheType"))
    for name in serving.adapters:
        yield ServingSetting(("serving", "adapters", name), _always_served(ADAPTERS[name]))
    yield from _served_ingress(("serving",), serving.ingress, modules)
    yield from _served_components(("serving",), serving.components, modules)


def _served_ingress(above: tuple[str, ...], ingress: Ingress, modules: Collection[str]) -> Iterator[ServingSetting]:
    """Settings of the interfaces of FATE-Serving; a party's class stands above, written for its training too."""
    if ingress.ingress_class is not None:
        yield ServingSetting(("ingress", "class"), _always_served("ingressClassName"))
    for name, settings in ingress.hosts.items():
        if name not in modules:
            continue
        path = (*above, "ingress", name)
        yield ServingSetting(path, _served_hosts_key(name), f"hosts of {name}")
        for key in ("tlsSecret", "annotations"):
            if key in settings:
                yield ServingSetting((*path, key), _has_served_ingress)
        if len(settings.get("hosts", ())) > 1:
            yield ServingSetting((*path, "hosts"), _has_served_ingress, f"several hosts of {name}")


def _served_hosts_key(name: str) -> Callable[[ServingRelease], Keys]:
    """The chart's key for the hosts of an interface: before the `ingress` map, the proxy alone has one."""
    return lambda chart: f"ingress.{name}" if chart.hosts.dialect == "ingress" else f"{name}.{chart.hosts.dialect}"


def _has_served_ingress(chart: ServingRelease) -> bool:
    return chart.hosts.dialect == "ingress"


def _served_components(
    above: tuple[str, ...], components: Mapping[str, Mapping[str, Any]], modules: Collection[str]
) -> Iterator[ServingSetting]:
    for component, settings in components.items():
        if component in modules:
            path = (*above, "components", component)
            for key in settings:
                if key != "storage":
                    yield ServingSetting((*path, key), _always_served(f"{component}.{key}"))
            for key in settings.get("storage", ()):
                yield ServingSetting((*path, "storage", key), _always_served(f"{component}.{key}"))


def module_settings(site: Site, release: Release) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Settings that belong to one module: path below the site, module, value as text to compare by."""
    for component, settings in site.components.items():
        yield ("components", component), module_of(component), repr(settings)
    for name, reference in site.credentials.items():
        module, key = _CREDENTIALS.get(name, (name, ""))
        if has_manifests(site) or release.reads(FATE, key):
            yield ("credentials", name), module, repr(reference)
    if site.kind == "party" and release.hosts.dialect != "fixed":
        for module, settings in site.ingress.hosts.items():
            yield ("ingress", module), module, repr(settings)
    for component, address in site.exposure.addresses.items():
        module, key = _LONE.get(component, (component, f"{component}.loadBalancerIP"))
        if component == "servingProxy" or has_manifests(site) or release.reads(FATE, key):
            yield ("exposure", "addresses", component), module, repr(address)
    chart = serving_release(site, release)
    if site.kind == "party" and site.serving is not None and chart is not None:
        yield from _of_serving_modules(site.serving, chart)


def _of_serving_modules(serving: Serving, chart: ServingRelease) -> Iterator[tuple[tuple[str, ...], str, str]]:
    for component, settings in serving.components.items():
        yield ("serving", "components", component), component, repr(settings)
    for name, reference in serving.credentials.items():
        module, key = _SERVING_CREDENTIALS[name]
        if chart.reads(key):
            yield ("serving", "credentials", name), module, repr(reference)
    for component, settings in serving.ingress.hosts.items():
        yield ("serving", "ingress", component), component, repr(settings)
    if "exposure" in serving.given:
        for component, address in serving.exposure.addresses.items():
            yield ("serving", "exposure", "addresses", component), component, repr(address)
