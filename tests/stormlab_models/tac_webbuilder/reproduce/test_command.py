"""``stormlab reproduce``: results to stdout, reports whole, bad input in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab_models.tac_webbuilder.reproduce.evaluate import Runs
from stormlab_models.tac_webbuilder.reproduce.register import load_register

ROOT = Path(__file__).parents[4]
REPORT = ROOT / "reports" / "tac-webbuilder"
QUICK = ("--replications", "2", "--workers", "1", "--quiet")
CLAIM = "eight-sockets-on-mount"

Command = Callable[..., Any]


def stored(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((REPORT / name).read_text(encoding="utf-8"))
    return document


def test_one_claim_is_told_in_full(stormlab: Command) -> None:
    ended = stormlab("reproduce", "--claim", CLAIM, *QUICK)
    assert ended.code == 0
    assert f"{CLAIM}: depends (claimed: 8 attempts per load)" in ended.out
    assert "✗ 24" in ended.out
    assert "0 reproduced, 0 refuted, 1 depends" in ended.out
    assert ended.err == ""


def test_json_says_the_same(stormlab: Command) -> None:
    ended = stormlab("reproduce", "--claim", CLAIM, "--json", *QUICK)
    document = json.loads(ended.out)
    assert document["claims"][0]["verdict"] == "depends"
    assert document["replications"] == 2


def test_the_stored_report_is_what_the_runs_give(stormlab: Command) -> None:
    """A few claims in the fast tests; the whole report in the slow one."""
    ids = [CLAIM, "success-rate-10-percent", "handshakes-waste-160-kb", "delays-double"]
    options = [part for name in ids for part in ("--claim", name)]
    ended = stormlab("reproduce", *options, "--json", "--workers", "2", "--quiet")
    fresh = json.loads(ended.out)
    kept = {claim["id"]: claim for claim in stored("claims.json")["claims"]}
    assert [claim["id"] for claim in fresh["claims"]] == [i for i in kept if i in ids]
    for claim in fresh["claims"]:
        assert claim == kept[claim["id"]]


@pytest.mark.slow
def test_the_whole_report_regenerates_byte_for_byte(stormlab: Command, tmp_path: Path) -> None:
    ended = stormlab("reproduce", "--out", tmp_path / "out", "--quiet")
    assert ended.code == 0
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == sorted(path.name for path in REPORT.iterdir())
    for name in made:
        fresh, kept = (tmp_path / "out" / name).read_bytes(), (REPORT / name).read_bytes()
        assert fresh == kept, f"{name} differs: run make report"


def test_the_stored_report_holds_every_claim_and_figure() -> None:
    ids = [claim.id for claim in load_register().claim]
    assert [claim["id"] for claim in stored("claims.json")["claims"]] == ids
    markdown = (REPORT / "report.md").read_text(encoding="utf-8")
    page = (REPORT / "index.html").read_text(encoding="utf-8")
    figures = sorted(REPORT.glob("*.svg"))
    assert len(figures) == page.count("<figure>") == 9
    for name in ids:
        assert f"### {name}\n" in markdown
        assert f'<h3 id="{name}">' in page
    for figure in figures:
        assert f"]({figure.name})" in markdown


def test_a_report_of_one_claim_has_no_figures(stormlab: Command, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    ended = stormlab("reproduce", "--out", out, "--claim", CLAIM, *QUICK)
    assert ended.code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "claims.json",
        "index.html",
        "report.md",
    ]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_stopped_run_goes_on_where_it_was(
    stormlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    options = ("reproduce", "--out", out, "--claim", CLAIM, *QUICK)
    seen: list[int] = []
    real = Runs.run

    def run(self: Any, workers: int | None, done: Callable[[str, Any], None]) -> None:
        seen.append(len(self.jobs()))

        def stop_at_five(key: str, values: Any) -> None:
            done(key, values)
            if len(seen) == 1 and len(self.values) == 5:
                raise KeyboardInterrupt

        real(self, workers, stop_at_five)

    monkeypatch.setattr(Runs, "run", run)
    stopped = stormlab(*options)
    assert stopped.code == 130
    assert stopped.err == "stopped; run it again to go on\n"
    assert list(out.iterdir()) == []
    assert stormlab(*options).code == 0
    assert seen == [16, 11]
    assert len(list(out.iterdir())) == 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--claim", "nine"), "--claim: found 'nine'; allowed: "),
        (("--replications", "1"), "1 is not in the range"),
        (("--workers", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line(stormlab: Command, options: tuple[str, ...], complaint: str) -> None:
    assert complaint in stormlab("reproduce", *options, "--quiet").complaint


def test_a_folder_that_cannot_be_made_is_one_line(stormlab: Command, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    complaint = stormlab("reproduce", "--out", file / "out", "--claim", CLAIM, *QUICK).complaint
    assert complaint.startswith("--out ")
