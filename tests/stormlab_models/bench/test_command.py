import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from stormlab_models.bench import command
from stormlab_models.bench.measures import BenchError, Found, Sizes


def measured(sizes: Sizes) -> Iterator[Found]:
    yield Found("Heat", ["n", "seconds"], [[f"{sizes.small:,}", "1.0"]], ["a note"], {"heat": 1})


def fails(_: Sizes) -> Iterator[Found]:
    raise BenchError("the kettle is empty")


def differs(_: Sizes) -> Iterator[Found]:
    yield Found("Exactness", [], data={"different": ["outage-60s"]})


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        command, "PARTS", {"speed": measured, "memory": fails, "exactness": differs}
    )


def test_tables_and_notes_are_shown() -> None:
    done = CliRunner().invoke(command.bench, ["speed"])
    assert done.exit_code == 0
    assert "Heat" in done.output
    assert "10,000" in done.output
    assert "a note" in done.output


def test_json_is_one_document() -> None:
    done = CliRunner().invoke(command.bench, ["speed", "--json", "--quick", "--quiet"])
    assert json.loads(done.stdout)["speed"] == [{"heat": 1}]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["heat"], "bench: found 'heat'; allowed: speed, memory, exactness, figure"),
        (["figure"], "bench: 'figure' and --out go together: figure --out DIR"),
        (["speed", "--out", "x"], "bench: 'figure' and --out go together: figure --out DIR"),
        (["memory"], "bench: the kettle is empty"),
    ],
)
def test_what_is_wrong_is_one_line(words: list[str], told: str) -> None:
    done = CliRunner().invoke(command.bench, words)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_engines_that_differ_are_an_exit_code() -> None:
    assert CliRunner().invoke(command.bench, ["exactness"]).exit_code == 1
