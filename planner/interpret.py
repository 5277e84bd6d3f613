"""From validated data to a federation: defaults merged, names resolved, nothing judged.

The data has passed the schema, which leaves `None` in the place of list items that it could not accept.
Names that nothing declares are kept as written; the checks report them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from planner.diagnostics import KeyPath
from planner.model import (
    NODE_PORT_RANGE,
    Cluster,
    Engine,
    Expectation,
    Exposure,
    Federation,
    Ingress,
    Links,
    Mesh,
    Mysql,
    Nfs,
    Pair,
    Redis,
    RouteOverride,
    Service,
    Serving,
    Shape,
    Site,
    Star,
    exchange_key,
    party_key,
)

Data = Mapping[str, Any]

DECLARING = frozenset(("clusters", "parties", "exchanges"))
"""Lists whose items declare names."""
EXCHANGE_DEFAULTS = (
    "target",
    "charts",
    "secrets",
    "exposure",
    "tls",
    "registry",
    "imageTag",
    "pullPolicy",
    "imagePullSecrets",
    "components",
    "podSecurityPolicy",
    "networkPolicies",
)
"""Keys of `defaults` that an exchange inherits. Overrides are written for the chart of a party."""


def interpret(data: Data, *, complete: bool, lost: frozenset[str] = DECLARING) -> Federation:
    """The federation that validated data describes.

    `complete` says whether the schema accepted the whole file; `lost` names the lists that it took whole items from.
    """
    release = normalised_release(data.get("release", ""))
    defaults: Data = data.get("defaults", {})
    exchange_defaults = {key: defaults[key] for key in EXCHANGE_DEFAULTS if key in defaults}
    parties = tuple(
        _site("party", merged(defaults, item), item, ("parties", index), release)
        for index, item in _items(data, "parties")
    )
    exchanges = tuple(
        _site("exchange", merged(exchange_defaults, item), item, ("exchanges", index), release)
        for index, item in _items(data, "exchanges")
    )
    return Federation(
        name=data.get("name", ""),
        release=release,
        shapes=tuple(_shapes(data.get("topology"), parties, exchanges)),
        clusters=tuple(_cluster(item, ("clusters", index)) for index, item in _items(data, "clusters")),
        parties=parties,
        exchanges=exchanges,
        never=tuple(Pair(item[0], item[1], ("never", index)) for index, item in _items(data, "never")),
        expects=tuple(_expectation(item, ("expect", index)) for index, item in _items(data, "expect")),
        routes=tuple(_route(item, ("routes", index)) for index, item in _items(data, "routes")),
        complete=complete,
        lost=frozenset() if complete else lost,
        defaults=MappingProxyType(dict(defaults)),
    )


def normalised_release(text: str) -> str:
    """A release name with the leading `v` of KubeFATE's chart versions."""
    return text if not text or text.startswith("v") else f"v{text}"


def merged(defaults: Data, own: Data) -> dict[str, Any]:
    """`own` over `defaults`: mappings merge key by key, anything else replaces the default."""
    result = dict(defaults)
    for key, value in own.items():
        inherited = result.get(key)
        if isinstance(value, Mapping) and isinstance(inherited, Mapping):
            result[key] = merged(inherited, value)
        else:
            result[key] = value
    return result


def _items(data: Data, key: str) -> Iterator[tuple[int, Any]]:
    for index, item in enumerate(data.get(key) or ()):
        if item is not None:
            yield index, item


def _modules(data: Data) -> tuple[str, ...] | None:
    """The list of modules; None where there is none, or where one of them was left out as wrong: what then lacks in
    the list is not known, and findings by place would name the wrong item.
    """
    found: Sequence[str | None] | None = data.get("modules")
    return None if found is None or None in found else tuple(name for name in found if name is not None)


def _site_key(reference: int | str) -> str:
    return party_key(reference) if isinstance(reference, int) else exchange_key(reference)


