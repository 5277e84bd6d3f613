"""What was read back from the files of one site."""

from __future__ import annotations

from dataclasses import dataclass

from planner.diagnostics import KeyPath
from planner.lookup import RouteTable


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that nothing could be deployed from."""

    file: str
    message: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that becomes of a key and that its writer hardly meant."""

    path: KeyPath
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One site as its target deploys it: its routes, how it is exposed, and what was lost on the way.

    `service_type`, `node_port` and `load_balancer` describe the Service that peers dial;
    a NodePort of None is one that Kubernetes picks at random.
    `file` is the file that holds the routes, `dropped` are keys in it that nothing reads.
    """

    file: str
    name: str
    namespace: str
    party: int
    version: str
    module: str
    table: RouteTable
    service_type: str
    node_port: int | None
    load_balancer: str | None
    tls: bool = False
    dropped: tuple[KeyPath, ...] = ()
    remarks: tuple[Remark, ...] = ()
