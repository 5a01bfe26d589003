"""One server process: its accept queue, its workers, and the connections it holds."""

from collections import deque
from collections.abc import Iterator

from stormlab_models.fleet.link import Link


class Pod:
    """A process that is up, down, hung or draining.

    ``arriving``: TCP is established, the upgrade request is still to come; ``queue``: requests that
    wait for a worker; ``serving``: with a worker; ``open``: accepted connections. All keep the
    order in which they came. ``generation`` goes up with every start, so that work begun by an
    earlier process is recognised.
    """

    def __init__(self, number: int, workers: int) -> None:
        """Start up and idle."""
        self.number = number
        self.workers = workers
        self.up = True
        self.hung = False
        self.draining = False
        self.generation = 0
        self.busy = 0
        self.arriving: dict[Link, None] = {}
        self.queue: deque[Link] = deque()
        self.serving: dict[Link, None] = {}
        self.open: dict[Link, None] = {}

    @property
    def routed(self) -> bool:
        """Whether the balancer sends new connections here."""
        return self.up and not self.draining and not self.hung

    @property
    def waiting(self) -> int:
        """Handshakes that fill the accept queue."""
        return len(self.arriving) + len(self.queue)

    def handshakes(self) -> Iterator[Link]:
        """Every handshake in progress, the oldest stage last."""
        yield from list(self.arriving)
        yield from list(self.queue)
        yield from list(self.serving)

    def forget(self) -> None:
        """Be a new process: nothing in progress, nothing open."""
        self.generation += 1
        self.busy = 0
        for held in (self.arriving, self.serving, self.open):
            held.clear()
        self.queue.clear()
