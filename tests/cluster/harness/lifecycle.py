"""Start clusters, end them, and clean up after processes that died before they could."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.harness import control, node, pki, places, runs
from tests.cluster.harness.api import Api, Endpoint
from tests.cluster.harness.build import Programs, build
from tests.cluster.harness.cluster import Cluster, load
from tests.cluster.harness.given import given_cluster
from tests.cluster.harness.level import Level
from tests.cluster.harness.processes import Processes
from tests.cluster.harness.steps import Steps

CONTROL_ADDRESS = "127.0.0.1"
_NOWHERE = "198.51.100.1"
"""An address of documentation: pods of a control plane without a node cannot reach it anyway."""

_PATIENCE = 2
"""Seconds that a component has to end by itself: an API server would wait for its clients, and nothing is kept."""


def up(level: Level = Level.CONTROL, *, owned: bool = True) -> Cluster:
    """Have a cluster: the given one, or a new one that ends with this process.

    A cluster that is not `owned` stays until `down` is asked to end it.
    """
    given = places.given_kubeconfig()
    if given is not None:
        return given_cluster(given, level)
    programs = build(level)
    sweep()
    run, ports = runs.claim(owned=owned)
    steps = Steps(run / "logs")
    try:
        return _start(level, programs, run, ports, steps)
    except BaseException:
        _halt(run)
        runs.disown(run)
        raise


@contextmanager
def running(level: Level = Level.CONTROL) -> Iterator[Cluster]:
    """Have a cluster for as long as a block runs."""
    cluster = up(level)
    try:
        yield cluster
    finally:
        down(cluster)


def down(cluster: Cluster) -> None:
    """End exactly what was started for a cluster; a given one is left alone."""
    if cluster.run is not None:
        end(cluster.run)


def end(run: Path) -> None:
    """End what was started in a run folder, and remove the folder."""
    _halt(run)
    runs.remove(run)


def sweep() -> list[Path]:
    """End every run whose owner has died; returns their folders."""
    with runs.numbering():
        dead = [run for run in runs.every() if runs.owner(run) is runs.Owner.DEAD]
        for run in dead:
            end(run)
    return dead


def _start(level: Level, programs: Programs, run: Path, ports: runs.Ports, steps: Steps) -> Cluster:
    """Start the parts of a level one after the other."""
    has_node = level is Level.NODE
    address = node.address(run) if has_node else CONTROL_ADDRESS
    server = f"https://{address}:{ports.apiserver}"
    steps.begin(f"start level {level}: {run}")
    if has_node:
        node.prepare(run, steps)
    addresses = (CONTROL_ADDRESS, control.FIRST_SERVICE, *([address] if has_node else []))
    keys = pki.make(run / "pki", server, addresses, node.NAME)
    processes = Processes(run)
    plane = control.ControlPlane(
        programs,
        keys,
        run,
        ports,
        address,
        address if has_node else _NOWHERE,
        node.inside(run) if has_node else (),
        private_volumes=not has_node,
    )
    with Api(Endpoint(server, keys.ca, keys.token(pki.ADMIN))) as api:
        plane.start(processes, api)
        steps.say("control plane ready")
        if has_node:
            node.start(programs, keys, run, processes, api, steps)
        cluster = Cluster(
            level=level,
            kubeconfig=keys.kubeconfig(pki.ADMIN),
            context=pki.CONTEXT,
            server=server,
            ca=keys.ca,
            version=str(api.get("/version")["gitVersion"]),
            node_address=address if has_node else None,
            admin_token=keys.token(pki.ADMIN),
            stranger_token=keys.token(pki.STRANGER),
            run=run,
        )
    cluster.save()
    steps.say(f"{server} is up; KUBECONFIG={cluster.kubeconfig}")
    return cluster


def _halt(run: Path) -> None:
    """End the processes of a run, and what the kernel holds for them; leave its folder with the logs."""
    processes = Processes(run)
    if node.was_prepared(run):
        node.tear_down(run, processes)
    for name in reversed(processes.names()):
        processes.end([name], seconds=_PATIENCE)


def status() -> list[str]:
    """One line for each run."""
    return [_line(run) for run in runs.every()]


def _line(run: Path) -> str:
    cluster, processes = load(run), Processes(run)
    what = (
        f"{cluster.level} {cluster.version} {cluster.server} KUBECONFIG={cluster.kubeconfig}" if cluster else "broken"
    )
    parts = ", ".join(f"{name}{'' if processes.is_alive(name) else ' (dead)'}" for name in processes.names())
    return f"{run}: {what}; {runs.owner(run)}; {parts or 'nothing runs'}"
