"""All judgements of a file: shares of agreement, and every disagreement with its likely cause."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from stormlab_models.tac_webbuilder.validate.judge import judge
from stormlab_models.tac_webbuilder.validate.predict import Prediction, predict
from stormlab_models.tac_webbuilder.validate.rules import Judgement, judged
from stormlab_models.tac_webbuilder.validate.schema import Condition

REPLICATIONS = 60
MAIN_TIME = "last_first_message_ms_p50"
COUNT_PERCENT_MIN = 95.0
TIME_PERCENT_MIN = 80.0
_STALL_MS = 1000.0  # a quiet machine needs 0.3 s, and 0.65 s in one case of ten
_RARE = 3.7  # as many in all loads together may hide behind none seen (exact Poisson, 95 %)


@dataclass(frozen=True)
class Share:
    """How many of the judged figures agree."""

    agree: int
    judged: int

    @property
    def percent(self) -> float | None:
        """Agreement in percent; None when nothing was judged."""
        return 100 * self.agree / self.judged if self.judged else None


@dataclass(frozen=True)
class Agreement:
    """The outcome for one file of measured conditions."""

    conditions: tuple[Condition, ...]
    judgements: tuple[Judgement, ...]
    causes: dict[tuple[str, str], str]
    least: int

    def share(
        self, kind: str, *, mechanism: str = "", condition: str = "", figure: str = ""
    ) -> Share:
        """Agreement of counts or times, over all or one mechanism, condition or figure."""
        voting = [
            j
            for j in self.judgements
            if j.votes
            and j.kind == kind
            and mechanism in {"", j.mechanism}
            and condition in {"", j.condition}
            and figure in {"", j.figure}
        ]
        return Share(sum(bool(j.agrees) for j in voting), len(voting))

    def weak(self, kind: str) -> Share:
        """Agreement of the weak figures, which have no vote."""
        weak = [j for j in self.judgements if j.weak and j.kind == kind and j.agrees is not None]
        return Share(sum(bool(j.agrees) for j in weak), len(weak))

    @property
    def disagreements(self) -> list[Judgement]:
        """Voting figures that do not agree."""
        return [j for j in self.judgements if j.votes and not j.agrees]

    @property
    def not_judged(self) -> dict[str, int]:
        """How many figures were not judged, by reason."""
        reasons: dict[str, int] = {}
        for judgement in self.judgements:
            if judgement.agrees is None:
                reasons[judgement.reason] = reasons.get(judgement.reason, 0) + 1
        return dict(sorted(reasons.items()))

    def holds(self, count_percent_min: float, time_percent_min: float) -> bool:
        """Whether counts and the main time agree at the levels asked for."""
        counts, times = self.share("count"), self.share("time", figure=MAIN_TIME)
        return (counts.percent is None or counts.percent >= count_percent_min) and (
            times.percent is None or times.percent >= time_percent_min
        )

    def document(self) -> dict[str, Any]:
        """Everything as plain data."""
        mechanisms = sorted({condition.mechanism for condition in self.conditions})

        def shares(**where: str) -> dict[str, Any]:
            result = {}
            for kind in ("count", "time"):
                share = self.share(kind, **where)
                result[kind] = {**asdict(share), "percent": share.percent}
            return result

        main = self.share("time", figure=MAIN_TIME)
        return {
            "replications_least": self.least,
            "overall": shares(),
            "main_time": {"figure": MAIN_TIME, **asdict(main), "percent": main.percent},
            "weak": {kind: asdict(self.weak(kind)) for kind in ("count", "time")},
            "mechanisms": {name: shares(mechanism=name) for name in mechanisms},
            "conditions": {c.id: shares(condition=c.id) for c in self.conditions},
            "not_judged": self.not_judged,
            "figures": [asdict(judgement) for judgement in self.judgements],
            "disagreements": [
                {**asdict(j), "cause": self.causes[j.condition, j.figure]}
                for j in self.disagreements
            ],
        }


def _judge(condition: Condition, least: int, seed: int) -> list[Judgement]:
    if not any(judged(name) for name in (*condition.measured.count, *condition.measured.time)):
        return judge(condition, Prediction())
    return judge(condition, predict(condition, least=least, seed=seed))


def validate_conditions(
    conditions: Sequence[Condition],
    *,
    least: int = REPLICATIONS,
    seed: int = 1,
    workers: int | None = None,
    over: Callable[[Sequence[Condition]], Iterator[Condition]] = iter,
) -> Agreement:
    """Simulate and judge every condition; the result does not depend on ``workers``."""
    workers = workers or min(os.cpu_count() or 1, len(conditions))
    judgements: list[Judgement] = []
    if workers <= 1:
        for condition in over(conditions):
            judgements += _judge(condition, least, seed)
    else:
        with ProcessPoolExecutor(workers) as pool:
            waiting = [pool.submit(_judge, c, least, seed) for c in conditions]
            try:
                for condition in over(conditions):
                    judgements += waiting[list(conditions).index(condition)].result()
            except BaseException:
                for future in waiting:
                    future.cancel()
                raise
    by_id = {condition.id: condition for condition in conditions}
    causes = {
        (j.condition, j.figure): likely_cause(by_id[j.condition], j)
        for j in judgements
        if j.agrees is False
    }
    return Agreement(tuple(conditions), tuple(judgements), causes, least)


def likely_cause(condition: Condition, judgement: Judgement) -> str:
    """Why a figure may disagree, from the condition's own record; no condition is known by name."""
    start_ms = condition.measured.time.get("first_socket_nav_ms_p90")
    median_ms = condition.measured.time.get("first_socket_nav_ms_p50") or 0.0
    reloads = any(action.do == "reload" for action in condition.actions)
    if _is_rare(condition, judgement):
        return "a rare outcome of a race: a difference of a few cases in all loads together"
    if start_ms is not None and start_ms > _STALL_MS:
        slow = f"the measuring machine stalled: one page in ten took over {start_ms / 1000:.1f} s"
        where = " to start again" if reloads else " to start"
        return f"{slow}{where} (median {median_ms / 1000:.2f} s), and the model's does not"
    if judgement.kind == "time":
        runs = condition.parallel_runs or 1
        many = condition.tabs or 1
        return (
            f"a time on a shared machine ({runs} runs and {many} tabs at once); the model knows "
            "the number that competed, not how hard"
        )
    if (condition.tabs or 1) > 1:
        return (
            "many tabs share one browser: when each began to load is not recorded, and it decides "
            "which of them found the one handshake per address free"
        )
    return "unexplained: the model lacks something here"


def _is_rare(condition: Condition, judgement: Judgement) -> bool:
    measured, predicted = judgement.measured, judgement.predicted
    if isinstance(measured, str) or isinstance(predicted, str) or predicted is None:
        return False
    if judgement.kind != "count":
        return False
    per_load = judgement.rule == "interval" and condition.n_unit == "loads"
    return abs(measured - predicted) * (condition.n if per_load else 1) <= _RARE
