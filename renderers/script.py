"""The releases before KubeFATE's service (v1.2.0, v1.3.0): kube.cfg, .env and a runbook, one of each per federation.

There is nothing to send anywhere: create-helm-deploy.sh makes a chart per party of kube.cfg and .env, and Helm 2
installs them. So the plan's result is these two files and the commands to run, in order.
Sources: v1.2.0:k8s-deploy/kube.cfg, create-helm-deploy.sh, README.md and DMZ-deploy.md; reference cluster-yaml.md
section 4.4, helm-direct.md section 8, verify.md section 1.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from planner.kube_cfg import SELECTED, placement
from planner.model import Site
from planner.plan import Plan, PlannedSite
from planner.releases import Release
from renderers.templating import template

KUBE_CFG_FILE: Final = "kube.cfg"
ENV_FILE: Final = ".env"
RUNBOOK_FILE: Final = "RUNBOOK.md"
NODE_LABEL: Final = "fedai.org"
"""The node label of KubeFATE's own kube.cfg, which stands where no node selector is given."""
_EXCHANGE_FOLDER: Final = "fate-exchange"
_ON_ONE_LINE: Final = 3
"""Items of a list that stand on one line; a longer list has a line for each."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart that the script makes and Helm installs; `party` is None for the exchange.

    `kubectl` and `helm` are these commands for its cluster; where no context chooses it, `remark` is a shell comment
    that names it. `endpoint` is where its proxy is dialled: `address:port`. `settings` are flags of `helm install`.
    `dmz` is the host of a party's proxy, `onward` where that sends what is not for the party; both are empty where the
    proxy is a pod. `toy` is the command of a toy example with this party as guest.
    """

    label: str
    party: int | None
    folder: str
    name: str
    namespace: str
    cluster: str
    kubectl: str
    helm: str
    endpoint: str
    remark: str = ""
    settings: str = ""
    dmz: str = ""
    onward: str = ""
    toy: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """What kube.cfg, .env and the runbook say, worked out of a plan."""

    federation: str
    release: Release
    parties: tuple[Chart, ...]
    exchange: Chart | None
    node_label: str
    eggs: tuple[str, ...]
    selectors: Mapping[str, str]
    registry: str
    tag: str

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Everything to install, the exchange first."""
        return self.parties if self.exchange is None else (self.exchange, *self.parties)


def render(plan: Plan) -> Mapping[str, str]:
    """The files of the whole federation: name relative to `out/`, and text."""
    script = script_of(plan)
    return MappingProxyType(
        {KUBE_CFG_FILE: kube_cfg(script), ENV_FILE: environment(script), RUNBOOK_FILE: runbook(script)}
    )


def script_of(plan: Plan) -> Script:
    """What the files say of a plan without errors, in which all sites agree in what kube.cfg has once."""
    parties = [planned for planned in plan.sites if planned.site.kind == "party"]
    exchanges = [planned for planned in plan.sites if planned.site.kind == "exchange"]
    first, release = parties[0].site, parties[0].release
    label, selectors = _selectors(first)
    return Script(
        federation=plan.federation.name,
        release=release,
        parties=tuple(_party(plan, planned, parties, index) for index, planned in enumerate(parties)),
        exchange=_chart(exchanges[0]) if exchanges else None,
        node_label=label,
        eggs=_eggs(first),
        selectors=selectors,
        registry=first.registry or "",
        tag=first.image_tag or release.images.tag,
    )


def _chart(planned: PlannedSite) -> Chart:
    site = planned.site
    return Chart(
        label=site.label,
        party=None,
        folder=_EXCHANGE_FOLDER,
        name=site.name,
        namespace=site.namespace,
        cluster=planned.cluster.name,
        kubectl=f"kubectl{_flag('--context', planned.cluster.context)}",
        helm=f"helm{_flag('--kube-context', planned.cluster.context)}",
        endpoint=_endpoint(planned),
        remark="" if planned.cluster.context else f"    # cluster {planned.cluster.name}",
    )


def _party(plan: Plan, planned: PlannedSite, parties: Sequence[PlannedSite], index: int) -> Chart:
    """The chart of a party. Its toy example is with the next party it must talk with, so that each is asked once."""
    site, own = planned.site, planned.id
    following = parties[(index + 1) % len(parties)].id
    topology = plan.topology
    other = following if topology.must_talk(own, following) else min(topology.partners(own), default=own)
    return replace(
        _chart(planned),
        party=own,
        folder=f"fate-{own}",
        settings=_helm_settings(site),
        dmz=site.dmz or "",
        onward=_onward(plan, planned) if site.dmz else "",
        toy=shlex.join(planned.release.toy.argv(own, other)),
    )


def _endpoint(planned: PlannedSite) -> str:
    """Where everybody dials the proxy of a site: its NodePort, or the fixed port of a proxy in a DMZ."""
    if planned.site.dmz is not None:
        return f"{planned.site.dmz}:{planned.release.ports.federation}"
    return f"{planned.cluster.address}:{planned.ports['proxy']}"


def _onward(plan: Plan, planned: PlannedSite) -> str:
    """Where a proxy in a DMZ sends what is not for its party: to its only peer's, else to itself."""
    peers = (plan.by_key[key].site.dmz for key in plan.peers(planned))
    return next((address for address in peers if address), planned.site.dmz or "")


