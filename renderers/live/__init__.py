"""Verifying what runs: what is chosen, how it is carried out, what an operator sees, and what is told at the end."""