def _site(kind: str, data: Data, own: Data, path: KeyPath, release: str) -> Site:
    is_party = kind == "party"
    key = party_key(data["id"]) if is_party else exchange_key(data["name"])
    name = data.get("name", f"fate-{data['id']}") if is_party else f"fate-{data['name']}"
    namespace = f"fate-{data['id']}" if is_party else name
    persistence = data.get("persistence", False)
    polling = data.get("polling")
    upstream = data.get("upstream")
    return Site(
        kind="party" if is_party else "exchange",
        key=key,
        id=data.get("id"),
        name=name,
        cluster=data["cluster"],
        namespace=data.get("namespace", namespace),
        release=normalised_release(data["release"]) if "release" in data else release,
        path=path,
        target=data.get("target", "kubefate"),
        charts=data.get("charts"),
        secrets=MappingProxyType(dict(data.get("secrets", {}))),
        engine=_engine(data.get("engine", "eggroll")),
        algorithm=data.get("algorithm", "Basic"),
        device=data.get("device", "CPU"),
        modules=_modules(data),
        pins=MappingProxyType(dict(data.get("ports", {}))),
        exposure=_exposure(data.get("exposure", "NodePort")),
        fateflow=data.get("fateflow", "NodePort"),
        tls=data.get("tls", False),
        polling=None if polling is None else _site_key(polling),
        exchange_kind=data.get("kind"),
        upstream=None if upstream is None else exchange_key(upstream),
        ingress=_ingress(data.get("ingress", {})),
        registry=data.get("registry"),
        image_tag=data.get("imageTag"),
        pull_policy=data.get("pullPolicy"),
        pull_secrets=tuple(name for _, name in _items(data, "imagePullSecrets")),
        persistence=bool(persistence),
        storage=MappingProxyType(dict(persistence) if isinstance(persistence, Mapping) else {}),
        components=MappingProxyType(dict(data.get("components", {}))),
        mysql=_mysql(data.get("mysql")),
        nfs=Nfs(data["nfs"]["server"], data["nfs"]["path"]) if "nfs" in data else None,
        dmz=data.get("dmz", {}).get("address"),
        credentials=MappingProxyType(dict(data.get("credentials", {}))),
        serving=_serving(data) if is_party and "serving" in data else _exchange_serving(data, name),
        nginx=data.get("nginx"),
        tenant=data.get("pulsar", {}).get("tenant"),
        domain=data.get("domain", "fate.org"),
        istio=data.get("istio", False),
        pod_security_policy=data.get("podSecurityPolicy", False),
        network_policies=data.get("networkPolicies", False),
        overrides=MappingProxyType(dict(data.get("overrides", {}))),
        given=frozenset(own),
    )


def _engine(value: str | Data) -> Engine:
    if isinstance(value, str):
        return Engine(word=value)
    return Engine(word=None, triple=(value["computing"], value["federation"], value["storage"]))


def _exposure(value: str | Data) -> Exposure:
    if value == "NodePort":
        return Exposure("NodePort")
    if value == "ClusterIP":
        return Exposure("ClusterIP")
    if not isinstance(value, Mapping):
        return Exposure("LoadBalancer")
    return Exposure("LoadBalancer", value.get("address"), MappingProxyType(dict(value.get("addresses", {}))))


def _serving(data: Data) -> Serving:
    """A party's serving cluster; what it does not say about exposure and persistence holds as for training."""
    value: Data = data["serving"]
    name = value.get("name", f"fate-serving-{data['id']}")
    persistence = value.get("persistence", data.get("persistence", False))
    redis: Data | None = value.get("redis")
    return Serving(
        name=name,
        namespace=value.get("namespace", name),
        release=value.get("release"),
        modules=_modules(value),
        exposure=_exposure(value.get("exposure", data.get("exposure", "NodePort"))),
        ingress=_ingress({**_domain_and_class(data), **value.get("ingress", {})}),
        redis=None if redis is None else Redis(redis["host"], redis.get("port", 6379), redis["password"]),
        credentials=MappingProxyType(dict(value.get("credentials", {}))),
        persistence=bool(persistence),
        storage=MappingProxyType(dict(persistence) if isinstance(persistence, Mapping) else {}),
        components=MappingProxyType(dict(value.get("components", {}))),
        cache=value.get("cache"),
        adapters=MappingProxyType(dict(value.get("adapters", {}))),
        use_registry=value.get("useRegistry", False),
        overrides=MappingProxyType(dict(value.get("overrides", {}))),
        given=frozenset(value),
    )


def _domain_and_class(data: Data) -> Data:
    return {key: value for key, value in data.get("ingress", {}).items() if key in {"domain", "class"}}


def _exchange_serving(data: Data, name: str) -> Serving | None:
    """What an exchange of kind servingProxy says of its chart, in words that stand at the exchange itself."""
    if data.get("kind") != "servingProxy":
        return None
    value: Data = data.get("serving", {})
    persistence = data.get("persistence", False)
    return Serving(
        name,
        data.get("namespace", name),
        value.get("release"),
        ingress=_ingress(data.get("ingress", {})),
        persistence=bool(persistence),
        storage=MappingProxyType(dict(persistence) if isinstance(persistence, Mapping) else {}),
        given=frozenset(value),
    )


