"""What create-helm-deploy.sh makes of a kube.cfg: the proxies' route tables and NodePorts, and who installs them how.

This module plays the part of the script and of its charts, and shares nothing with the code that writes the files.
Sources: v1.2.0:k8s-deploy/kube.cfg, create-helm-deploy.sh and DMZ-deploy.md, docker-deploy/generate_config.sh;
reference cluster-yaml.md section 4.4, helm-direct.md section 8.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from planner.diagnostics import KeyPath, Span
from planner.lookup import Endpoint, RouteTable
from renderers.bash import Misread, Settings, Value, parse

PROXY_PORT: Final = 9370
"""The port of a proxy in a DMZ: the script writes it into the pods' settings, the proxy's Compose file maps it."""
SELECTORS: Final = ("federation", "metaService", "mysql", "proxy", "python", "redis", "roll", "servingServer")
"""Keys that hold the node label's value of one module; eggs have a list of their own."""
_LARGEST_PORT: Final = 65535
_COMMAND: Final = re.compile(r"^[ \t]*(?:git[ \t]+clone[ \t]|helm[ \t]|bash[ \t].*\bsplitting_proxy\b)")
_PROXY_ARGUMENTS: Final = 6
"""Party, federation's address and port, FATE-Flow's address and port, and where all else goes."""


@dataclass(frozen=True, slots=True)
class ScriptSite:
    """One chart that the script makes: of a party, or of the exchange, whose `party` is None.

    `folder` is the chart's folder. `routes` are the entries of its proxy's table, its own perhaps among them, and
    `default` is where that sends all else. `node_port` is that of its proxy Service; None where it has none.
    `dmz` is the host that runs the proxy outside the cluster, on PROXY_PORT; None where a pod does.
    """

    party: int | None
    folder: str
    routes: Mapping[int, Endpoint]
    default: tuple[Endpoint, ...]
    node_port: int | None
    dmz: str | None
    span: Span

    @property
    def table(self) -> RouteTable:
        """The route table of its proxy. Made when asked for: in a large mesh all of them together would fill memory."""
        entries = {other: endpoint for other, endpoint in self.routes.items() if other != self.party}
        return RouteTable(self.party, entries, self.default)


@dataclass(frozen=True, slots=True)
class ScriptReading:
    """All that the script makes of one kube.cfg.

    `selectors` are the node label's values by module, `eggs` those of the eggs: one Deployment each, an empty value
    is any node. `remarks` are about lines that the script takes otherwise than their writer hardly meant.
    """

    parties: Mapping[int, ScriptSite]
    exchange: ScriptSite | None
    node_label: str
    eggs: tuple[str, ...]
    selectors: Mapping[str, str]
    remarks: tuple[Misread, ...] = ()


@dataclass(frozen=True, slots=True)
class Install:
    """One `helm install` of a runbook: the release's name and namespace, and what `--set` gives the chart."""

    folder: str
    name: str
    namespace: str
    context: str | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Commands:
    """What the commands of a runbook decide beside kube.cfg.

    `release` is KubeFATE's tag that the script and the charts come from. `installs` are by folder. `proxies` maps a
    party in a DMZ to where its proxy sends what it has no route for.
    """

    release: str = ""
    installs: Mapping[str, Install] = field(default_factory=dict)
    proxies: Mapping[int, str] = field(default_factory=dict)


def read(text: str, commands: Commands | None = None) -> ScriptReading | tuple[Misread, ...]:
    """What create-helm-deploy.sh makes of the kube.cfg `text`, installed by `commands`."""
    settings = parse(text)
    if isinstance(settings, tuple):
        return settings
    if not settings.values("partylist"):
        return (Misread("partylist is missing or empty: the script makes no party", Span(1, 1)),)
    return _Script(settings, commands or Commands()).reading()


def locate(text: str, path: KeyPath) -> Span:
    """The place of a setting (`("partylist",)`) or of one of its items in the kube.cfg `text`, or else its start."""
    settings = parse(text)
    name, *rest = path or ("",)
    if isinstance(settings, tuple) or str(name) not in settings.by_name:
        return Span(1, 1)
    setting = settings.by_name[str(name)]
    index = rest[0] if rest else None
    if isinstance(index, int) and index < len(setting.values):
        return setting.values[index].span
    return setting.span


@lru_cache(maxsize=2)
def read_files(kube_cfg: str, runbook: str) -> tuple[ScriptReading | tuple[Misread, ...], Commands]:
    """What comes of kube.cfg and the runbook's commands; asked for again for every site."""
    commands = read_commands(runbook)
    return read(kube_cfg, commands), commands


def read_commands(text: str) -> Commands:
    """The `git clone`, `helm install` and `splitting_proxy` commands of a runbook."""
    release = ""
    installs: dict[str, Install] = {}
    proxies: dict[int, str] = {}
    for line in text.replace("\\\n", " ").split("\n"):
        try:
            words = shlex.split(line, comments=True) if _COMMAND.search(line) else []
        except ValueError:
            continue
        if words[:2] == ["git", "clone"] and "--branch" in words[:-1]:
            release = words[words.index("--branch") + 1]
        elif words[:1] == ["helm"] and "install" in words:
            install = _install(words[1:])
            if install is not None:
                installs[install.folder] = install
        elif "splitting_proxy" in words:
            arguments = words[words.index("splitting_proxy") + 1 :]
            if "generate_config.sh" in words[1].rpartition("/")[2] and len(arguments) == _PROXY_ARGUMENTS:
                party = _number(arguments[0])
                if party is not None:
                    proxies[party] = arguments[-1]
    return Commands(release, MappingProxyType(installs), MappingProxyType(proxies))


