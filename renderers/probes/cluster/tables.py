"""Whether the live route tables lead where the plan leads: to each site that is dialled, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from threading import Lock
from typing import Final

from planner.channels import WORDS, Channel
from planner.checks.broken_live_table import broken_live_table
from planner.checks.wrong_live_route import wrong_live_route
from planner.diagnostics import Diagnostic
from planner.lookup import Endpoint
from planner.probes import BY_ID
from planner.site_json import Dial
from planner.wording import label
from renderers.cluster.clock import Deadline
from renderers.cluster.live_tables import Compared, UnreadTable, WrongRoute, compare, has_table, str_of
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_SORT: Final = "tables-planned"
_Way = tuple[Channel, str, str]
"""The dial of a site: channel, the site that is dialled, and where."""


class _Tables:
    """The live tables of a site, compared once for all of its probes. Used by several threads."""

    def __init__(self, sight: Sight) -> None:
        """Nothing has been read yet."""
        self._sight = sight
        self._lock = Lock()
        self._found: Compared | None = None
        self._wrong: Mapping[_Way, WrongRoute] = {}
        self._unread: Mapping[Channel, UnreadTable] = {}

    def way(self, dial: Dial, deadline: Deadline) -> Said:
        """Whether a table has a dial."""
        self._read(deadline)
        unread, wrong = self._unread.get(dial.channel), self._wrong.get(_way(dial))
        if unread is not None:
            return unknown(f"{unread.what}: {unread.reason}")
        return judged(() if wrong is None else (self._told(wrong),))

    def rest(self, deadline: Deadline) -> Said:
        """Whether all tables can be read, and have nothing else."""
        found = self._read(deadline)
        told = [self._told(each) for each in found.wrong if not each.peer]
        place = self._sight.places.of_site()
        told += [broken_live_table(place, each.what, each.reason) for each in found.unread if each.is_broken]
        hidden = next((each for each in found.unread if not each.is_broken), None)
        if told or hidden is None:
            return judged(tuple(dict.fromkeys(told)))
        return unknown(f"{hidden.what}: {hidden.reason}")

    def _told(self, wrong: WrongRoute) -> Diagnostic:
        place = self._sight.places.of_object(wrong.table)
        return wrong_live_route(place, wrong.table.name, wrong.entry, wrong.live, wrong.planned)

    def _read(self, deadline: Deadline) -> Compared:
        with self._lock:
            if self._found is None:
                found = compare(self._sight.api, self._sight.folder, deadline)
                self._wrong = {(each.channel, each.peer, each.planned): each for each in found.wrong}
                self._unread = {each.channel: each for each in found.unread}
                self._found = found
            return self._found


def probes(sight: Sight) -> Iterator[Probe]:
    """A sentence for each endpoint that a table must have, and one for the rest of the tables."""
    dials = [dial for dial in sight.folder.dials if has_table(dial.channel)]
    if not dials:
        return
    tables, own = _Tables(sight), sight.folder
    yield probe(sight, _SORT, f"the live route tables of {own.label} can be read, and lead to nobody else", tables.rest)
    for dial in dials:
        endpoint = Endpoint(dial.host, dial.port)
        words = f" ({WORDS[dial.channel]})" if WORDS[dial.channel] else ""
        sentence = f"the live route table of {own.label} leads to {label(dial.peer)} at {str_of(endpoint)}{words}"
        yield Probe(BY_ID[_SORT], own.key, sentence, partial(tables.way, dial), dial.peer, endpoint)


def _way(dial: Dial) -> _Way:
    return dial.channel, dial.peer, str_of(Endpoint(dial.host, dial.port))
