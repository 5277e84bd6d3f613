"""Passwords of a site's own components: the Secret and key where pods find one, and what apply writes there.

A password that federation.yaml does not name is generated in the cluster. One that it takes from a Secret of the
component's own namespace is read from that Secret by the pods themselves; apply has nothing to write then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.secret_references import GENERATE, placeholder
from renderers.kubernetes.component import SecretSpec
from renderers.kubernetes.configure import secret_value
from renderers.kubernetes.installation import Installation, Manifest


@dataclass(frozen=True, slots=True)
class Password:
    """Where pods find a password: a key of a Secret of their namespace.

    `place` is what `secrets.yaml` holds under that key, None where the Secret is somebody else's.
    """

    secret: str
    key: str
    place: str | None

    @property
    def value_from(self) -> Manifest:
        """The `valueFrom` of an environment variable that holds it."""
        return secret_value(self.secret, self.key)

    @property
    def values(self) -> Mapping[str, str]:
        """What apply writes for it."""
        return {} if self.place is None else {self.key: self.place}


def password(installation: Installation, reference: str | None, secret: str, key: str) -> Password:
    """The password that federation.yaml refers to, or else one that is generated, under a key of a Secret of ours."""
    if reference is None:
        return Password(secret, key, GENERATE)
    kind, _, where = reference.partition(":")
    namespace, _, named = where.partition("/")
    if kind == "secret" and namespace == installation.namespace:
        theirs, _, their_key = named.partition("#")
        return Password(theirs, their_key, None)
    return Password(secret, key, placeholder(reference))


def secrets(
    installation: Installation, name: str, labels: Mapping[str, str], values: Mapping[str, str]
) -> tuple[SecretSpec, ...]:
    """The Secret with these values; none where there is nothing to write."""
    return (SecretSpec(name, installation.namespace, labels, values),) if values else ()
