"""What becomes of manifests in a cluster: the routes, the doors and the policies of a site, read back.

Kubernetes starts pods, mounts ConfigMaps where they ask for them and sends what comes to a Service to the pods that it
selects; each component reads its files where it looks for them, by rules of its own. This package plays both parts, and
shares nothing with the code that writes manifests. The same code reads files and live objects.
Sources: reference components.md sections 0 to 7; the Kubernetes API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from renderers.manifests import objects
from renderers.manifests.document import locate
from renderers.manifests.halves import readings
from renderers.manifests.objects import Object
from renderers.reading import Reading, Unreadable

__all__ = ["locate", "read", "read_objects"]


def read(files: Mapping[str, str]) -> Sequence[Reading | Unreadable]:
    """The site that the files of its folder make: a reading for its training half, its serving half, or both."""
    found, wrong = objects.of_files(files)
    return [*wrong, *readings(found)]


def read_objects(data: Iterable[Mapping[str, Any]]) -> Sequence[Reading | Unreadable]:
    """The site that live objects make, as the API server gives them."""
    found = [objects.of_data(each) for each in data]
    wrong = [each for each in found if isinstance(each, Unreadable)]
    return [*wrong, *readings([each for each in found if isinstance(each, Object)])]