def _flag(name: str, value: str | None) -> str:
    return f" {name} {shlex.quote(value)}" if value else ""


def _helm_settings(site: Site) -> str:
    """The flags that give a chart its NFS share."""
    if site.nfs is None:
        return ""
    pairs = (f"nfspath={site.nfs.path}", f"nfsserver={site.nfs.server}")
    return "".join(f" --set {shlex.quote(pair)}" for pair in pairs)


def _selectors(site: Site) -> tuple[str, Mapping[str, str]]:
    """The node label and its value for each module; empty for any node."""
    chosen = placement(site)
    label = next((label for several in chosen.values() for labels in several for label in labels), NODE_LABEL)
    return label, MappingProxyType({module: _value(chosen[module][0]) for module in SELECTED})


def _value(labels: Mapping[str, str]) -> str:
    """The value of the only label; empty where there is none."""
    return next(iter(labels.values()), "")


def _eggs(site: Site) -> tuple[str, ...]:
    """The node label's value of each egg; empty where one egg may run anywhere, as without eggList."""
    values = tuple(map(_value, placement(site)["egg"]))
    return () if values == ("",) else values


def kube_cfg(script: Script) -> str:
    """The kube.cfg that create-helm-deploy.sh reads."""
    release = script.release.name
    lines = [
        f"# kube.cfg of the federation {script.federation}, {release}. Written by fedplan from federation.yaml.",
        f"# Its place is KubeFATE/k8s-deploy/, next to the script of {release}. {RUNBOOK_FILE} says what to run.",
        "",
        "# Party ids, and in the same order the address and port at which the others dial each party's proxy.",
        _list("partylist", (str(chart.party) for chart in script.parties)),
        _list("partyiplist", (chart.endpoint for chart in script.parties)),
        "",
        "# Address and port of the exchange. Empty: the parties dial each other.",
        f"exchangeip={shlex.quote(script.exchange.endpoint) if script.exchange else ''}",
        "",
        "# Hosts that run the parties' proxies in a DMZ, in the order of partylist.",
        _list("proxyIpList", (chart.dmz for chart in script.parties if chart.dmz)),
        "",
        "# Node label, and its value on the nodes for each module. Empty: any node. One egg for each item of eggList.",
        f"nodeLabel={shlex.quote(script.node_label)}",
        _list("eggList", script.eggs),
        *(f"{module}={_word(script.selectors[module])}" for module in SELECTED),
        "servingServer=",  # the script asks for it, though the chart makes none
    ]
    return "\n".join(lines) + "\n"


def _list(name: str, items: Iterable[str]) -> str:
    words = [shlex.quote(item) for item in items]
    if len(words) <= _ON_ONE_LINE:
        return f"{name}=({' '.join(words)})"
    return "\n".join((f"{name}=(", *(f"  {word}" for word in words), ")"))


def _word(value: str) -> str:
    return shlex.quote(value) if value else ""


def environment(script: Script) -> str:
    """The .env that names the images."""
    lines = [
        f"# Images of {script.release.name}. Written by fedplan from federation.yaml.",
        f"PREFIX={shlex.quote(script.release.images.registry)}",
        "# A registry of one's own, such as Harbor. Empty: Docker Hub.",
        f"RegistryURI={_word(script.registry)}",
    ]
    if script.registry:
        lines += [
            "# The name that older copies of create-helm-deploy.sh have for it, when run with useThirdParty.",
            f"THIRDPARTYPREFIX={_word(script.registry)}",
        ]
    return "\n".join((*lines, f"TAG={shlex.quote(script.tag)}")) + "\n"


