"""Probes of ways on a real node: connections, handshakes and requests from inside real pods, over real NodePorts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from planner.channels import Channel
from planner.lookup import Endpoint
from planner.site_json import Dial
from renderers.cluster.api import Ran
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder, from_directory
from renderers.cluster.places import Places
from renderers.cluster.references import Reference
from renderers.probes.pods.inside import Inside, Reached, Spot
from renderers.probes.pods.talk import talk
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from renderers.probes.ways.area import probes
from tests.authority import Authority
from tests.cluster import sites
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import federation, kubeconfig
from tests.cluster.standins import image
from tests.cluster.test_real_node import SMALL, Land, ended_pods_go, until
from tests.conftest import plan_text
from tests.unit.pods_double import by_tls, listening, mute

MODULES: Final = ("nginx", "rabbitmq", "mysql", "python")
DEFAULTS: Final = {"engine": "standalone_rabbitmq", "components": dict.fromkeys(MODULES, SMALL)}


@pytest.fixture(scope="module")
def land(real_node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """Two parties of FATE 2, up and as planned."""
    folder = tmp_path_factory.mktemp("ways")
    image.give(real_node)
    with ended_pods_go(real_node), pytest.MonkeyPatch.context() as patch:
        sites.use(patch, kubeconfig(folder / "kubeconfig", bank=real_node))
        land = Land(real_node, folder / "land")
        parties = [land.party(identity, MODULES) for identity in (9999, 10000)]
        land.plan(federation(*parties, release="v2.0.0", clusters=[land.bank(2)], defaults=DEFAULTS))
        land.come_up("party-9999", "party-10000")
        yield land


def sight(land: Land, site: str, *dials: Dial) -> Sight:
    """A site as the probes see it; `dials` are others than the planned ones."""
    plan = plan_text((land.folder / sites.FILE).read_text(encoding="utf-8")).plan
    folder = from_directory(land.folder / "out" / site)
    assert isinstance(folder, SiteFolder), folder
    folder = replace(folder, dials=dials or folder.dials)
    return Sight(plan, plan.by_key[site], folder, Places(folder), land.api, Inside(land.api, folder))


def said(seen: Sight, sort: str, word: str = "") -> Said:
    """What the only probe of a sort says whose sentence has a word."""
    asked = [each for each in probes(seen) if each.sort.id == sort and word in each.sentence]
    (found,) = (each.ask(Deadline(60)) for each in asked)
    return found


def router(seen: Sight) -> Spot:
    """The container of a site's nginx."""
    (found,) = seen.inside.spots("nginx", Deadline(20))
    return found


def is_whole(seen: Sight) -> bool:
    """Whether a site finds its peer: nginx and RabbitMQ accept, speak no TLS, and the party itself answers."""
    asked = [(sort, word) for sort in ("peer-accepts", "peer-speaks-tls") for word in ("nginx", "RabbitMQ")]
    return all(said(seen, *each) == Said() for each in (*asked, ("peer-answers", "")))


