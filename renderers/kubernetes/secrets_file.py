"""`secrets.yaml`: the Secrets of a site, with places instead of values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from planner.plan import PlannedSite
from renderers.kubernetes.apis import api_version
from renderers.kubernetes.component import SecretSpec
from renderers.kubernetes.documents import documents
from renderers.kubernetes.installation import Manifest

_HEAD: Final = """\
Secrets of {label}. Not to be applied as it is: each ${{secret:...}} is the place of a value.
`invoke apply` puts the values in, in memory: of an environment variable (env:), of a file (file:), of a key of another
Secret (secret:); ${{secret:generate}} is made once, at random, and kept in the cluster. Who applies the kustomization
instead creates these Secrets first, with the same names and keys (docs/how-to/deploy-with-gitops.md)."""


def merged(specs: Iterable[SecretSpec]) -> tuple[SecretSpec, ...]:
    """Each Secret once, in the order of first use, with the keys that all of its readers need.

    Raises ValueError when two readers want different values under one key.
    """
    found: dict[tuple[str, str], SecretSpec] = {}
    for spec in specs:
        known = found.setdefault((spec.namespace, spec.name), spec)
        for key, value in spec.values.items():
            if known.values.get(key, value) != value:
                msg = f"Secret {spec.name} would have two values under {key}"
                raise ValueError(msg)
        if known.values.keys() | spec.values.keys() != known.values.keys():
            values = {**known.values, **spec.values}
            found[spec.namespace, spec.name] = SecretSpec(spec.name, spec.namespace, known.labels, values)
    return tuple(found.values())


def secrets_text(planned: PlannedSite, specs: Iterable[SecretSpec]) -> str:
    """The text of `secrets.yaml`: one Secret per document, its values in `stringData`."""
    objects = [_manifest(planned, spec) for spec in specs]
    return documents(_HEAD.format(label=planned.site.label), objects)


def _manifest(planned: PlannedSite, spec: SecretSpec) -> Manifest:
    return {
        "apiVersion": api_version("Secret", planned.cluster.kubernetes),
        "kind": "Secret",
        "metadata": {"name": spec.name, "namespace": spec.namespace, "labels": dict(spec.labels)},
        "type": "Opaque",
        "stringData": dict(spec.values),
    }
