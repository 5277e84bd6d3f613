"""The halves of a site, training and serving: what each deploys, and its gates on every channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

from renderers.manifests import fateflow, nginx, objects, routers, serving, site, traffic_server
from renderers.manifests.connections import check_ingresses, guard_of
from renderers.manifests.objects import Object
from renderers.manifests.site import Site
from renderers.manifests.workloads import COMPONENTS, Pod
from renderers.reading import Gate, Guard, Reading, Unreadable
from renderers.values import number

_MAIN: Final = {
    "training": ("rollsite", "osx", "traffic-server", "nginx", "python"),
    "serving": ("serving-proxy", "serving-server"),
}
"""The components that a half is mainly about: the first of them that it deploys."""
_RELEASE: Final = "app.kubernetes.io/version"
_NAME: Final = "app.kubernetes.io/instance"
_PARTY: Final = "partyId"


def readings(found: Sequence[Object]) -> Iterator[Reading | Unreadable]:
    """A reading of each half; what was remarked on the site's objects stands in the first."""
    whole = Site(tuple(found))
    halves: dict[Literal["training", "serving"], list[Pod]] = {}
    for pod in whole.pods:
        known = COMPONENTS.get(pod.component)
        halves.setdefault("training" if known is None else known.part, []).append(pod)
    if not halves:
        yield Unreadable(found[0].file if found else objects.KUSTOMIZATION, "no object of the site runs any pods")
        return
    site.check(whole)
    guard = guard_of(whole)
    check_ingresses(whole, guard)
    is_party = any(pod.component in {"python", "serving-server"} for pod in whole.pods)
    made = [_Half(whole, part, pods, is_party=is_party).reading(guard) for part, pods in sorted(halves.items())][::-1]
    yield replace(made[0], remarks=tuple(dict.fromkeys(whole.remarks)))
    yield from made[1:]


class _Half:
    """The training or the serving half of a site."""

    def __init__(
        self, whole: Site, part: Literal["training", "serving"], pods: Sequence[Pod], *, is_party: bool
    ) -> None:
        self.site, self.part, self.pods, self.is_party = whole, part, pods, is_party
        self.by_name = {pod.component: pod for pod in pods}
        self.main = next((self.by_name[name] for name in _MAIN[part] if name in self.by_name), pods[0])
        self.labels = self.main.workload.labels
        self.party = number(self.labels.get(_PARTY)) or 0
        self.release = str(self.labels.get(_RELEASE, ""))
        self.engine: tuple[str, ...] = ()
        self.polls = False

    def reading(self, guard: Guard | None) -> Reading:
        """All that is read of it."""
        self._check_labels()
        gates = tuple(self._serving() if self.part == "serving" else self._training())
        namespaces = {pod.namespace for pod in self.pods}
        open_ports = tuple(each for each in self.site.open_ports() if each.namespace in namespaces)
        main = COMPONENTS.get(self.main.component)
        return Reading(
            file=self.main.workload.file,
            name=str(self.labels.get(_NAME, "")),
            namespace=self.main.namespace,
            party=self.party,
            chart="",
            release=self.release,
            module=main.module if main is not None else self.main.component,
            modules=tuple(dict.fromkeys(self._modules())),
            gates=gates,
            open=open_ports,
            engine=self.engine,
            polls=self.polls,
            guard=guard,
            workload=self.main.workload.title,
        )

    def _modules(self) -> Iterator[str]:
        for pod in self.pods:
            known = COMPONENTS.get(pod.component)
            yield pod.component if known is None else known.module

    def _check_labels(self) -> None:
        """All workloads of a half must say that they belong to one party, and run where it does."""
        for pod in self.pods:
            labels, workload = pod.workload.labels, pod.workload
            if str(labels.get(_PARTY)) != str(self.labels.get(_PARTY)):
                message = f"its label {_PARTY} is {labels.get(_PARTY)}, and {self.main.component}'s is {self.party}"
                self.site.remark(workload, ("metadata", "labels"), message)
            if pod.namespace != self.main.namespace:
                message = f"it runs in {pod.namespace}, and {self.main.component} in {self.main.namespace}"
                self.site.remark(workload, ("metadata", "namespace"), message)

    def _training(self) -> Iterator[Gate]:
        is_second = self.release.startswith("v2")
        pods, whole, party = self.by_name, self.site, self.party
        if "rollsite" in pods:
            gate, polling = routers.rollsite(whole, pods["rollsite"], party, is_party=self.is_party)
            self.polls = polling.polls
            yield gate
        if "osx" in pods:
            yield routers.osx(whole, pods["osx"], party, is_party=self.is_party)
        if "nginx" in pods:
            yield from nginx.gates(whole, pods["nginx"], party, is_party=self.is_party)
        if "traffic-server" in pods:
            yield traffic_server.gate(whole, pods["traffic-server"])
        for component in ("clustermanager", "nodemanager"):
            if component in pods:
                fateflow.check_eggroll(whole, pods[component])
        if "python" in pods:
            flow = fateflow.flow_of(whole, pods["python"], party, is_second=is_second)
            if flow is not None:
                self.engine = flow.engine
                found = (fateflow.broker_gate(flow), fateflow.load_gate(flow, party))
                yield from (gate for gate in found if gate is not None)
            yield fateflow.transfer_gate(whole, pods["python"], party)

    def _serving(self) -> Iterator[Gate]:
        if "serving-proxy" in self.by_name:
            yield serving.proxy(self.site, self.by_name["serving-proxy"], self.party, is_party=self.is_party)
        if "serving-server" in self.by_name:
            yield from serving.server(self.site, self.by_name["serving-server"], self.party)
