"""Import of what already runs: KubeFATE's files become one federation.yaml, and all that does not agree is told.

The way of a file: `files` collects it, `specs` recognises it, `tables` reads whom it dials, `words` puts its settings
into federation.yaml's words, `network` finds where each site is, `shapes` who talks with whom, `assembling` makes the
federation, `text` writes it, `fitting` plans it and takes out what stands in the way, `judging` proves the files and
holds what is planned against them, and `importing` runs all of it.
"""
