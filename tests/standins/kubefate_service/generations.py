"""What differs between the releases of KubeFATE, as far as a client of their service can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MONGO: Final = (1, 0, 3)
"""The last service version that keeps its rows in MongoDB."""


@dataclass(frozen=True, slots=True)
class Generation:
    """The service of one KubeFATE release (service-api.md section 1)."""

    release: str
    version: str

    @property
    def _service(self) -> tuple[int, ...]:
        return _numbers(self.version)

    @property
    def _code(self) -> tuple[int, ...]:
        return _numbers(self.release)

    @property
    def is_mongo(self) -> bool:
        """Rows have no ID and no times, deleted clusters are rows like all others, jobs have no time limit."""
        return self._service <= MONGO

    @property
    def has_namespaces(self) -> bool:
        """Whether there is /v1/namespace/."""
        return self._service >= (1, 1, 0)

    @property
    def has_states(self) -> bool:
        """Whether jobs tell their events and arguments (before, they had one `result`), and whether there are logs."""
        return self._service >= (1, 3, 0)

    @property
    def has_stop(self) -> bool:
        """Whether a job can be stopped; swagger and the list of users came with it."""
        return self._service >= (1, 4, 1)

    @property
    def has_examples(self) -> bool:
        """Whether charts hand out their example values; StatefulSets count since then."""
        return self._code >= (1, 9, 0)

    @property
    def has_upgrade_manager(self) -> bool:
        """Whether updates of chart `fate` are checked and go through the upgrade manager."""
        return self._code >= (1, 9, 0)

    @property
    def panics_without_manager(self) -> bool:
        """Whether updating a chart without an upgrade manager dereferences nil (service-api.md section 6.2)."""
        return (1, 9, 0) <= self._code < (1, 10, 0)

    @property
    def has_one_chart_a_version(self) -> bool:
        """Whether stored charts are told apart by their version alone, whatever their name (derived)."""
        return self._service <= (1, 3, 0)

    @property
    def success(self) -> str:
        """How the messages spell success."""
        return "Success" if self.has_states else "success"


GENERATIONS: Final = tuple(
    Generation(release, version)
    for release, version in (
        ("v1.3.0", "v1.0.2"),
        ("v1.4.0", "v1.0.3"),
        ("v1.4.4", "v1.1.0"),
        ("v1.4.5", "v1.1.1"),
        ("v1.5.0", "v1.2.0"),
        ("v1.5.1", "v1.3.0"),
        ("v1.6.0", "v1.4.1"),
        ("v1.7.0", "v1.4.2"),
        ("v1.7.2", "v1.4.3"),
        ("v1.8.0", "v1.4.4"),
        ("v1.9.0", "v1.4.5"),
        ("v1.10.0", "v1.4.5"),
        ("v1.11.2", "v1.4.5"),
    )
)
"""One release for each version string; three for v1.4.5, whose code changed without it."""

LATEST: Final = GENERATIONS[-1]


def generation(name: str) -> Generation:
    """The generation of a release ("v1.9.0") or of a service version ("v1.4.5": its newest release)."""
    for known in GENERATIONS:
        if known.release == name:
            return known
    for known in reversed(GENERATIONS):
        if known.version == name:
            return known
    message = f"no release or service version {name}; there are {', '.join(g.release for g in GENERATIONS)}"
    raise ValueError(message)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))
