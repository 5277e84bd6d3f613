"""Probes of FATE-Serving on a real node: two parties whose serving has namespaces of its own, in real pods.

The images are stand-ins; an inference takes the way that FATE-Serving's takes, by the tables that its proxies see.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.places import Places
from renderers.cluster.references import Reference
from renderers.cluster.selection import Wish, select
from renderers.live.choice import Request
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Said, Truth
from renderers.probes.serving.area import probes
from renderers.probes.serving.inference import Inference
from renderers.probes.sight import Sight
from renderers.verify_live_command import run_verify_live
from renderers.workspace import workspace
from tests.cluster import sites
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import FILE, federation, kubeconfig
from tests.cluster.standins import image
from tests.cluster.test_real_node import EGGROLL, SMALL, Land, ended_pods_go, until

SERVING: Final = ("servingProxy", "servingServer", "servingZookeeper")
REQUEST: Final = {
    "head": {"serviceId": "credit"},
    "body": {"featureData": {"x0": 0.731, "name": "Ada"}, "sendToRemoteFeatureData": {"phone": "5551234"}},
}
BOUND: Final = "/tmp/bound"
TABLE: Final = "route_table.json"


@pytest.fixture(scope="module")
def land(real_node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """Two parties that serve together; models are bound, and none is at first."""
    folder = tmp_path_factory.mktemp("serving")
    image.give(real_node)
    with ended_pods_go(real_node), pytest.MonkeyPatch.context() as patch:
        sites.use(patch, kubeconfig(folder / "kubeconfig", bank=real_node))
        patch.setenv("REDIS", "s3cret")
        land = Land(real_node, folder / "land")
        land.plan(
            federation(
                *(
                    land.party(party, EGGROLL, serving={"namespace": land.namespace(f"serving-{party}")})
                    for party in (9999, 10000)
                ),
                clusters=[land.bank(2)],
                defaults={
                    "components": dict.fromkeys(EGGROLL, SMALL),
                    "serving": {
                        "modules": list(SERVING),
                        "redis": {"host": "192.0.2.9", "port": 6379, "password": "env:REDIS"},
                        "cache": "local",
                        "components": dict.fromkeys(SERVING, SMALL),
                    },
                },
            )
        )
        land.come_up("party-9999", "party-10000")
        yield land


def sight(land: Land, party: int) -> Sight:
    """A party as `verify --live` sees it."""
    selection = select(workspace(str(land.folder / FILE), None), Wish(everything=True))
    assert selection.plan is not None
    (chosen,) = [each for each in selection.chosen if each.folder.key == f"party-{party}"]
    api = Connections().to(chosen)
    planned = selection.plan.by_key[f"party-{party}"]
    return Sight(
        selection.plan,
        planned,
        chosen.folder,
        Places(chosen.folder, planned),
        api,  # type: ignore[arg-type] # it is reachable
        Inside(api, chosen.folder),  # type: ignore[arg-type]
    )


def asked(land: Land, party: int, service: str = "") -> dict[str, Said]:
    """What is said of a party's serving, by sentence; of an inference too where a service is named."""
    body = json.dumps({**REQUEST, "head": {"serviceId": service}}).encode()
    inference = Inference(service, party, body) if service else None
    return {each.sentence: each.ask(Deadline(60)) for each in probes(sight(land, party), inference)}


def not_true(found: Mapping[str, Said]) -> dict[str, str]:
    """The sentences that are not true, with the reason."""
    return {sentence: said.reason for sentence, said in found.items() if said.truth is not Truth.TRUE}


def bind(land: Land, guest: Mapping[str, Any], host: Mapping[str, Any]) -> None:
    """Bind models at both parties."""
    for party, bound in ((9999, guest), (10000, host)):
        line = f"echo '{json.dumps(bound)}' > {BOUND}"
        land.run(f"serving-{party}", "serving-server", "sh", "-c", line)


def test_what_a_command_reads(land: Land) -> None:
    """Input arrives as it was given, whatever its bytes and its size, and the command ends while its input does not."""
    given = bytes(range(256)) * 400
    count = "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read(102400)).hexdigest())"
    pod = land.pod("serving-9999", "serving-server")
    command = ("python3", "-IS", "-c", count)
    name = pod["metadata"]["name"]
    ran = land.api.run(land.namespace("serving-9999"), name, "serving-server", command, Deadline(20), given=given)
    assert (ran.code, ran.output.strip()) == (0, hashlib.sha256(given).hexdigest())


def test_an_inference_takes_the_whole_way(land: Land) -> None:
    """All is true; without a model the answer has its code, of whichever party lacks it, and with models it is good."""
    for party in (9999, 10000):
        assert not_true(asked(land, party)) == {}
    sentence = "service credit gives a federated answer at party 9999"
    assert not_true(asked(land, 9999, "credit")) == {sentence: "104: no model for credit"}

    bind(land, {"credit": "10000"}, {})
    (said,) = [each for each in asked(land, 9999, "credit").values() if each.truth is not Truth.TRUE]
    assert said.reason == "2104 from the host: host return code 104 host msg :no model for credit for {'phone': '...'}"
    assert said.diagnostics[0].fault.code == "FED509"

    bind(land, {"credit": "10000"}, {"credit": None})
    assert not_true(asked(land, 9999, "credit")) == {}
    file = land.folder / "request.json"
    file.write_text(json.dumps(REQUEST), encoding="utf-8")
    text, code = run_verify_live(
        Request(str(land.folder / FILE), only="serving", parties=("9999",), inference=str(file), format_name="json")
    )
    assert (code, "Ada" in text, "5551234" in text) == (0, False, False), text
    assert sentence in text


