"""Faults of a cluster: take a component or a connection away for a while, and bring it back where it was.

A stopped component refuses connections, a frozen one accepts them and never answers. A node that is unplugged from
another one cannot be found by it, one that swallows is found and says nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.harness import node
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.control import APISERVER, ETCD, wait_ready
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.processes import Processes


def stop(cluster: Cluster, component: str) -> None:
    """Kill a component, as a crash would."""
    _processes(cluster, component).end([component], seconds=0, forget=False)


def start(cluster: Cluster, component: str) -> None:
    """Start a component that was stopped, at the same ports; return when the API server is ready, if it can be."""
    processes = _processes(cluster, component)
    processes.start_again(component)
    _settle(cluster, processes)


def freeze(cluster: Cluster, component: str) -> None:
    """Let a component hang."""
    _processes(cluster, component).signal(component, signal.SIGSTOP)


def thaw(cluster: Cluster, component: str) -> None:
    """Let a component that hangs go on."""
    processes = _processes(cluster, component)
    processes.signal(component, signal.SIGCONT)
    _settle(cluster, processes)


@contextmanager
def stopped(cluster: Cluster, component: str = APISERVER) -> Iterator[None]:
    """Keep a component stopped while a block runs."""
    stop(cluster, component)
    try:
        yield
    finally:
        start(cluster, component)


@contextmanager
def frozen(cluster: Cluster, component: str = APISERVER) -> Iterator[None]:
    """Keep a component frozen while a block runs."""
    freeze(cluster, component)
    try:
        yield
    finally:
        thaw(cluster, component)


@contextmanager
def unplugged(cluster: Cluster, other: Cluster) -> Iterator[None]:
    """Keep the connection of a node with another one it was joined with cut while a block runs."""
    link = ("ip", "link", "set", node.link_to(other))
    node.command(cluster, *link, "down")
    try:
        yield
    finally:
        node.command(cluster, *link, "up")


@contextmanager
def swallowing(cluster: Cluster, other: Cluster) -> Iterator[None]:
    """Let a node drop every packet that comes from another one while a block runs."""
    rule = ("PREROUTING", "--in-interface", node.link_to(other), "--jump", "DROP")
    table = ("iptables", "--wait", "--table", "mangle")  # it comes before kube-proxy sends packets to pods
    node.command(cluster, *table, "--insert", *rule)
    try:
        yield
    finally:
        node.command(cluster, *table, "--delete", *rule)


def _processes(cluster: Cluster, component: str) -> Processes:
    """The processes of a cluster that we started, which has this component."""
    if cluster.run is None:
        message = "a given cluster is not ours to stop"
        raise HarnessError(message)
    processes = Processes(cluster.run)
    if component not in processes.names():
        message = f"{component} is no component here; there are {', '.join(processes.names())}"
        raise HarnessError(message)
    return processes


def _settle(cluster: Cluster, processes: Processes) -> None:
    """Wait until the API server is ready, unless it or what it needs is still away."""
    if all(processes.is_alive(name) for name in (ETCD, APISERVER)):
        with cluster.api() as api:
            wait_ready(processes, api)
