"""The search: propose, run, learn; then check the best under seeds that it has not seen.

When there are no more sets of parameters than may be tried, all are. Else proposals are made in
rounds of a fixed size, so that the result depends on scenario, policy, axes, goals and seed only,
never on the number of processes. All trials run under the same seeds (common random numbers).

The best of many noisy trials looks better than it is. Hence a check under fresh seeds of three of
them and of the policy as it was given, and only its figures are reported as the result: the two
best, and of those that met all goals the one with the most room to its limits, because the best
lie where a search ends, close to a limit. Since the result is the best of four, each is judged at
98.75 %: so all four together hold at 95 %.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stormlab import __version__
from stormlab.statistics import Interval, mean_interval
from stormlab.store import Store
from stormlab.tune.bench import Bench, Watch
from stormlab.tune.goals import Goal, Met, Sample, TuneError
from stormlab.tune.records import CHECKED, CONFIDENCE_EACH, Aim, Check, Trial, Tuning, best_first

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial as Asked

ROUND = 8  # proposals at a time: as many as eight processes can use
STARTUP = 12  # the first proposals are spread at random, as TPE needs
Round = tuple[Sequence[Mapping[str, str]], Callable[[Sequence[float]], None]]
_TWO = 2  # runs that an interval needs


def tune(
    aim: Aim,
    *,
    jobs: int | None = None,
    store: Store | None = None,
    watch: Watch | None = None,
) -> Tuning:
    """Search, then check.

    ``jobs``, ``store``, ``watch`` as in :func:`stormlab.compare.compare`. Everything is checked
    before the first run, the ends of every range and all choices included.

    Raises:
        TuneError, ScenarioError, CompareError: one line.
        StoreError, SourceError, ReplicationError: when runs cannot be made or kept.
    """
    bench = Bench(aim, jobs, store, watch)
    search = _every if bench.every else _proposed
    rounds = search(bench, aim)  # what it needs is missed before anything runs
    trials = bench.run([bench.plan(0, {})], aim.search_seeds, search=False)
    for values, tell in rounds:
        plans = [bench.plan(len(trials) + i, each) for i, each in enumerate(values)]
        done = bench.run(plans, aim.search_seeds, search=True)
        tell([trial.loss for trial in done])
        trials += done
    chosen = [trials[0], *_chosen(aim, best_first(trials[1:]))]
    plans = [bench.plan(each.number, each.parameters) for each in chosen]
    checked = bench.run(plans, aim.check_seeds, search=False)
    checks = [_check(aim, trial, checked[0]) for trial in checked]
    checks.sort(key=lambda check: (not check.meets_all, check.trial.loss, check.trial.number))
    used = ("numpy", "simpy") if bench.every else ("numpy", "optuna", "simpy")
    versions = {name: version(name) for name in used}
    return Tuning(
        aim, bench.base, tuple(trials), tuple(checks), {"stormlab": __version__, **versions}
    )


def _every(bench: Bench, aim: Aim) -> Iterator[Round]:
    """All sets of parameters at once: there is nothing to learn for."""
    del aim
    return iter([(bench.every, lambda _: None)])


def _proposed(bench: Bench, aim: Aim) -> Iterator[Round]:
    """Rounds of proposals, each learnt from the losses of those before."""
    study = _study(aim)

    def rounds() -> Iterator[Round]:
        for done in range(0, bench.trials, ROUND):
            asked = [study.ask() for _ in range(min(ROUND, bench.trials - done))]
            values = [{axis.key: axis.propose(each) for axis in aim.axes} for each in asked]
            yield values, partial(_learn, study, asked)

    return rounds()


def _learn(study: "Study", asked: "Sequence[Asked]", losses: Sequence[float]) -> None:
    for each, value in zip(asked, losses, strict=True):
        study.tell(each, value)


def _chosen(aim: Aim, ranked: Sequence[Trial]) -> list[Trial]:
    """What is checked: the best two, and the one with the most room; the next best without one."""
    best, others = list(ranked[: CHECKED - 1]), ranked[CHECKED - 1 :]
    roomy = [trial for trial in others if trial.meets_all] or others[:1]
    return [*best, *([max(roomy, key=partial(_room, aim))] if roomy else [])]


def _room(aim: Aim, trial: Trial) -> float:
    """The least distance to a limit, relative to it; of equals the better comes first."""
    return min(each.room(trial.mean(each.figure)) for each in aim.goals)


def _check(aim: Aim, trial: Trial, given: Trial) -> Check:
    """The intervals of a trial's runs, and its goals judged by them."""
    intervals = {name: _interval(sample) for name, sample in trial.samples.items()}
    goals = tuple((each, judged(each, trial.samples[each.figure])) for each in aim.goals)
    against = {
        name: None if trial.number == 0 else _difference(sample, given.samples[name])
        for name, sample in trial.samples.items()
    }
    return Check(trial, intervals, goals, against)


def judged(goal: Goal, sample: Sample) -> Met:
    """A goal by the interval of its figure: missed when a run never got there."""
    if sample.never:
        return "missed"
    interval = _interval(sample)
    return "undecided" if interval is None else goal.judged(interval)


def _interval(sample: Sample) -> Interval | None:
    if sample.never or len(sample.applying) < _TWO:
        return None
    return mean_interval(sample.applying, CONFIDENCE_EACH)


def _difference(one: Sample, other: Sample) -> Interval | None:
    pairs = [a - b for a, b in zip(one.values, other.values, strict=True)]
    if len(pairs) < _TWO or not all(map(math.isfinite, pairs)):
        return None
    return mean_interval(pairs, CONFIDENCE_EACH)


def _study(aim: Aim) -> "Study":
    """A study of Optuna's with the TPE sampler, seeded.

    ``constant_liar`` lets it know of the other proposals of a round, ``multivariate`` of how
    parameters go together; both are called experimental, with a warning, for years.
    """
    try:
        with warnings.catch_warnings():  # its progress bar misses widgets in a notebook
            warnings.simplefilter("ignore")
            import optuna  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise TuneError("tuning needs optuna: pip install 'stormlab[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options: dict[str, Any] = {"multivariate": True, "constant_liar": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=aim.seed, n_startup_trials=STARTUP, **options)
    return optuna.create_study(sampler=sampler, direction="minimize")