def test_a_wrong_port_in_the_live_table(land: Land) -> None:
    """The proxy whose table it is does not reach its peer, and the inference fails there; the peer's way is open."""
    bind(land, {"credit": "10000"}, {"credit": None})
    right = dial(land, 1)
    found = asked(land, 9999, "credit")
    node = land.cluster.node_address
    assert not_true(found) == {
        next(sentence for sentence in found if "answers that of" in sentence): (
            f"the table in the proxy's pod leads to {node}:1"
        ),
        "service credit gives a federated answer at party 9999": (
            f"2105 from the host: host return code 105 host msg :UNAVAILABLE: io exception: {node}:1: "
            "<urlopen error [Errno 111] Connection refused> for {'phone': '...'}"
        ),
    }
    assert not_true(asked(land, 10000)) == {}
    dial(land, right)
    assert not_true(asked(land, 9999, "credit")) == {}


def test_a_proxy_that_is_down(land: Land) -> None:
    """The one who dials it names it, and its own party cannot tell from inside."""
    scale(land, "serving-10000", "serving-proxy", 0)
    until(lambda: not land.pods("serving-10000").get("serving-proxy"))
    until(lambda: [*not_true(asked(land, 9999)).values()] == ["the connection is refused"])
    (sentence,) = not_true(asked(land, 9999))
    assert sentence.startswith("the serving proxy of party 10000 answers that of party 9999 at")
    assert "no container of serving-proxy is ready" in not_true(asked(land, 10000)).values()
    scale(land, "serving-10000", "serving-proxy", 1)
    until(lambda: not not_true(asked(land, 9999)))
    until(lambda: not not_true(asked(land, 10000)))


def test_a_wrong_address_of_fateflow(land: Land) -> None:
    """serving-server that was started with another address would fetch no model, and the other way is as before."""
    config = Reference("v1", "ConfigMap", land.namespace("serving-9999"), "serving-server-config")
    found = land.api.get(config, Deadline(20))
    assert found is not None
    key = "serving-server.properties"
    right = found["data"][key]
    wrong = right.replace("/v1/model/transfer", "9/v1/model/transfer")
    land.api.merge({"data": {key: wrong}}, config, Deadline(20))
    restart(land, "serving-9999", "serving-server")
    sentence = "the serving server of party 9999 reaches its FATE-Flow"
    until(lambda: [*not_true(asked(land, 9999))] == [sentence])
    (reason,) = not_true(asked(land, 9999)).values()
    assert reason.startswith("serving-server fetches models at")
    land.api.merge({"data": {key: right}}, config, Deadline(20))
    restart(land, "serving-9999", "serving-server")
    until(lambda: not not_true(asked(land, 9999)))


def dial(land: Land, port: int) -> int:
    """Write another port of party 10000 into the live table of 9999's proxy; the earlier one is given back."""
    space = land.namespace("serving-9999")
    config = Reference("v1", "ConfigMap", space, "serving-proxy-config")
    found = land.api.get(config, Deadline(20))
    assert found is not None
    table = json.loads(found["data"][TABLE])
    (entry,) = table["route_table"]["10000"]["default"]
    earlier, entry["port"] = int(entry["port"]), port
    land.api.merge({"data": {TABLE: json.dumps(table)}}, config, Deadline(20))
    name = land.pod("serving-9999", "serving-proxy")["metadata"]["name"]
    touched = {"metadata": {"annotations": {"touched": str(port)}}}  # so that the kubelet looks at once
    land.api.merge(touched, Reference("v1", "Pod", space, name), Deadline(20))
    file = f"/data/projects/fate-serving/serving-proxy/conf/route_table/{TABLE}"
    until(lambda: json.loads(land.run("serving-9999", "serving-proxy", "cat", file)) == table, 150)
    return earlier


def scale(land: Land, site: str, name: str, replicas: int) -> None:
    """Let a Deployment have so many pods."""
    where = Reference("apps/v1", "Deployment", land.namespace(site), name)
    land.api.merge({"spec": {"replicas": replicas}}, where, Deadline(20))


def restart(land: Land, site: str, name: str) -> None:
    """Start a Deployment's pod again, and wait until it is ready."""
    scale(land, site, name, 0)
    until(lambda: not land.pods(site).get(name))
    scale(land, site, name, 1)
    until(lambda: is_ready(land, site, name))


def is_ready(land: Land, site: str, name: str) -> bool:
    """Whether a pod is ready; its Deployment may still tell of the one before."""
    uid = land.pods(site).get(name)
    statuses = [pod["status"] for pod in land.all_pods(site) if pod["metadata"]["uid"] == uid]
    conditions = [each for status in statuses for each in status.get("conditions", ())]
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)
