"""Real Python asyncio code in virtual time: clients, servers, and the network between them.

Start with :class:`World`. See ``docs/hosts-python.md``.
"""

from stormlab.hosts.aio.world import World

__all__ = ["World"]
