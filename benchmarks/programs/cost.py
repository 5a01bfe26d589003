"""What a script of this folder says of its own cost."""

import resource
from pathlib import Path


def peak_bytes() -> int:
    """The largest memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: getrusage may tell of the process that started this one
        line = next(each for each in status.read_text().splitlines() if "VmHWM" in each)
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def tell(attempts: int, all_open_s: float, processor_s: float) -> None:
    """Print what came of a run, as lines of a name and a number."""
    print("attempts", attempts)
    print("all_open_s", f"{all_open_s:.3f}")
    print("processor_s", f"{processor_s:.3f}")
    print("peak_bytes", peak_bytes())
