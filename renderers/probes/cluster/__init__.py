"""Probes of the API server and of what it knows of a site."""