def _ingress(value: Data) -> Ingress:
    return Ingress(
        domain=value.get("domain", "example.com"),
        ingress_class=value.get("class"),
        hosts=MappingProxyType({key: item for key, item in value.items() if key not in {"domain", "class"}}),
    )


def _mysql(value: Data | None) -> Mysql | None:
    if value is None:
        return None
    return Mysql(value["host"], value.get("port", 3306), value["database"], value["user"], value["password"])


def _cluster(item: Data, path: KeyPath) -> Cluster:
    low, _, high = item.get("nodePorts", "-".join(map(str, NODE_PORT_RANGE))).partition("-")
    version = str(item.get("kubernetes", "")).removeprefix("v").split(".")
    return Cluster(
        name=item["name"],
        address=item["address"],
        node_ports=(int(low), int(high)),
        kubernetes=(int(version[0]), int(version[1])) if len(version) > 1 else None,
        storage_class=item.get("storageClass"),
        context=item.get("context"),
        server=item.get("server"),
        service=_service(item.get("kubefate")),
        path=path,
    )


def _service(value: Data | None) -> Service | None:
    """KubeFATE's service of a cluster; None where federation.yaml names none."""
    if value is None:
        return None
    return Service(value["url"], value.get("user"), value.get("password"), value.get("ca"))


def _expectation(item: Data, path: KeyPath) -> Expectation:
    via = item.get("via")
    return Expectation(item["pair"][0], item["pair"][1], None if via is None else exchange_key(via), path)


def _route(item: Data, path: KeyPath) -> RouteOverride:
    return RouteOverride(
        _site_key(item["from"]),
        _site_key(item["to"]),
        item.get("address"),
        item.get("port"),
        path,
        MappingProxyType(dict(item.get("ports", {}))),
    )


def _shapes(topology: object, parties: Sequence[Site], exchanges: Sequence[Site]) -> Iterator[Shape]:
    everyone = tuple(party.id for party in parties if party.id is not None)
    if topology == "mesh":
        yield Mesh(everyone, ("topology",))
    elif topology == "star":
        yield _star({"star": "all"}, everyone, exchanges, ("topology",))
        serving = [exchange.key for exchange in exchanges if exchange.exchange_kind == "servingProxy"]
        served = tuple(party.id for party in parties if party.id is not None and party.serving is not None)
        if len(serving) == 1 and len(exchanges) > 1 and served:
            yield Star(groups=((serving[0], served),), path=("topology",))
    elif isinstance(topology, Sequence):
        for index, shape in enumerate(topology):
            if shape is not None:
                yield _shape(shape, everyone, exchanges, ("topology", index))


def _shape(shape: Data, everyone: tuple[int, ...], exchanges: Sequence[Site], path: KeyPath) -> Shape:
    if "mesh" in shape:
        return Mesh(_members(shape["mesh"], everyone), (*path, "mesh"))
    if "links" in shape:
        return Links(tuple((pair[0], pair[1]) for pair in shape["links"] if pair is not None), (*path, "links"))
    return _star(shape, everyone, exchanges, path)


def _members(value: object, everyone: tuple[int, ...]) -> tuple[int, ...]:
    if value == "all":
        return everyone
    return tuple(item for item in value if item is not None) if isinstance(value, Sequence) else ()


def _star(shape: Data, everyone: tuple[int, ...], exchanges: Sequence[Site], path: KeyPath) -> Star:
    members = shape.get("star")
    if isinstance(members, Mapping):
        groups = tuple((exchange_key(name), _members(ids, everyone)) for name, ids in members.items())
        return Star(groups=groups, has_spare_through="through" in shape, path=(*path, "star"))
    through = shape.get("through")
    if isinstance(through, Sequence) and not isinstance(through, str):
        balanced = tuple(exchange_key(name) for name in through)
        return Star(balanced=balanced, pool=_members(members, everyone), path=path)
    training = [exchange.key for exchange in exchanges if exchange.exchange_kind != "servingProxy"] or [
        exchange.key for exchange in exchanges
    ]
    only = training[0] if len(training) == 1 else ""
    exchange = exchange_key(through) if isinstance(through, str) else only
    return Star(groups=((exchange, _members(members, everyone)),), path=path)
