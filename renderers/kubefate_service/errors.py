"""What goes wrong between us and a KubeFATE service. None of these texts has a password or a token in it."""

from __future__ import annotations


class ServiceError(Exception):
    """What went wrong; `is_midway` when the service may have begun what it was asked for."""

    is_midway: bool = False


class ServiceUnreachableError(ServiceError):
    """Nobody answered until the deadline, or what answers is no KubeFATE service."""


class OddAnswerError(ServiceUnreachableError):
    """Something answers, and not in a shape that any KubeFATE service has."""


class ServiceLoginRefusedError(ServiceError):
    """The service does not know this user with this password."""


class ServiceRefusedError(ServiceError):
    """The service's own no: the HTTP status and its words; without words it crashed on the request (a panic)."""

    def __init__(self, status: int, message: str) -> None:
        """Keep what the service said."""
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def is_absent_route(self) -> bool:
        """Whether this generation of the service has no such route."""
        return self.status == 404  # noqa: PLR2004 - HTTP's number


class ServiceCrashedError(ServiceRefusedError):
    """The service answered 500 without a word: its code fell over (a Go panic) while it worked on this request."""