def images(script: Script) -> tuple[tuple[str, str], ...]:
    """Every image as Docker Hub has it, and as the charts ask for it."""
    own = script.release.images.tag
    found = []
    for _, reference in script.release.images.names:
        name, _, tag = reference.rpartition(":")
        public = f"{name}:{script.tag}" if tag == own else reference
        private = f"{script.registry}/{public.rpartition('/')[2]}" if script.registry else public
        found.append((public, private))
    return tuple(found)


def runbook(script: Script) -> str:
    """Every command from an empty cluster to a toy example that succeeds, and back, in Markdown."""
    toy = script.release.toy
    return template("runbook.md.j2").render(
        script=script,
        release=script.release,
        clusters=_clusters(script),
        helms=tuple({chart.helm: chart for chart in script.charts}.values()),
        images=images(script),
        node_values=_node_values(script),
        toy_directory=toy.places[0].directory,
        success=toy.verdict.success_line,
        hosts=dict(script.release.hosts.defaults),
        install=install,
        quote=shlex.quote,
    )


def _clusters(script: Script) -> Sequence[tuple[str, Chart]]:
    """Every Kubernetes cluster by name, with one of its charts, which knows how to choose it."""
    found: dict[str, Chart] = {}
    for chart in script.charts:
        found.setdefault(chart.cluster, chart)
    return tuple(found.items())


def _node_values(script: Script) -> Mapping[str, Sequence[str]]:
    """The node label's values, each with what runs on the nodes that have it."""
    found: dict[str, list[str]] = {}
    for module, value in (*(("egg", value) for value in script.eggs), *script.selectors.items()):
        if value and module not in found.setdefault(value, []):
            found[value].append(module)
    return found


def steps(script: Script, folder: str) -> tuple[str, ...]:
    """The runbook in short, for the end of a plan: one line per step, most with its command."""
    charts = script.charts
    first = charts[0]
    lines = [
        f"{script.release.name} is deployed by KubeFATE's script and Helm 2, on a machine with bash, kubectl and helm:",
        f"  git clone --branch {script.release.chart.git_tag} https://github.com/FederatedAI/KubeFATE.git",
        f"  cp {shlex.quote(f'{folder}/{KUBE_CFG_FILE}')} KubeFATE/k8s-deploy/",
        f"  cp {shlex.quote(f'{folder}/{ENV_FILE}')} KubeFATE/ && cp KubeFATE/{ENV_FILE} KubeFATE/k8s-deploy/",
        f"  {first.kubectl} create namespace {first.namespace}{_more(charts)}",
    ]
    if script.registry:
        lines.append(f"  push the images to {script.registry}")
    values = _node_values(script)
    if values:
        value = next(iter(values))
        lines.append(f"  {first.kubectl} label nodes NODE {shlex.quote(f'{script.node_label}={value}')}{_more(values)}")
    lines.append("  bash KubeFATE/k8s-deploy/create-helm-deploy.sh")
    lines.append(f"  {install(first, 'KubeFATE/k8s-deploy/')}{_more(charts)}")
    if any(chart.dmz for chart in charts):
        lines.append("  the proxies of the DMZ, with Docker Compose")
    return (*lines, f"{folder}/{RUNBOOK_FILE} has every command, the tiller account, a test and the way back.")


def _more(things: Iterable[object]) -> str:
    count = len(tuple(things)) - 1
    return f"    (and {count} more)" if count else ""


def install(chart: Chart, parent: str = "./") -> str:
    """The command that installs one chart."""
    name, namespace = shlex.quote(chart.name), shlex.quote(chart.namespace)
    return f"{chart.helm} install{chart.settings} --name={name} --namespace={namespace} {parent}{chart.folder}/"


def nothing_to_apply(release: str, folder: str) -> tuple[str, str]:
    """What `apply` says of a federation that is deployed by kube.cfg: the clause, and the hint."""
    return (
        f"{release} is deployed by a script and Helm 2, so there is nothing to apply through today's tools",
        f"run the commands of {folder}/{RUNBOOK_FILE} in their order",
    )
