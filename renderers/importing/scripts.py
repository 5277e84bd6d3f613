"""kube.cfg and parties.conf: the settings of KubeFATE's scripts, one file for all parties, read as data.

kube.cfg (v1.2.0, v1.3.0): reference cluster-yaml.md section 4.4. parties.conf (docker, every release):
docker-deploy.md sections 1 and 3. Both are Bash that the scripts source, with lists that are joined by index; the
images' tag, and so the release, stands in the .env beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.checks.duplicate_id import FAULT as DUPLICATE_ID
from planner.checks.foreign_target import foreign_target
from planner.checks.guessed_value import guessed
from planner.checks.misread_settings import misread
from planner.checks.missing_key import FAULT as MISSING_KEY
from planner.checks.shared_docker_host import shared
from planner.checks.uneven_lists import uneven
from planner.checks.unspeakable_setting import unspeakable
from planner.checks.unused_exchange import FAULT as UNUSED_EXCHANGE
from planner.checks.wrong_type import FAULT as WRONG_TYPE
from planner.diagnostics import Diagnostic, KeyPath, Note, Place, Span
from planner.model import exchange_key, party_key
from planner.releases import load
from planner.source import Node, quote
from renderers.bash import Settings, parse
from renderers.importing.drafts import Draft, Origin
from renderers.importing.specs import Role, Spec, number_of
from renderers.importing.words import variable
from renderers.kubecfg import read as read_kube_cfg

KUBE_CFG: Final = "kube.cfg"
PARTIES_CONF: Final = "parties.conf"
ENVIRONMENT: Final = ".env"
PLACEMENT: Final = ("federation", "metaService", "mysql", "proxy", "python", "redis", "roll", "eggList")
"""Settings of kube.cfg that choose nodes by the label."""
_SELECTED: Final = ("federation", "metaService", "mysql", "proxy", "python", "redis", "roll")
_TAG: Final = re.compile(r"v?([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z])?)(?:-release)?")
_ENGINES: Final[Mapping[tuple[str, ...], str]] = {
    ("eggroll",): "eggroll",
    ("spark",): "spark_rabbitmq",
    ("spark_rabbitmq",): "spark_rabbitmq",
    ("spark_pulsar",): "spark_pulsar",
    ("spark_local_pulsar",): "spark_local_pulsar",
    ("Eggroll", "Eggroll", "Eggroll"): "eggroll",
    ("Eggroll", "OSX", "Eggroll"): "eggroll",
    ("Spark", "RabbitMQ", "HDFS"): "spark_rabbitmq",
    ("Spark", "Pulsar", "HDFS"): "spark_pulsar",
    ("Spark_local", "RabbitMQ", "LocalFS"): "spark_local_rabbitmq",
    ("Spark_local", "Pulsar", "LocalFS"): "spark_local_pulsar",
}
"""What generate_config.sh accepts, by its own words (docker-deploy.md sections 1 and 2.1)."""
_PUBLISHED: Final[Mapping[str, str]] = {
    "mysql_password": "fate_dev",
    "fateboard_password": "admin",
    "redis_password": "fate_dev",
    "serving_admin_password": "admin",
    "notebook_hashed_password": "",
}
_CREDENTIALS: Final[Mapping[str, KeyPath]] = {
    "mysql_password": ("credentials", "mysql"),
    "fateboard_password": ("credentials", "fateboard"),
    "notebook_hashed_password": ("credentials", "notebook"),
    "redis_password": ("serving", "credentials", "redis"),
    "serving_admin_password": ("serving", "credentials", "admin"),
}


@dataclass(frozen=True, slots=True)
class SettingsDocument:
    """A file of settings as findings point into it: a path is a setting's name, and the index of an item."""

    text: str
    settings: Settings

    @property
    def lines(self) -> Sequence[str]:
        """The lines."""
        return self.text.split("\n")

    def span(self, place: Place) -> Span:
        """Where a setting stands, or an item of its list."""
        if place.span is not None:
            return place.span
        name, *rest = place.path or ("",)
        setting = self.settings.by_name.get(str(name))
        if setting is None:
            return Span(1, 1)
        index = rest[0] if rest else None
        if isinstance(index, int) and index < len(setting.values):
            return setting.values[index].span
        return setting.span

    def node(self, path: KeyPath) -> Node | None:
        """Nothing here is ever edited, so no place is known in so much detail."""
        del path
        return None


