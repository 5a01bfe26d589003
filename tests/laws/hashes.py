"""Print the trace hashes of a file of drawn scenarios: run by a test in a process of its own."""

import json
import sys
from pathlib import Path
from typing import Any

from stormlab.model import make_scenario, run


def hashes(cases: list[Any]) -> list[str]:
    """Run every (document, seed) once."""
    return [run(make_scenario(document, name="drawn"), seed).hash for document, seed in cases]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(hashes(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
