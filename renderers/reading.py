"""What was read back from the files of one site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from planner.channels import Channel
from planner.diagnostics import KeyPath
from planner.lookup import Endpoint, RouteTable


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that nothing could be deployed from; `path` leads to the part at fault, where one is known."""

    file: str
    message: str
    path: KeyPath = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that becomes of a key and that its writer hardly meant; `file` is empty for the file that was read."""

    path: KeyPath
    message: str
    file: str = ""


class Exposed(NamedTuple):
    """One port of a Service that is dialled: how the Service is exposed, as it comes out of the chart.

    `container_port` is the Service's own port, which a load balancer has too. A `node_port` of None is one that
    Kubernetes picks at random, `load_balancer` the address of a Service of that type. `path` is the key that holds
    the Service's type or port in `file`, which is empty for the file that was read. `namespace` is the Service's where
    the files say it of each.
    """

    service: str
    service_type: str
    container_port: int
    node_port: int | None
    load_balancer: str | None
    path: KeyPath
    file: str = ""
    namespace: str = ""


class Guard(Protocol):
    """The NetworkPolicies of a site, by its channels and Services."""

    @property
    def place(self) -> tuple[str, KeyPath]:
        """The file that they stand in, and the first of them."""

    def dials(self, channel: Channel, endpoint: Endpoint) -> bool:
        """Whether the pods that dial on a channel may dial an endpoint outside the cluster, and look its name up."""

    def dials_inside(self, channel: Channel, namespace: str, port: int) -> bool:
        """Whether they may dial a port of the pods of a namespace of their own cluster."""

    def hears(self, exposed: Exposed, namespace: str | None) -> bool:
        """Whether the pods behind a Service's port hear pods of a namespace, or with None anybody outside."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A site on one channel, as one of its files makes it: its route table, and where it can be dialled.

    `exposed` is empty on a channel on which the site only dials. `path` is the key that holds the route table, in
    `file`, which is empty for the file that was read.
    For the channels inside a party (LOAD, TRANSFER) the table has one entry, the party's own id.
    """

    channel: Channel
    table: RouteTable
    exposed: tuple[Exposed, ...]
    path: KeyPath
    file: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One file of a site as its target deploys it: routes, exposure, and what was lost on the way.

    `module` is the router, broker or proxy that the file is mainly about, empty when it has none. `modules` are all
    that it deploys. `release` is the FATE release, for chart fate-serving the chart's version. `dropped` are keys that
    nothing reads, `tls` says whether rollsite mounts certificates.

    Of manifests there is more to tell: `open` are all Service ports that are exposed outside the cluster, `engine` is
    what FATE-Flow is set to (computing, federation, storage), `polls` says whether rollsite polls the router that its
    default route names, `guard` holds the NetworkPolicies, where there are any, and `workload` is the object that the
    reading is mainly about, as `Kind/name`.
    """

    file: str
    name: str
    namespace: str
    party: int
    chart: str
    release: str
    module: str
    modules: tuple[str, ...]
    gates: tuple[Gate, ...]
    tls: bool = False
    dropped: tuple[KeyPath, ...] = ()
    remarks: tuple[Remark, ...] = ()
    open: tuple[Exposed, ...] = ()
    engine: tuple[str, ...] = ()
    polls: bool = False
    guard: Guard | None = None
    workload: str = ""

    def gate(self, channel: Channel) -> Gate | None:
        """The gate on a channel; None where the file has none."""
        return next((gate for gate in self.gates if gate.channel is channel), None)