@dataclass(slots=True)
class Scripted:
    """What came of one file: its sites, which parties dial each other, and which dial the exchange."""

    spec: Spec
    drafts: list[Draft] = field(default_factory=list)
    mesh: list[int] = field(default_factory=list)
    exchange: str = ""
    release: str = ""
    findings: list[Diagnostic] = field(default_factory=list)
    is_docker: bool = False
    secrets: list[tuple[KeyPath, str, Draft]] = field(default_factory=list)


def read(name: str, document: str, data: bytes, environment: bytes | None) -> Scripted | tuple[Diagnostic, ...]:
    """What a kube.cfg or a parties.conf describes; findings alone where it is no data. `name` is the file's own."""
    text = data.decode("utf-8-sig", "replace")
    settings = parse(text)
    if isinstance(settings, tuple):
        return tuple(misread(each.message, Place(span=each.span, document=document)) for each in settings)
    lists = _Lists(settings)
    if not lists.ids:
        place = Place(span=Span(1, 1), document=document)
        message = "the list of parties (partylist, or party_list) is missing or empty"
        return (Diagnostic(MISSING_KEY, message, place, "list the party ids: partylist=(9999 10000)"),)
    spec = Spec(
        source=document,
        document=SettingsDocument(text, settings),  # type: ignore[arg-type]  # as much of a document as findings need
        data={},
        role=Role.PARTY,
        chart="",
        version="",
        version_key="",
        party=None,
    )
    result = Scripted(spec, is_docker=name == PARTIES_CONF)
    env = parse(environment.decode("utf-8-sig", "replace")) if environment is not None else None
    env = env if isinstance(env, Settings) else Settings({})
    result.release = _release(settings, env, result)
    if result.is_docker:
        _Docker(result, settings, env, lists).run()
    else:
        _KubeCfg(result, settings, env, lists, text).run()
    return result


def is_settings(name: str) -> bool:
    """Whether a file of that name is one of the scripts'."""
    return name in {KUBE_CFG, PARTIES_CONF}


class _Lists:
    """The lists that are joined by index, under the names of either script and of every release."""

    def __init__(self, settings: Settings) -> None:
        self.ids_name = "party_list" if settings.values("party_list") else "partylist"
        self.hosts_name = "party_ip_list" if "party_ip_list" in settings.by_name else "partyiplist"
        self.serving_name = "serving_ip_list" if "serving_ip_list" in settings.by_name else "servingiplist"
        self.ids = settings.values(self.ids_name)
        self.hosts = settings.values(self.hosts_name)
        self.serving = settings.values(self.serving_name)


def _place(result: Scripted, path: KeyPath) -> Place:
    place = Place(path, document=result.spec.source)
    return Place(path, span=result.spec.document.span(place), document=result.spec.source)


def _release(settings: Settings, env: Settings, result: Scripted) -> str:
    """The release: by the images' tag in .env, or else the newest that knows these settings."""
    for key in ("TAG", "KubeFATE_Version"):
        match = _TAG.fullmatch(env.text(key))
        if match is not None and load(match[1]) is not None:
            return f"v{match[1]}"
    names = settings.by_name.keys()
    release = next(name for marks, name in _MARKS if marks <= names) if result.is_docker else "v1.3.0"
    path: KeyPath = ("party_list",) if "party_list" in names else ("partylist",)
    hint = "put the .env of the deployment beside the file, or correct release in federation.yaml"
    message = f"nothing names the FATE release of this file; {release} is assumed"
    result.findings.append(guessed(message, _place(result, path), hint))
    return release


_MARKS: Final[Sequence[tuple[frozenset[str], str]]] = (
    (frozenset({"computing", "gpu_count"}), "v1.11.2"),
    (frozenset({"computing", "notebook_hashed_password"}), "v1.10.0"),
    (frozenset({"computing"}), "v1.9.0"),
    (frozenset({"backend"}), "v1.8.0"),
    (frozenset({"computing_backend"}), "v1.5.3"),
    (frozenset({"mysql_ip"}), "v1.4.4"),
    (frozenset(), "v1.3.0-b"),
)
"""Settings that tell releases of docker's scripts apart (docker-deploy.md section 1), and the newest that has them."""


