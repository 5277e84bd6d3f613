"""The file is too large to be a federation.

A federation of 10,000 parties takes about 0.3 MB and 60,000 values. Files of more than 16 MiB, or of more than a
million values, are refused before they can use up the machine's memory; most often the wrong file was named.

Example:

    A log of 100 MB is given where federation.yaml was meant: fedplan says that it is larger than 16 MiB, in no time
    and without reading it.
"""

from planner.diagnostics import Fault

FAULT = Fault("FED102", "oversized_file")
