"""What can be proved of one site without federation.yaml: that its files do what its site.json says.

The files are read as a stranger would, by the readers of charts and of manifests. On every channel the endpoints in the
route tables must be those that site.json says the site dials, no more and no fewer; every door at which others dial it
must be exposed as it says; and what is installed must be named as it says. Whether the other sites agree is for
`invoke verify` with federation.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from planner.channels import OWN, WORDS, Channel
from planner.checks.contradictory_folder import contradictory_folder
from planner.diagnostics import Diagnostic, KeyPath, Place
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.model import party_key
from planner.site_json import NAME, Installation, OpenDoor
from planner.wording import label
from renderers import charts, manifests
from renderers.cluster.folder import SiteFolder
from renderers.reading import Exposed, Reading, Unreadable

_NOBODY: Final = "0."
"""How the addresses begin that no host has (0.0.0.0/8, RFC 1122)."""
_MOST: Final = 5
"""Endpoints that a sentence names."""


@dataclass(frozen=True, slots=True)
class FolderProof:
    """The outcome: how many endpoints and doors are as site.json says, and what is not."""

    dials: int
    doors: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Side:
    """A site on one channel: the endpoints in its tables, where the first of them stands, and what is exposed."""

    tables: list[RouteTable] = field(default_factory=list)
    file: str = ""
    path: KeyPath = ()
    exposed: list[tuple[str, str, Exposed]] = field(default_factory=list)
    """File, namespace and port."""


def prove_folder(folder: SiteFolder) -> FolderProof:
    """Read a site's files back and compare them with its site.json."""
    readings, found = _readings(folder)
    found += [each for reading in readings for each in _names(folder, reading)]
    sides = _sides(readings)
    for channel in Channel:
        if channel not in OWN:
            found += _dials(folder, channel, sides.get(channel))
    found += [each for door in folder.doors for each in _door(folder, door, sides.get(door.channel))]
    return FolderProof(len(folder.dials), len(folder.doors), tuple(found))


def _readings(folder: SiteFolder) -> tuple[list[Reading], list[Diagnostic]]:
    """Every file that says something about routes, and what cannot be read."""
    read: Sequence[Reading | Unreadable]
    if folder.installations:
        read = [charts.read(folder.files[each.file], each.file) for each in folder.installations]
    else:
        read = manifests.read(folder.files)
    wrong = [each for each in read if isinstance(each, Unreadable)]
    found = [contradictory_folder(_place(folder, each.file, each.path), each.message) for each in wrong]
    if not read:
        found.append(contradictory_folder(_place(folder, NAME), "its files install nothing"))
    return [each for each in read if isinstance(each, Reading)], found


def _sides(readings: Sequence[Reading]) -> Mapping[Channel, _Side]:
    result: dict[Channel, _Side] = {}
    for reading in readings:
        for gate in reading.gates:
            side = result.setdefault(gate.channel, _Side())
            if not side.tables or not (side.tables[0].entries or side.tables[0].default):
                side.file, side.path = gate.file or reading.file, gate.path
            side.tables.append(gate.table)
            side.exposed += [
                (each.file or reading.file, each.namespace or reading.namespace, each) for each in gate.exposed
            ]
    return result


def _names(folder: SiteFolder, reading: Reading) -> Iterator[Diagnostic]:
    """What one file installs under another name, or of another release, than site.json says."""
    wanted = next((each for each in folder.installations if each.file == reading.file), None)
    pairs: list[tuple[str, object, object]] = [("partyId", reading.party, folder.id)]
    if wanted is not None:
        pairs += _named(reading, wanted)
    elif reading.namespace not in folder.namespaces.values():
        pairs.append(("namespace", reading.namespace, " or ".join(folder.namespaces.values())))
    for key, found, expected in pairs:
        if found != expected:
            reason = f"its {key} is {found}, and site.json says {expected}"
            yield contradictory_folder(_place(folder, reading.file, (key,) if wanted else ()), reason)


def _named(reading: Reading, wanted: Installation) -> list[tuple[str, object, object]]:
    return [
        ("name", reading.name, wanted.name),
        ("namespace", reading.namespace, wanted.namespace),
        ("chartName", reading.chart, wanted.chart),
        ("chartVersion", reading.release, wanted.version),
    ]


