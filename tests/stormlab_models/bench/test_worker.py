import io
import json
import sys

import pytest

from stormlab_models.bench import worker

SOCKETS = 800


def test_every_way_tells_of_the_same_run() -> None:
    told = {kind: worker.measured(kind, SOCKETS, 3) for kind in worker.KINDS}
    assert len({each["attempts"] for each in told.values()}) == 1
    assert len({each["events"] for each in told.values()}) == 1
    assert told["reference"]["hash"] == told["traced"]["hash"]
    assert all(each["cpu_s"] > 0 for each in told.values())


def test_the_outage_has_the_length_that_was_asked_for() -> None:
    scenario = worker.restart(SOCKETS, 7200)
    assert scenario.faults[0].for_s == 7200
    assert scenario.duration_s > 7400


def test_what_was_measured_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["worker", "counted", "80", "1", "60"])
    worker.main()
    told = json.loads(capsys.readouterr().out)
    assert told["attempts"] > 80
    assert told["turns"] < told["events"]


def test_a_worker_that_stays_measures_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["worker", "stay"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("counted 80 1 60\ncounted 160 1 60\n"))
    worker.main()
    small, large = map(json.loads, capsys.readouterr().out.splitlines())
    assert small["attempts"] < large["attempts"]
