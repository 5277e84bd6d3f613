"""Probes of the site's own components, asked from its own pods."""

from __future__ import annotations

from collections.abc import Iterator

from renderers.probes.components import answering as components
from renderers.probes.components import fateflow, mysql, pulsar, rabbitmq
from renderers.probes.components import tables as tables_read
from renderers.probes.probe import Probe
from renderers.probes.sight import Sight


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of a site, in order."""
    yield from mysql.probes(sight)
    yield from fateflow.probes(sight)
    yield from components.probes(sight)
    yield from tables_read.probes(sight)
    yield from fateflow.probes_of_nginx(sight)
    yield from mysql.probes_of_eggroll(sight)
    yield from pulsar.probes(sight)
    yield from rabbitmq.probes(sight)