class _Reader:
    """What both scripts have in common."""

    def __init__(self, result: Scripted, settings: Settings, env: Settings, lists: _Lists) -> None:
        self.result = result
        self.settings = settings
        self.env = env
        self.lists = lists

    def origin(self, *path: str | int) -> Origin:
        """Where a setting stands."""
        return Origin(self.result.spec.source, tuple(path))

    def find(self, diagnostic: Diagnostic) -> None:
        """Remember a finding."""
        self.result.findings.append(diagnostic)

    def parties(self, file: str) -> Iterator[tuple[int, Draft]]:
        """A draft for every party, with its index."""
        seen: dict[int, int] = {}
        for index, value in enumerate(self.lists.ids):
            party = number_of(value.text)
            place = _place(self.result, (self.lists.ids_name, index))
            if party is None:
                message = f"a party's id must be a whole number, not {quote(value.text)}"
                self.find(Diagnostic(WRONG_TYPE, message, place, "write the party's id, from 1 to 999999"))
                continue
            if party in seen:
                note = Note("it is listed here first", _place(self.result, (self.lists.ids_name, seen[party])))
                message, hint = f"party {party} is listed twice", "give each party an id of its own"
                self.find(Diagnostic(DUPLICATE_ID, message, place, hint, (note,)))
                continue
            seen[party] = index
            draft = Draft(party_key(party), party, "", "", release=self.result.release)
            draft.specs[file] = self.result.spec
            draft.words.origins[()] = self.origin(self.lists.ids_name, index)
            self.result.drafts.append(draft)
            self.result.mesh.append(party)
            yield index, draft

    def exchange(self, file: str, kind: str, address: str) -> Draft:
        """A draft for the exchange."""
        draft = Draft(exchange_key("exchange"), None, "exchange", kind, release=self.result.release, address=address)
        draft.specs[file] = self.result.spec
        draft.words.origins[()] = self.origin("exchangeip")
        self.result.drafts.append(draft)
        self.result.exchange = draft.key
        return draft

    def images(self, draft: Draft) -> None:
        """Registry and tag, from .env, which findings cannot point into."""
        registry = self.env.text("RegistryURI") or self.env.text("THIRDPARTYPREFIX")
        if registry:
            draft.words.put(("registry",), registry.rstrip("/"), None)
        release, tag = load(self.result.release), self.env.text("TAG")
        if release is not None and tag and tag != release.images.tag:
            draft.words.put(("imageTag",), tag, None)


class _KubeCfg(_Reader):
    """kube.cfg of v1.2.0 and v1.3.0."""

    def __init__(self, result: Scripted, settings: Settings, env: Settings, lists: _Lists, text: str) -> None:
        super().__init__(result, settings, env, lists)
        self._text = text

    def run(self) -> None:
        """Read everything."""
        reading = read_kube_cfg(self._text)
        if not isinstance(reading, tuple):
            for remark in reading.remarks:
                if not remark.message.startswith("no command makes the proxy"):
                    self.find(misread(remark.message, Place(span=remark.span, document=self.result.spec.source)))
        proxies = self.settings.values("proxyIpList")
        for index, draft in self.parties(KUBE_CFG):
            dmz = proxies[index].text if index < len(proxies) else ""
            self._endpoint(draft, index, dmz)
            self._placement(draft)
            self.images(draft)
        exchange = self.settings.text("exchangeip")
        if exchange and not any(value.text for value in proxies):
            host, port = _endpoint(exchange)
            draft = self.exchange(KUBE_CFG, "proxy", host)
            if port is not None:
                draft.words.put(("ports", "proxy"), port, self.origin("exchangeip", 0))
            self.images(draft)

    def _endpoint(self, draft: Draft, index: int, dmz: str) -> None:
        if index < len(self.lists.hosts):
            host, port = _endpoint(self.lists.hosts[index].text)
            draft.address = host
            draft.words.origins["address",] = self.origin(self.lists.hosts_name, index)
            if port is not None and not dmz:
                draft.words.put(("ports", "proxy"), port, self.origin(self.lists.hosts_name, index))
        if dmz:
            draft.address = draft.address or dmz
            draft.words.put(("dmz", "address"), dmz, self.origin("proxyIpList", index))

    def _placement(self, draft: Draft) -> None:
        label = self.settings.text("nodeLabel") or "fedai.org"
        for module in _SELECTED:
            value = self.settings.text(module)
            if value:
                draft.words.put(("components", module, "nodeSelector"), {label: value}, self.origin(module, 0))
        eggs = [value.text for value in self.settings.values("eggList")]
        if any(eggs) and all(eggs):
            labels = [{label: egg} for egg in eggs]
            draft.words.put(("components", "egg", "nodeSelectors"), labels, self.origin("eggList"))
        elif any(eggs):
            self.find(unspeakable("kube.cfg", "eggs with and without a node label", _place(self.result, ("eggList",))))
        elif len(eggs) > 1:
            draft.words.put(("components", "egg", "replicas"), len(eggs), self.origin("eggList"))


