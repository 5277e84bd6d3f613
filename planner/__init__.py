"""The pure core: text and values in, values out.

Nothing here opens a file, starts a process, asks the clock or prints.
"""
