import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLED_BY_OTHERS = """
from numba import njit
from stormlab.fleet.wheel import Wheel, pop, push, ready, wheel_at
from stormlab_models.fleet.compiled.kernel import entries

entries()

@njit
def another(address, time_ns):
    wheel = wheel_at(address, 0)
    for number in range(30):
        push(wheel, time_ns, 30 - number, number)
    found = 0
    while ready(wheel, time_ns):
        pop(wheel)
        found = found * 3 + wheel.payload
        found %= 1_000_003
    return found

def expected():
    found = 0
    for number in reversed(range(30)):
        found = (found * 3 + number) % 1_000_003
    return found

wheel = Wheel(10**9, 64, 64)
print(another(wheel.address, 10**8) == expected())
"""


@pytest.mark.slow
def test_what_the_kernel_has_taken_in_can_be_called_by_others(tmp_path: Path) -> None:
    """In a process of its own, where the kernel is compiled: a lost function would end it."""
    path = tmp_path / "called.py"
    path.write_text(CALLED_BY_OTHERS)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment,
    )
    assert (done.returncode, done.stdout) == (0, "True\n")
