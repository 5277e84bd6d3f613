"""The file is not UTF-8.

YAML is Unicode text, and fedplan reads UTF-8 with or without a byte order mark. A file saved as Latin-1, GBK or
UTF-16 would show other characters than its author typed, so nothing is guessed; the finding names the first byte
that does not fit and where it stands.

Example:

    A comment with an umlaut, saved by an editor as Latin-1, holds the byte 0xfc. Open the file with the encoding it
    was written in and save it as UTF-8.
"""

from planner.diagnostics import Fault

FAULT = Fault("FED103", "not_utf8")
