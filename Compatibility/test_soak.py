"""The soak in short: what takes five minutes in `make soak` must hold for seconds too."""

import os
import shutil
import subprocess
import sys

import pytest

from support.server import BINARY, ROOT


@pytest.mark.skipif(not shutil.which("cc"), reason="cc is absent: the load program of Benchmarks/soak.py cannot be compiled")
def test_nothing_is_lost_reordered_or_sent_twice_while_clients_come_go_and_are_killed():
    soak = subprocess.run(
        [sys.executable, ROOT / "Benchmarks" / "soak.py", "--connections", "500", "--seconds", "15", "--rate", "500"],
        env={**os.environ, "MARTLET_BINARY": BINARY}, capture_output=True, text=True, timeout=110)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert "soak passed: 500 connections" in soak.stdout
