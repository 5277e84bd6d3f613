"""Probes of a site's own components, asked from its own pods."""
