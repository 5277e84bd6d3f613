"""The file cannot be read.

The path leads to nothing, to a directory, to a device or a pipe, or to a file this user may not read. fedplan says
which, and waits for none of them: reading a pipe could take for ever.

Example:

    `invoke plan` in a folder without federation.yaml says that "federation.yaml" does not exist. Go to the folder
    that holds it, name it with its path, or let `invoke init` write a first one.
"""

from planner.diagnostics import Fault

FAULT = Fault("FED101", "unreadable_file")
