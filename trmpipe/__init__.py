"""trmpipe: data for Tiny Recursive Models, and the training of them.

Everything is a pure function of (seed, position). The packages beneath are links to the folders
of the same names beside this one; see docs/ARCHITECTURE.md.
"""

__version__ = "0.1.0"
