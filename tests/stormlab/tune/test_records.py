"""What records say of themselves."""

from stormlab.tune import Tuning
from stormlab.tune.records import best_first


def test_the_figures_are_those_of_goals_and_target_each_once(tuned: Tuning) -> None:
    assert tuned.aim.figures == ("reconnect_s_p99", "attempts_per_s_peak")


def test_trials_are_ranked_by_loss_and_none_stands_twice(tuned: Tuning) -> None:
    losses = [trial.loss for trial in tuned.ranked]
    assert losses == sorted(losses)
    assert best_first([*tuned.ranked, *tuned.ranked]) == tuned.ranked
    assert 0 not in {trial.number for trial in tuned.ranked}
    assert tuned.trials[0].number == 0


def test_the_given_policy_is_among_the_checked(tuned: Tuning) -> None:
    assert tuned.given in tuned.checks
    assert len(tuned.checks) == 4
    assert tuned.given.trial.policy == "aws-full-jitter"