class _Docker(_Reader):
    """parties.conf of every release."""

    def run(self) -> None:
        """Read everything."""
        result, lists = self.result, self.lists
        self.find(foreign_target(_place(result, (lists.ids_name,))))
        for name, values in ((lists.hosts_name, lists.hosts), (lists.serving_name, lists.serving)):
            if len(values) != len(lists.ids) and (values or name == lists.hosts_name):
                self.find(uneven(name, len(values), lists.ids_name, len(lists.ids), _place(result, (name,))))
        hosts: dict[str, tuple[int, Draft]] = {}
        for index, draft in self.parties(PARTIES_CONF):
            if index < len(lists.hosts):
                draft.address = lists.hosts[index].text
                draft.words.origins["address",] = self.origin(lists.hosts_name, index)
                self._own_host(draft, index, hosts)
            self._engine(draft)
            self._settings(draft)
            self._serving(draft, index)
            self.images(draft)
        self._exchange()

    def _own_host(self, draft: Draft, index: int, hosts: dict[str, tuple[int, Draft]]) -> None:
        first = hosts.setdefault(draft.address, (index, draft))
        if first[1] is not draft:
            place = _place(self.result, (self.lists.hosts_name, index))
            other = _place(self.result, (self.lists.hosts_name, first[0]))
            self.find(shared(str(first[1].id), str(draft.id), draft.address, place, other))

    def _engine(self, draft: Draft) -> None:
        names = ("computing", "federation", "storage")
        key = "computing" if self.settings.text("computing") else "backend"
        if not self.settings.text(key):
            key = "computing_backend"
        written = (
            tuple(self.settings.text(name) for name in names) if key == "computing" else (self.settings.text(key),)
        )
        if not any(written):
            return
        engine = _ENGINES.get(written)
        if engine is None:
            value: Any = dict(zip(names, written, strict=True)) if len(written) > 1 else written[0]
            draft.words.put(("engine",), value, self.origin(key))
        elif engine != "eggroll":
            draft.words.put(("engine",), engine, self.origin(key))
        for name, default in (("algorithm", "Basic"), ("device", "CPU")):
            if self.settings.text(name) and self.settings.text(name) != default:
                draft.words.put((name,), self.settings.text(name), self.origin(name))

    def _settings(self, draft: Draft) -> None:
        host = self.settings.text("mysql_ip")
        if host and host != "mysql":
            for name, key in {"mysql_ip": "host", "mysql_db": "database", "mysql_user": "user"}.items():
                draft.words.put(("mysql", key), self.settings.text(name) or _MYSQL[key], self.origin(name))
            self._secret(draft, "mysql_password", ("mysql", "password"))
        for name, word in _CREDENTIALS.items():
            if (name == "mysql_password" and host and host != "mysql") or word[0] == "serving":
                continue
            if self.settings.text(name) and self.settings.text(name) != _PUBLISHED[name]:
                self._secret(draft, name, word)

    def _serving(self, draft: Draft, index: int) -> None:
        if index >= len(self.lists.serving) or not self.lists.serving[index].text:
            return
        place = (self.lists.serving_name, index)
        draft.words.data["serving"] = {}
        draft.words.origins["serving",] = self.origin(*place)
        if draft.address and self.lists.serving[index].text != draft.address:
            what = f"FATE-Serving on host {quote(self.lists.serving[index].text)[1:-1]}, away from the party's own"
            self.find(unspeakable(draft.label, what, _place(self.result, place)))
        for name, word in _CREDENTIALS.items():
            value = self.settings.text(name)
            if word[0] == "serving" and value and value != _PUBLISHED[name]:
                self._secret(draft, name, word)

    def _secret(self, draft: Draft, name: str, word: KeyPath) -> None:
        reference = f"env:{variable(draft, name)}"
        draft.words.put(word, reference, self.origin(name))
        self.result.secrets.append(((name,), reference, draft))

    def _exchange(self) -> None:
        host = self.settings.text("exchangeip")
        if not host:
            return
        engines = {str(draft.words.get(("engine",)) or "eggroll") for draft in self.result.drafts}
        release = load(self.result.release)
        if engines != {"eggroll"}:
            place = _place(self.result, ("exchangeip", 0))
            message = "the exchange of docker's scripts routes for Eggroll only, and these parties have another engine"
            self.find(Diagnostic(UNUSED_EXCHANGE, message, place, "leave exchangeip empty"))
            return
        self.images(self.exchange(PARTIES_CONF, release.module if release is not None else "rollsite", host))


_MYSQL: Final = {"host": "mysql", "database": "fate_flow", "user": "fate"}


def _endpoint(text: str) -> tuple[str, int | None]:
    host, colon, digits = text.rpartition(":")
    return (host, number_of(digits)) if colon else (text, None)
