"""Which service came with which release of KubeFATE (service-api.md section 1).

A service tells its own version only, and from v1.9.0 on that stays the same: `v1.9.0:k8s-deploy/pkg/api/version.go` and
`v2.0.0:k8s-deploy/pkg/api/version.go` have one string.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Generation:
    """One version of the service: the releases of KubeFATE that brought it, oldest first, and its image's tag.

    The tag is that of the release's own `kubefate.yaml`, which lags behind the version twice. `has_mariadb` tells the
    services that keep their state in MariaDB from those before, which need MongoDB.
    """

    version: str
    tag: str
    releases: tuple[str, ...]
    has_mariadb: bool = True

    @property
    def span(self) -> str:
        """`KubeFATE v1.9.0 to v2.0.0`."""
        first, last = self.releases[0], self.releases[-1]
        return f"KubeFATE {first}" if first == last else f"KubeFATE {first} to {last}"


GENERATIONS: Final = (
    Generation("v1.0.2", "v1.0.2", ("v1.3.0-a",), has_mariadb=False),
    Generation("v1.0.3", "v1.0.3", ("v1.4.0", "v1.4.1", "v1.4.2", "v1.4.3"), has_mariadb=False),
    Generation("v1.1.0", "v1.1.0", ("v1.4.4",)),
    Generation("v1.1.1", "v1.1.0", ("v1.4.5",)),
    Generation("v1.2.0", "v1.2.0", ("v1.5.0",)),
    Generation("v1.3.0", "v1.3.0", ("v1.5.0-b", "v1.5.1", "v1.5.3")),
    Generation("v1.4.1", "v1.4.1", ("v1.6.0", "v1.6.0-a")),
    Generation("v1.4.2", "v1.4.1", ("v1.6.1",)),
    Generation("v1.4.2", "v1.4.2", ("v1.7.0", "v1.7.1")),
    Generation("v1.4.3", "v1.4.3", ("v1.7.1-a", "v1.7.2")),
    Generation("v1.4.4", "v1.4.4", ("v1.8.0", "v1.8.1")),
    Generation("v1.4.5", "v1.4.5", ("v1.9.0", "v1.9.1", "v1.9.2", "v1.10.0", "v1.11.1", "v1.11.2", "v2.0.0")),
)
"""Every version of the service, oldest first."""
LATEST: Final = GENERATIONS[-1]


def generation_of(release: str) -> Generation | None:
    """The service of a release of KubeFATE, with or without its leading `v`; None for one that is not known."""
    wanted = release if release.startswith("v") else f"v{release}"
    return next((each for each in GENERATIONS if wanted in each.releases), None)


def told(version: str) -> str:
    """A service's version with the releases that brought it: `v1.4.5 (KubeFATE v1.9.0 to v2.0.0)`."""
    releases = [release for each in GENERATIONS if each.version == version for release in each.releases]
    if not releases:
        return f"{version} (of no release that this fedplan knows)"
    return f"{version} ({Generation(version, '', tuple(releases)).span})"
