"""File systems that refuse: full ones and read-only ones, made for real."""

import os
import subprocess
from contextlib import contextmanager


@contextmanager
def tiny_disk(folder, size="64k"):
    """A file system of `size` at `folder`, or None where this user may not mount one."""
    if not _mount(folder, f"size={size}"):
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def unwritable(folder):
    """A folder where not even root can write: a read-only mount, or else a folder of the kernel's."""
    if not _mount(folder, "ro,size=64k"):
        yield "/proc/self/fdinfo"
        return
    try:
        yield str(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(folder, options):
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