def _dials(folder: SiteFolder, channel: Channel, side: _Side | None) -> Iterator[Diagnostic]:
    """What the tables of one channel dial otherwise than site.json says."""
    wanted = {Endpoint(each.host, each.port): each.peer for each in folder.dials if each.channel is channel}
    dialled = set[Endpoint]() if side is None else _endpoints(folder, channel, side)
    place = _place(folder, NAME) if side is None else _place(folder, side.file, side.path)
    words = f" for {WORDS[channel]}" if WORDS[channel] else ""
    strange = sorted(dialled - wanted.keys())
    if strange:
        named = ", ".join(map(str, strange[:_MOST]))
        yield contradictory_folder(place, f"it dials {named}{words}, which site.json does not name")
    for endpoint in sorted(wanted.keys() - dialled)[:_MOST]:
        reason = f"it does not dial {label(wanted[endpoint])} at {endpoint}{words}, as site.json says"
        yield contradictory_folder(place, reason)
    if not strange and side is not None:
        yield from _swapped(folder, side, {peer: endpoint for endpoint, peer in wanted.items()})


def _swapped(folder: SiteFolder, side: _Side, wanted: Mapping[str, Endpoint]) -> Iterator[Diagnostic]:
    """Parties that the tables look for at the endpoint of somebody else."""
    for table in side.tables:
        for party, endpoint in table.entries.items():
            expected = wanted.get(party_key(party))
            if expected not in {None, endpoint} and endpoint != POLLED:
                reason = f"it looks for party {party} at {endpoint}, and site.json says {expected}"
                yield contradictory_folder(_place(folder, side.file, side.path), reason)


def _endpoints(folder: SiteFolder, channel: Channel, side: _Side) -> set[Endpoint]:
    """All endpoints of others in the tables of a channel."""
    own = {Endpoint(door.host, door.port) for door in folder.doors if door.channel is channel}
    own |= {Endpoint(f"{each.service}.{space}", each.container_port) for _, space, each in side.exposed}
    own |= {Endpoint(each.service, each.container_port) for _, _, each in side.exposed}
    found: set[Endpoint] = set()
    for table in side.tables:
        of_own = folder.id if folder.kind == "party" else None
        found |= {endpoint for party, endpoint in table.entries.items() if party != of_own}
        found |= {endpoint for party, more in table.more.items() if party != of_own for endpoint in more}
        found |= {endpoint for endpoint in table.default if endpoint not in own}
    return {each for each in found if each != POLLED and not each.host.startswith(_NOBODY)}


def _door(folder: SiteFolder, door: OpenDoor, side: _Side | None) -> Iterator[Diagnostic]:
    """Why others do not reach the site at a door, if they do not."""
    exposed = [] if side is None else side.exposed
    if any(_is_door(door, space, each) for _, space, each in exposed):
        return
    near = [(file, each) for file, _, each in exposed if each.service == door.service]
    file, path = (near[0][0], near[0][1].path) if near else (NAME, ())
    got = ", ".join(_shown(each) for _, each in near[:_MOST]) or "nothing of the kind"
    words = f" for {WORDS[door.channel]}" if WORDS[door.channel] else ""
    reason = f"others dial {Endpoint(door.host, door.port)}{words} ({door.type} {door.service}), and it exposes {got}"
    yield contradictory_folder(_place(folder, file, path), reason)


def _is_door(door: OpenDoor, namespace: str, exposed: Exposed) -> bool:
    """Whether a port of a Service is a door. The second balancer of a chart's Pulsar has no key for its address."""
    if (exposed.service_type, namespace) != (door.type, door.namespace):
        return False
    if door.type == "NodePort":
        return exposed.node_port == door.port
    if exposed.container_port != door.port:
        return False
    return door.type == "ClusterIP" or exposed.load_balancer == door.host or "publicLB" in exposed.path


def _shown(exposed: Exposed) -> str:
    port = exposed.node_port if exposed.service_type == "NodePort" else exposed.container_port
    where = f" at {exposed.load_balancer}" if exposed.load_balancer else ""
    return f"{exposed.service_type} {exposed.service} {port or 'without a fixed port'}{where}"


def _place(folder: SiteFolder, file: str, path: KeyPath = ()) -> Place:
    """A key in a file of the folder, as plainly as it can be found."""
    document = f"{folder.key}/{file}"
    if not path or file not in folder.files or file == NAME:
        return Place(document=document)
    locate = charts.locate if folder.installations else manifests.locate
    return Place(document=document, span=locate(folder.files[file], path))