def test_a_way_is_told_from_the_side_that_dials(land: Land) -> None:
    """Both are open; then a wrong port, and a peer that is gone, close the way to 10000 and not the one back."""
    for site in ("party-9999", "party-10000"):
        seen = sight(land, site)
        until(partial(is_whole, seen))

    wanted = Reference("v1", "Service", land.namespace(10000), "nginx")
    service = land.api.get(wanted, Deadline(20))
    assert service is not None
    ports = service["spec"]["ports"]
    land.api.merge({"spec": {"ports": [{**each, "nodePort": None} for each in ports]}}, wanted, Deadline(20))

    def refusing() -> bool:
        return said(sight(land, "party-9999"), "peer-accepts", "nginx").truth is Truth.FALSE

    until(refusing)
    seen = sight(land, "party-9999")
    found = said(seen, "peer-accepts", "nginx")
    (finding,) = found.diagnostics
    assert finding.fault.code == "FED983"
    assert f"nginx of party 10000 refuses connections at {land.cluster.node_address}:" in finding.message
    assert said(seen, "peer-accepts", "RabbitMQ") == Said()
    assert said(seen, "peer-speaks-tls", "nginx").truth is Truth.HELD
    found = said(seen, "peer-answers")
    assert [each.fault.code for each in found.diagnostics] == ["FED989"]
    assert "nginx answers 502 for party 10000: the next hop refuses" in found.reason
    assert is_whole(sight(land, "party-10000"))

    land.api.merge({"spec": {"ports": ports}}, wanted, Deadline(20))
    until(lambda: not refusing())
    broker = Reference("apps/v1", "StatefulSet", land.namespace(10000), "rabbitmq")
    land.api.merge({"spec": {"replicas": 0}}, broker, Deadline(20))

    def is_gone() -> bool:
        return said(sight(land, "party-9999"), "peer-accepts", "RabbitMQ").truth is Truth.FALSE

    until(is_gone)
    assert said(sight(land, "party-9999"), "peer-answers") == Said()
    land.api.merge({"spec": {"replicas": 1}}, broker, Deadline(20))
    until(lambda: is_whole(sight(land, "party-9999")))


def test_a_handshake_from_inside_a_pod(land: Land, tmp_path: Path) -> None:
    """With a server on the machine: its certificate is told, and that the plan says nothing of TLS."""
    machine = f"{(land.cluster.node_address or '').rpartition('.')[0]}.254"
    authority = Authority()
    issued = authority.issue("10000.fate.org")
    with listening(by_tls(tmp_path, issued.certificate, issued.key), machine) as port:
        seen = sight(land, "party-9999", Dial(Channel.NGINX_HTTP, "party-10000", machine, port))
        assert said(seen, "peer-accepts") == Said()
        found = said(seen, "peer-speaks-tls")
        shaken = seen.inside.shake_hands(router(seen), Endpoint(machine, port), "10000.fate.org", Deadline(30))
    assert (found.truth, [each.fault.code for each in found.diagnostics]) == (Truth.FALSE, ["FED984"])
    assert shaken.speaks_tls
    assert [each.split() for each in shaken.certificates] == [issued.certificate.decode().split()]


@pytest.mark.parametrize("tool", ["python3", "bash"])
def test_a_talk_in_a_pod_ends_with_all_that_it_began(land: Land, tool: str) -> None:
    """A command in a container leads a process group, so that one kill ends every job; nothing waits any longer."""
    machine = f"{(land.cluster.node_address or '').rpartition('.')[0]}.254"
    seen = sight(land, "party-9999")
    spot = router(seen)

    def run(command: Sequence[str]) -> Ran:
        _, _, start, *others = command
        start = start.replace("python3 python python2", tool if tool != "bash" else "")
        return seen.inside.run(spot, ("sh", "-c", start, *others), Deadline(30))

    with listening(mute, machine) as port:
        endpoints = (
            Endpoint(machine, port),
            Endpoint(machine, 1),
            Endpoint("10.255.255.1", 80),
            Endpoint("x.invalid", 1),
        )
        found = talk(run, endpoints, 5, b"hello")
    assert found[0].dialled.reached is Reached.OPEN
    assert found[1].dialled.reached is Reached.REFUSED
    assert found[2].dialled.reached in {Reached.SILENT, Reached.NO_WAY}
    assert found[3].dialled.reached in {Reached.NO_NAME, Reached.SILENT, Reached.NOT_TRIED}
    running = land.run(9999, "nginx", "sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
    assert "no tool" not in running
    assert "create_connection" not in running
    assert "talk_bash" not in running


def test_an_answer_over_http(land: Land) -> None:
    """From the router's pod to FATE-Flow's Service."""
    seen = sight(land, "party-9999")
    found = seen.inside.ask(router(seen), "GET", "http://fateflow:9380/who?x=1", Deadline(30))
    assert found.status == 200
    assert '"party": "9999"' in found.body