def _install(words: Sequence[str]) -> Install | None:
    """The flags of one `helm install`, each as `--flag=value` or in two words."""
    flags: dict[str, str] = {}
    values: dict[str, str] = {}
    folder = ""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            value = value if equals else next(rest, "")
            if flag == "--set":
                values.update(pair.partition("=")[::2] for pair in value.split(","))
            flags[flag] = value
        elif word != "install":
            folder = word.strip("/").rpartition("/")[2]
    if not folder:
        return None
    namespace = flags.get("--namespace", "")
    return Install(folder, flags.get("--name", ""), namespace, flags.get("--kube-context"), MappingProxyType(values))


class _Script:
    """The part of create-helm-deploy.sh that decides about routes, ports and placement."""

    def __init__(self, settings: Settings, commands: Commands) -> None:
        self._settings = settings
        self._commands = commands
        self._remarks: list[Misread] = []

    def reading(self) -> ScriptReading:
        """Everything the script makes."""
        settings = self._settings
        self._remarks.extend(
            Misread(f"{setting.name} is set again below, and only that counts", setting.span)
            for setting in settings.lost
        )
        proxies = settings.values("proxyIpList")
        behind_dmz = any(value.text for value in proxies)
        exchange = self._exchange_endpoint()
        rows = tuple(self._rows())
        if behind_dmz and exchange is not None:
            span = settings.by_name["exchangeip"].span
            self._remarks.append(Misread("with proxyIpList the script makes no exchange", span))
        entries = {party: endpoint for party, endpoint, _ in rows if endpoint is not None}
        to_exchange = () if exchange is None else (exchange,)
        parties: dict[int, ScriptSite] = {}
        for index, (party, endpoint, span) in enumerate(rows):
            dmz = proxies[index].text if index < len(proxies) and proxies[index].text else None
            port = None if dmz or endpoint is None else endpoint.port
            default = self._onward(party, dmz, span) if dmz else to_exchange
            routes = {} if dmz or exchange is not None else entries
            parties[party] = ScriptSite(party, f"fate-{party}", routes, default, port, dmz, span)
        made = None
        if exchange is not None and not behind_dmz:
            span = settings.by_name["exchangeip"].span
            made = ScriptSite(None, "fate-exchange", entries, (), exchange.port, None, span)
        self._say_what_is_left_over(len(rows))
        return ScriptReading(
            parties=MappingProxyType(parties),
            exchange=made,
            node_label=settings.text("nodeLabel"),
            eggs=tuple(value.text for value in settings.values("eggList")) or ("",),
            selectors=MappingProxyType({name: settings.text(name) for name in SELECTORS}),
            remarks=tuple(self._remarks),
        )

    def _rows(self) -> Iterator[tuple[int, Endpoint | None, Span]]:
        """Every party with the endpoint of its index; None where it has no usable one."""
        addresses = self._settings.values("partyiplist")
        proxies = self._settings.values("proxyIpList")
        seen: set[int] = set()
        for index, value in enumerate(self._settings.values("partylist")):
            party = _number(value.text)
            if party is None:
                self._remarks.append(Misread(f"{value.text!r} is no party's id", value.span))
                continue
            if party in seen:
                self._remarks.append(Misread(f"party {party} is listed twice; only the last counts", value.span))
            seen.add(party)
            if index < len(addresses):
                yield party, self._endpoint(addresses[index]), value.span
                continue
            if index >= len(proxies) or not proxies[index].text:
                message = f"party {party} has no address: partyiplist is shorter than partylist"
                self._remarks.append(Misread(message, value.span))
            yield party, None, value.span

    def _exchange_endpoint(self) -> Endpoint | None:
        values = self._settings.values("exchangeip")
        return self._endpoint(values[0]) if values and values[0].text else None

    def _endpoint(self, value: Value) -> Endpoint | None:
        """Address and port as the script splits them: at the last colon for one, at the first for the other."""
        host, _, _ = value.text.rpartition(":")
        _, _, digits = value.text.partition(":")
        port = _number(digits)
        if value.text.count(":") > 1:
            self._remarks.append(Misread("the script splits this at its first and its last colon", value.span))
            return None
        if not host or port is None or not 0 < port <= _LARGEST_PORT:
            self._remarks.append(Misread(f"{value.text!r} is no address and port: write ADDRESS:PORT", value.span))
            return None
        return Endpoint(host, port)

    def _onward(self, party: int, dmz: str, span: Span) -> tuple[Endpoint, ...]:
        """The default route that splitting_proxy writes, beside the party itself; always to PROXY_PORT."""
        onward = self._commands.proxies.get(party)
        if onward is None:
            self._remarks.append(Misread(f"no command makes the proxy of party {party}", span))
        return (Endpoint(onward, PROXY_PORT),) if onward and onward != dmz else ()

    def _say_what_is_left_over(self, parties: int) -> None:
        for name, what in (("partyiplist", "address"), ("proxyIpList", "proxy")):
            for value in self._settings.values(name)[len(self._settings.values("partylist")) :]:
                self._remarks.append(Misread(f"no party has this {what}: {name} is longer than partylist", value.span))
        proxies = sum(1 for value in self._settings.values("proxyIpList")[:parties] if value.text)
        if 0 < proxies < parties:
            span = self._settings.by_name["proxyIpList"].span
            self._remarks.append(Misread("some parties have a proxy in a DMZ and others have not", span))


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
