"""The rules of policies as plain functions: one definition for two engines.

Every function takes numbers and things with attributes. The reference gives it ordinary objects
(:class:`..reconnector.Reconnector`, :class:`..breaker.Breaker`); the compiled fleet gives it
records in raw memory and compiles the same source (:mod:`stormlab.fleet.policy_code`). They are in
the part of Python that both understand: no None (:data:`NEVER` stands for no time, -1 for no
number), no strings, no exceptions, nothing made while they run.

Where the two must differ (what a draw is, how a schedule or a memory of results is found), the
functions of :mod:`.host` stand: the reference runs their bodies, the compiled fleet its own.
"""
