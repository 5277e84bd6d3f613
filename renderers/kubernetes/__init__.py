"""Target `kubernetes`: manifests of our own, written as data. `renderers/manifests/` reads them back.

Nothing in here looks at a cluster: `renderers/cluster/` applies what is written here.
"""

from renderers.kubernetes.folder import KUSTOMIZATION_FILE, render

__all__ = ["KUSTOMIZATION_FILE", "render"]
