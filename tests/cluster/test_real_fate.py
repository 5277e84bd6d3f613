"""Real FATE on a real node: `invoke apply` brings two parties up, and `invoke verify --live` says who can talk.

FATE-Flow 2.0.0 and its client come from PyPI, RabbitMQ, nginx and MariaDB from Debian (tests/cluster/harness/fate.py).
They read the files that were rendered for them.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from renderers.cluster.api import Api, connect
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.verify_live_command import Request, run_verify_live
from tests.cluster import sites
from tests.cluster.conftest import give_fate
from tests.cluster.harness import fate, node
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import FILE, Ended, cluster_at, federation, kubeconfig, objects_of, party, planned
from tests.cluster.standins.image import images_of
from tests.cluster.test_real_node import until

PARTIES: Final = (9999, 10000)
MODULES: Final = ["nginx", "rabbitmq", "mysql", "python", "client"]
ENGINE: Final = {"computing": "Standalone", "federation": "RabbitMQ", "storage": "Standalone"}
REGISTRY: Final = "real.invalid"
"""Gives images names of their own, so that stand-ins keep theirs."""
LITTLE: Final = {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}}
TABLE: Final = "rabbitmq_route_table.yaml"
NOWHERE: Final = 9
"""A port at which nobody listens."""


class Parties:
    """Two parties of one federation, each in a namespace of its own."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """Plan them, and have the image of everything they run."""
        self.folder = folder
        self.address = cluster.node_address or ""
        self._name = uuid.uuid4().hex[:6]
        self.api: Api = connect("bank")
        both = [party(each, self.namespace(each), modules=MODULES, engine=ENGINE) for each in PARTIES]
        components = dict.fromkeys(MODULES, LITTLE)
        text = federation(
            *both,
            release="v2.0.0",
            clusters=[cluster_at("bank", self.address, sites=2)],
            defaults={"registry": REGISTRY, "components": components},
        )
        planned(folder, text)
        for image in images_of(found for each in PARTIES for found in objects_of(folder, f"party-{each}")):
            node.tag_image(cluster, fate.IMAGE, image)

    def namespace(self, party_id: int) -> str:
        """The namespace of a party."""
        return f"real-{party_id}-{self._name}"

    def come_up(self) -> None:
        """Apply both at once."""
        with ThreadPoolExecutor(len(PARTIES)) as operators:
            for ended in operators.map(lambda each: sites.apply(self.folder, f"party-{each}", timeout=1200), PARTIES):
                assert ended.code == 0, ended.all

    def go(self) -> None:
        """Delete both: they take more memory than all stand-ins together."""
        for each in PARTIES:
            self.api.delete(Reference("v1", "Namespace", "", self.namespace(each)), Deadline(20))

    def verify(self, **options: Any) -> Ended:
        """`invoke verify --live`."""
        told = io.StringIO()
        given = {"timeout": 900, "format_name": "json", **options}
        text, code = run_verify_live(Request(file=str(self.folder / FILE), **given), stderr=told)
        return Ended(text, code, told.getvalue())

    def log(self, guest: int, host: int) -> str:
        """What the last job of a pair wrote."""
        return (self.folder / ".fedplan" / "verify" / f"{guest}-{host}.log").read_text(encoding="utf-8")

    def dial_broker(self, of: int, at: int, *, reader: int) -> int:
        """Write a port for a party's broker into the live table of another, and wait for it in the pod.

        The earlier one is given back. Every task reads the table anew.
        """
        wanted = Reference("v1", "ConfigMap", self.namespace(reader), "rabbitmq-route-table")
        found = self.api.get(wanted, Deadline(20))
        assert found is not None
        table = yaml.safe_load(found["data"][TABLE])
        earlier, table[of]["port"] = int(table[of]["port"]), at
        self.api.merge({"data": {TABLE: yaml.safe_dump(table)}}, wanted, Deadline(20))
        until(lambda: self.table_in_pod(reader) == table, 150)
        return earlier

    def table_in_pod(self, reader: int) -> Any:
        """The table of brokers that tasks of a party read now."""
        path = f"/data/projects/fate/fate_flow/conf/{TABLE}"
        ran = self.api.run(self.namespace(reader), "python-0", "fateflow", ("cat", path), Deadline(20))
        assert ran.code == 0, ran
        return yaml.safe_load(ran.output)


def states(ended: Ended) -> dict[tuple[int, int], str]:
    """How each pair ended."""
    found = ended.data["verify"]["live"]["toyExamples"]
    return {(each["guest"], each["host"]): each["state"] for each in found}


def errors(ended: Ended) -> list[dict[str, Any]]:
    """The findings that are errors."""
    return [each for each in ended.data["diagnostics"] if each["severity"] == "error"]


@pytest.fixture(scope="module")
def parties(real_node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    """Both parties, which run."""
    give_fate(real_node)
    folder = tmp_path_factory.mktemp("real-fate")
    with pytest.MonkeyPatch.context() as patch:
        sites.use(patch, kubeconfig(folder / "kubeconfig", bank=real_node))
        both = Parties(real_node, folder / "federation")
        both.come_up()
        yield both
        both.go()


@pytest.mark.timeout(1800)
def test_real_fate(parties: Parties) -> None:
    """Every sentence is true and FATE proves both directions; with a wrong port for a broker, that hop is named.

    FATE itself says nothing of a broker that it cannot reach: its job is `running` until somebody gives up.
    """
    ended = parties.verify(all_pairs=True)
    assert ended.code == 0, ended.all
    assert states(ended) == {(guest, host): "proved" for guest in PARTIES for host in PARTIES}
    assert {each["truth"] for each in ended.data["verify"]["live"]["probes"]} == {"true"}
    assert "is success" in parties.log(9999, 10000)

    right = parties.dial_broker(10000, NOWHERE, reader=9999)
    ended = parties.verify(only="toy", pairs=("9999:10000",), timeout=120)
    assert (ended.code, states(ended)) == (1, {(9999, 10000): "failed"}), ended.all
    assert [each["code"] for each in errors(ended)] == ["FED980"], ended.all
    (found,) = errors(ended)
    told = [note["message"] for note in found["notes"]]
    closed = f"{parties.address}:{NOWHERE}"
    assert "had not ended after" in found["message"]
    assert f"RabbitMQ of party 9999 cannot fetch from party 10000 at {closed}: the connection is refused" in told
    assert "is failed" not in parties.log(9999, 10000)

    until(lambda: "FED998" not in parties.verify(only="probes", pairs=("9999:10000",)).text)  # FATE deletes the link
    ended = parties.verify(only="probes", pairs=("9999:10000",))
    assert (ended.code, [each["code"] for each in errors(ended)]) == (1, ["FED976"]), ended.all
    (found,) = errors(ended)
    assert f"10000 leads to {closed}, not to {parties.address}:{right}" in found["message"]

    parties.dial_broker(10000, right, reader=9999)
    ended = parties.verify(failed=True)
    assert (ended.code, states(ended)) == (0, {(9999, 10000): "proved"}), ended.all
