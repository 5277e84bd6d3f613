"""Probes of whom a site dials, tried from inside its own pods."""
