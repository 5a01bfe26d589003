"""What makes asyncio code nondeterministic, and is cured here; a test turns each cure off."""

from typing import Literal, get_args

Cure = Literal[
    "fifo",  # callbacks of one time in the order in which they were scheduled
    "teardown",  # tasks that are left are cancelled in virtual time, in the order of creation
    "asyncgens",  # an async generator that is dropped is closed by its own loop
    "ordered sets",  # uvicorn's sets of connections are gone through in the order of insertion
    "task hashes",  # sets of tasks (asyncio.wait's) are gone through in the order of creation
    "chance",  # random, secrets, os.urandom, uuid4 draw by address
    "time",  # time.time, monotonic, perf_counter, sleep are those of the virtual clock
    "threads",  # executors and anyio's worker threads run inline
    "garbage",  # no collection of garbage, hence no finaliser, while a run lasts
    "environment",  # no proxy is taken from the environment
]
ALL: frozenset[Cure] = frozenset(get_args(Cure))
