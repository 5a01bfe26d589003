"""How an attempt or a connection can end in a fleet, numbered: what policies read out of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from stormlab.clock import to_ns
from stormlab.faults import Fault
from stormlab.policy.contract import Fact, Happened
from stormlab_models.fleet.parameters import Parameters

ABNORMAL = 1006
SERVER_ERROR_STATUS = 500
PLAIN_REFUSAL, REJECTION, SERVER_ERROR, PLAIN_DROP, FIRST_CODE = range(5)


@dataclass(frozen=True)
class Ends:
    """Every end that can come in one world, as a policy is told of it; ``codes`` begin at 4."""

    happened: tuple[Happened, ...]
    codes: tuple[int, ...]

    @classmethod
    def of(cls, parameters: Parameters, faults: Sequence[Fault]) -> "Ends":
        """The ends of a world: refusals, rejections, drops, and close frames by code."""
        server, seen = parameters.server, parameters.clients.sees_status
        advice_ns = to_ns(server.retry_after_s) if server.retry_after_s else None
        rejections = [
            Happened(
                Fact.REFUSED,
                0,
                code=ABNORMAL,
                status=status if seen else 0,
                retry_after_ns=advice_ns if seen else None,
            )
            for status in (int(parameters.admission.over), SERVER_ERROR_STATUS)
        ]
        given = [
            server.close_code,
            server.drain_code,
            server.reject_code,
            parameters.dependency.close_code,
            *(fault.code for fault in faults if fault.code is not None),
        ]
        codes = tuple(dict.fromkeys(given))
        frames = [
            Happened(Fact.DROPPED, 0, code=code, clean=True, retry_after_ns=advice_ns)
            for code in codes
        ]
        plain = [Happened(fact, 0, code=ABNORMAL) for fact in (Fact.REFUSED, Fact.DROPPED)]
        return cls((plain[0], *rejections, plain[1], *frames), codes)
