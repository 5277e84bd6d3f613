"""The life cycle of a site on a Kubernetes cluster: apply, status, remove, roll back."""
