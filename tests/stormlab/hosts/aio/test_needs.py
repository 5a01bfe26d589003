import subprocess
import sys

import pytest

from stormlab.hosts.aio.needs import need


def test_a_library_that_is_there_is_imported() -> None:
    assert need("json").__name__ == "json"


def test_a_library_that_is_missing_is_named_with_the_extra() -> None:
    with pytest.raises(ImportError, match=r"needs not_there .*stormlab\[aio\]"):
        need("not_there.part")


def test_the_package_imports_without_the_libraries() -> None:
    program = """
import sys
for name in ("websockets", "uvicorn", "fastapi", "starlette", "aiohttp", "socketio", "anyio"):
    sys.modules[name] = None
from stormlab.hosts.aio import World
async def main():
    pass
world = World()
world.client(main)
print(world.run(1.0).hash)
try:
    world.serve(None)
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    told, missing = done.stdout.splitlines()
    assert len(told) == 32
    assert "pip install 'stormlab[aio]'" in missing
