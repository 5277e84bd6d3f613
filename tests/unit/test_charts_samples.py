"""KubeFATE's own samples, read back: they lie beside the project where it is developed, and not in a plain clone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from planner.channels import CONTROL, Channel
from planner.lookup import Endpoint
from renderers import charts
from renderers.charts import document
from renderers.reading import Reading, Unreadable

DATA = Path(__file__).resolve().parents[3] / "shared" / "reference" / "kubefate" / "data"
SAMPLES = sorted(DATA.glob("v*__*__*.yaml"))
NO_VERSION = {"v1.8.0__party-exchange__rollsite.yaml", "v1.8.0__party-exchange__trafficServer.yaml"}
"""Samples whose chartVersion is empty (cluster-yaml.md section 5)."""
CONTRADICTING = {
    **{f"v2.0.0__party-{party}__cluster{which}.yaml": "modules" for party in (9999, 10000) for which in ("", "-gpu")},
    **{f"v2.0.0__party-{party}__cluster-spark-local-pulsar.yaml": "computing" for party in (9999, 10000)},
    "v2.0.0__root__cluster-spark-slim.yaml": "computing",
}
"""Samples that their own chart cannot deploy as they are: the key that is at fault."""
UNREAD = {
    f"v2.0.0__party-{party}__cluster-spark-{which}.yaml"
    for party in (9999, 10000)
    for which in ("pulsar", "rabbitmq", "local-pulsar")
}
"""Samples whose broker's table v2.0.0 puts where nobody looks (components.md, fact 12)."""
pytestmark = pytest.mark.skipif(not SAMPLES, reason="KubeFATE's samples are not beside this clone")


def read(sample: Path) -> Reading:
    """A sample that can be read."""
    reading = charts.read(sample.read_text(), sample.name)
    assert isinstance(reading, Reading), reading
    return reading


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_every_sample_is_read(sample: Path) -> None:
    """With remarks only where KubeFATE's sample contradicts its chart, or leaves everything out."""
    found = charts.read(sample.read_text(), sample.name)
    if sample.name in NO_VERSION:
        assert isinstance(found, Unreadable)
        return
    assert isinstance(found, Reading)
    at_fault = {remark.path[0] for remark in found.remarks if remark.path[-1] != "route_table"}
    if "__root__cluster-serving" in sample.name:
        at_fault -= {"servingServer"}
    assert at_fault == {key for name, key in CONTRADICTING.items() if name == sample.name}
    assert any(remark.path[-1] == "route_table" for remark in found.remarks) is (sample.name in UNREAD)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_every_sample_is_loaded_alike_either_way(sample: Path) -> None:
    """Row by row or as a whole."""
    text = sample.read_text()
    assert document.load(text) == document.load_slowly(text)


def pairs() -> list[tuple[Path, Path]]:
    """Samples of one kind for both example parties."""
    found = [(sample, DATA / sample.name.replace("-9999__", "-10000__")) for sample in SAMPLES]
    return [(one, other) for one, other in found if one != other and other.exists()]


ADDRESSES: Mapping[int, str] = {9999: "192.168.9.1", 10000: "192.168.10.1"}


@pytest.mark.parametrize(("one", "other"), pairs(), ids=lambda sample: sample.stem)
def test_the_example_parties_reach_each_other(one: Path, other: Path) -> None:
    """On each channel the peer's entry is a port behind which the peer listens."""
    readings = (read(one), read(other))
    for source, target in (readings, readings[::-1]):
        for found in source.gates:
            back = target.gate(found.channel)
            if found.channel in {Channel.LOAD, Channel.TRANSFER} or back is None or not found.exposed:
                continue
            listening = {Endpoint(ADDRESSES[target.party], door.node_port or 0) for door in back.exposed}
            assert set(found.table.find(target.party)) <= listening
            assert target.party in found.table.entries


def test_the_exchange_knows_both_parties() -> None:
    """Their brokers' TLS ports by name; of the control messages, FATE-Flow's ports."""
    for version in ("v1.7.2", "v1.11.2"):
        reading = read(DATA / f"{version}__party-exchange__trafficServer.yaml")
        for channel in (*CONTROL, Channel.PULSAR):
            found = reading.gate(channel)
            assert found is not None
            assert set(found.table.entries) == {9999, 10000}
