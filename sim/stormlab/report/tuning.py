"""The report of a search for parameters: Markdown fit for a pull request."""

from collections.abc import Sequence

from stormlab.report.words import cell, code, prose
from stormlab.tune import Tuning, words
from stormlab.tune.insight import influences

TRIALS_SHOWN = 12
_INFLUENCE = (
    "Rank correlation over all trials: +1 when a larger parameter always goes with a larger figure,"
    " -1 when always with a smaller one. A choice has no sign. Bold: more than chance gives. The"
    " search visits good places more often, so this says what moved a figure there."
)


def report(tuning: Tuning, command: str, *, picture: str | None, toml: str | None) -> str:
    """The whole report. ``picture``: what the picture shows; None: there is none."""
    parts = [
        f"# Tuning {code(tuning.aim.policy)} in {code(tuning.base.name)}",
        f"**{prose(words.verdict(tuning))}**",
        *_found(tuning, toml),
        *_checked(tuning),
        *([f"![{prose(picture)}](tune.svg)", f"*{prose(picture)}*"] if picture else []),
        *_tried(tuning),
        *_influence(tuning),
        *_asked(tuning, command),
    ]
    return "\n\n".join(parts) + "\n"


def _found(tuning: Tuning, toml: str | None) -> list[str]:
    parts = ["## The policy to use", code(words.to_use(tuning))]
    if toml is not None:
        parts.append(f"```toml\n{toml.rstrip()}\n```")
    return parts


def _checked(tuning: Tuning) -> list[str]:
    return [
        "## Under fresh seeds",
        _table(*words.checked(tuning)),
        prose(words.check_note(tuning)) + ". The best of many trials looks better in the search"
        " than it is; these runs were made with seeds that the search has not seen.",
    ]


def _tried(tuning: Tuning) -> list[str]:
    shown = tuning.ranked[:TRIALS_SHOWN]
    given = tuning.trials[0]
    rest = len(tuning.ranked) - len(shown)
    more = f" {rest} more are in `trials.csv`." if rest else ""
    return [
        "## What was tried",
        *(prose(note) for note in words.notes(tuning)),
        _table(*words.tried(tuning, [*shown, given])),
        f"Best first; means of {tuning.aim.replications} runs each in the search.{more}",
    ]


def _influence(tuning: Tuning) -> list[str]:
    found = {(each.key, each.figure): each for each in influences(tuning)}
    if not found:
        return []
    rows = []
    for axis in tuning.aim.axes:
        row = [axis.key]
        for figure in tuning.aim.figures:
            each = found.get((axis.key, figure))
            value = "" if each is None else f"{each.value:{'+' if each.signed else ''}.2f}"
            row.append(f"**{value}**" if each is not None and each.beyond_chance else value)
        rows.append(row)
    return [
        "## What moved what",
        _table(["parameter", *tuning.aim.figures], rows, ready=True),
        _INFLUENCE,
    ]


def _asked(tuning: Tuning, command: str) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in tuning.versions.items())
    lines = "\n".join(words.header(tuning))
    return [
        "## What was asked",
        f"```text\n{lines}\n```",
        f"```sh\n{command}\n```",
        f"Made with {versions}. The same command and versions give the same files.",
    ]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, ready: bool = False) -> str:
    """A table; ``ready``: the cells are Markdown already."""
    lines = [[prose(heading) for heading in headings], ["---"] * len(headings)]
    lines += [[each if ready and i else prose(each) for i, each in enumerate(row)] for row in rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)
