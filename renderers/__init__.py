"""The edges: targets that write and read specs, and one adapter per outside system."""
