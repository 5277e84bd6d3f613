"""Clusters for tests; tests that use one are marked by which.

`control_plane` and `second_control_plane` are real control planes with a fake node, `real_node` and `second_real_node`
run containers. They end with the file that uses them, but for `control_plane`, which ends with the session.
Nothing is built while tests run: that takes minutes, and `python -m tests.cluster.harness build` does it.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.cluster.harness import build, fate, helm, lifecycle, node, places
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.harness.level import Level

HERE = Path(__file__).resolve().parent
REQUIRE = "FEDPLAN_REQUIRE_CLUSTER"
"""Set to 1, it makes a cluster that cannot be had a failure."""

_WITHOUT_CLUSTER = "test_parts.py"
"""The one file whose tests need no cluster."""
_CONTROL = {"control_plane", "second_control_plane", "fake_node"}
_NODE = {"real_node", "second_real_node"}
_SECONDS = 1800
"""What a test with a cluster may take, with what is started for it."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even read tests that nobody asked for."""
    is_asked = config.getoption("--cluster") or config.getoption("--node") or config.getoption("--collect-only")
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if is_test and not is_asked and collection_path.name != _WITHOUT_CLUSTER else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the cluster they use, and give them the time that clusters take to start on a slow machine."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if item.path.is_relative_to(HERE) and used & (_CONTROL | _NODE):
            item.add_marker("node" if used & _NODE else "cluster")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """A control plane, on whose fake node pods run."""
    with ExitStack() as stack:
        cluster = _start(stack, Level.CONTROL)
        if not cluster.is_given:
            _NODES[cluster] = stack.enter_context(FakeNode(cluster))
        yield cluster


@pytest.fixture(scope="module")
def second_control_plane() -> Iterator[Cluster]:
    """Another control plane, as another party has one."""
    if places.given_kubeconfig() is not None:
        _without(f"a second cluster is started here: unset {places.GIVEN_KUBECONFIG}")
    with ExitStack() as stack:
        cluster = _start(stack, Level.CONTROL)
        _NODES[cluster] = stack.enter_context(FakeNode(cluster))
        yield cluster


@pytest.fixture
def fake_node(control_plane: Cluster) -> Iterator[FakeNode]:
    """The fake node of the control plane; a test may decide fates and logs, which the next one does not see."""
    fake = _NODES.get(control_plane)
    if fake is None:
        _without(f"a given cluster has no fake node: unset {places.GIVEN_KUBECONFIG}")
    yield fake
    fake.reset()


@pytest.fixture(scope="module")
def real_node() -> Iterator[Cluster]:
    """A cluster whose node runs containers; the next file gets an empty one, since a node holds 110 pods."""
    with ExitStack() as stack:
        yield _start(stack, Level.NODE)


@pytest.fixture(scope="module")
def second_real_node(real_node: Cluster) -> Iterator[Cluster]:
    """Another such cluster, as another party has one; pods of either reach NodePorts of the other."""
    if places.given_kubeconfig() is not None:
        _without(f"a second cluster is started here: unset {places.GIVEN_KUBECONFIG}")
    with ExitStack() as stack:
        cluster = _start(stack, Level.NODE)
        node.join(real_node, cluster)
        yield cluster


@dataclass(slots=True)
class Namespaces:
    """Makes namespaces for one test."""

    clients: Callable[[Cluster], Any]
    made: list[tuple[Cluster, str]] = field(default_factory=list)

    def __call__(self, cluster: Cluster, prefix: str = "test", *, create: bool = True) -> str:
        """Give a namespace nobody else has, in which pods can be made; with create=False, only a name for one."""
        from kubernetes import client

        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.made.append((cluster, name))
        if create:
            core: Any = client.CoreV1Api(self.clients(cluster))
            core.create_namespace({"metadata": {"name": name}})
            wait_for_account(core, cluster, name)
        return name

    def remove(self) -> None:
        """Ask for the end of all of them; the cluster does it in the background."""
        from kubernetes import client
        from urllib3.exceptions import HTTPError

        for cluster, name in self.made:
            with suppress(client.ApiException, HTTPError):
                client.CoreV1Api(self.clients(cluster)).delete_namespace(name)


@pytest.fixture
def namespace(client_of: Callable[[Cluster], Any]) -> Iterator[Namespaces]:
    """`namespace(cluster)` makes a namespace of its own; it goes away after the test."""
    made = Namespaces(client_of)
    yield made
    made.remove()


@pytest.fixture
def client_of() -> Iterator[Callable[[Cluster | Path], Any]]:
    """`client_of(cluster)` is the admin's ApiClient, `client_of(kubeconfig)` somebody else's; closed after the test."""
    from kubernetes import config

    load: Any = config.new_client_from_config
    opened: dict[Path, Any] = {}

    def connect(to: Cluster | Path) -> Any:
        file = to.kubeconfig if isinstance(to, Cluster) else to
        if file not in opened:
            opened[file] = load(str(file))
        return opened[file]

    yield connect
    for made in opened.values():
        made.rest_client.pool_manager.clear()
        made.close()


_NODES: dict[Cluster, FakeNode] = {}


def _start(stack: ExitStack, level: Level) -> Cluster:
    """Start a cluster, or say in a line how to get one."""
    if places.given_kubeconfig() is None and not build.is_ready(level):
        _without(f"nothing to start: run python -m tests.cluster.harness build --level {level}")
    try:
        return stack.enter_context(lifecycle.running(level))
    except HarnessError as failure:
        _without(str(failure))


def helm_binary(generation: int) -> Path:
    """A helm of a generation, 3 or 4."""
    try:
        return helm.binary(generation)
    except HarnessError as failure:
        _without(str(failure))


def give_fate(cluster: Cluster) -> None:
    """Give a node the image of real FATE."""
    try:
        fate.give(cluster)
    except HarnessError as failure:
        _without(str(failure))


def _without(reason: str) -> NoReturn:
    """Skip what cannot be had, or fail where it is required."""
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason.splitlines()[0])


def wait_for_account(core: Any, cluster: Cluster, name: str) -> None:
    """Wait until pods can be made in a namespace, and all is there that the cluster itself puts into it."""
    from kubernetes import client

    end = time.monotonic() + 120
    while time.monotonic() < end:
        with suppress(client.ApiException):
            account = core.read_namespaced_service_account("default", name)
            if cluster.minor >= 20:
                core.read_namespaced_config_map("kube-root-ca.crt", name)
            if account.secrets or cluster.minor > 23:
                return
        time.sleep(0.05)
    pytest.fail(f"namespace {name} has no ServiceAccount, or not the cluster's ConfigMap, after 120 s", pytrace=False)
