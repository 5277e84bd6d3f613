"""Probes: what only a running site can tell, asked sentence by sentence."""
