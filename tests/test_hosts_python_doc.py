"""The example of docs/hosts-python.md, run as it is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "docs" / "hosts-python.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def test_the_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "feed.py").write_text(BLOCKS["python"], encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "feed.py"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == BLOCKS["console"].partition("\n")[2]
