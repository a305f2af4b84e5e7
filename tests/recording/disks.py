"""Disks that are too small."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["file_limit", "small_disk"]


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Files of this process cannot become larger than `size` bytes meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """A folder that holds `size` bytes, which only root can have; others skip the test."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this system does not let a small disk be mounted")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
