"""FATE's toy example, run in the pods of a site: where, in which order, and how its end is read."""
