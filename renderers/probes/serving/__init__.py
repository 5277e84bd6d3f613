"""Probes of a site's serving."""
