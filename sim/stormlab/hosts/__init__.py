"""Real client and server code in virtual time.

Code under test does not know that it is simulated: it meets a web platform or an asyncio loop whose
time, chance and network are those of the world around it. What it does with a WebSocket reaches the
world through :mod:`stormlab.hosts.wire`.
"""
