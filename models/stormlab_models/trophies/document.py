"""Runs every trophy again and writes ``TROPHIES.md`` and the replay files: ``make report``.

``python -m stormlab_models.trophies.document TROPHIES.md reports/trophies`` rewrites the parts of
the document between comments; a trophy that is no longer broken ends it, and nothing is written.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from stormlab.check import CheckError, Replay, see, target_of
from stormlab.check.replay import plain_name
from stormlab.check.told import told_world
from stormlab.console import fail
from stormlab.evidence import Outcome
from stormlab.hosts.finding import PROGRAM, find_program, is_code
from stormlab.policy.catalogue import Entry, catalogue
from stormlab.properties import PROMISES, Finding
from stormlab.report.words import cell, code, prose
from stormlab_models.doc_tables import rewrite
from stormlab_models.trophies.found import PROPOSALS, TROPHIES, Trophy
from stormlab_models.trophies.real import REAL

EVIDENCE_MAX = 3
NO_ISSUE = "none known to us"
BY_DESIGN = "by design"


@dataclass(frozen=True)
class Shown:
    """A trophy after a run: what the promise says now."""

    trophy: Trophy
    finding: Finding

    @property
    def entry(self) -> Entry | None:
        """The library in the catalogue; None for what is no library."""
        return catalogue().get(self.trophy.target)

    @property
    def label(self) -> str:
        """The library with its version, or the target."""
        found = self.entry
        if is_code(self.trophy.target):
            return code_label(self.trophy.target)
        if found is None:
            return self.trophy.target.rpartition(":")[2]
        return f"{found.name.removesuffix('-3.0')} {found.version}"

    @property
    def remark(self) -> str:
        """What the catalogue has to say of it; empty: nothing."""
        return self.entry.remarks.get(self.trophy.promise, "") if self.entry is not None else ""

    @property
    def file(self) -> str:
        """The name of its replay file."""
        return f"{plain_name(self.label)}--{self.trophy.promise}.json"

    @property
    def replay(self) -> Replay:
        """Its replay file."""
        trophy, found = self.trophy, self.finding
        return Replay(
            trophy.target,
            self.label,
            PROMISES[trophy.promise],
            trophy.world,
            found.reason,
            found.events[:EVIDENCE_MAX],
        )


def code_label(target: str) -> str:
    """Code by its package; a program in Python by the name that it has."""
    return find_program(target).name if target.startswith(PROGRAM) else target


def shown(trophy: Trophy) -> Shown:
    """Let a trophy's target live in its world.

    Raises:
        CheckError: one line, when the promise is not broken.
    """
    target = target_of(trophy.target)
    finding = PROMISES[trophy.promise].judge(target.subject, see(target, trophy.world))
    if finding.outcome is not Outcome.BROKEN:
        told = f": {finding.reason}" if finding.reason else ""
        raise CheckError(f"{trophy.target}: {trophy.promise} {finding.outcome}{told}")
    return Shown(trophy, finding)


def overview(found: Sequence[Shown]) -> str:
    """One row for each defect."""
    lines = [["library", "what is wrong", "promise", "upstream"], ["---"] * 4]
    for each in found:
        links = ", ".join(map(_link, each.trophy.upstream))
        upstream = links or (BY_DESIGN if each.remark.startswith(BY_DESIGN) else NO_ISSUE)
        title = f"[{prose(each.trophy.title)}](#{_anchor(each)})"
        lines.append([_label(each), title, code(each.trophy.promise), upstream])
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def told(each: Shown, folder: str) -> str:
    """One defect: what it is, its world, what shows it, and the commands."""
    trophy, entry = each.trophy, each.entry
    world = told_world(PROMISES[trophy.promise], trophy.world, each.finding.walk_ns)
    world += [f"-> {each.finding.reason}"]
    world += [f"   {line}" for line in each.finding.events[:EVIDENCE_MAX]]
    statement = prose(PROMISES[trophy.promise].statement)
    parts = [
        f"### {_label(each)}: {prose(trophy.title)}",
        f"{_sentences(trophy.what)} Promise {code(trophy.promise)}: {statement}",
        "```text\n" + "\n".join(world) + "\n```",
        "```sh\n" + "\n".join(commands(each, folder)) + "\n```",
    ]
    if entry is not None or is_code(trophy.target):
        source = each.label if entry is None else entry.source
        facts = [f"{'Code' if entry is None else 'Source'}: {code(source)}."]
        if trophy.upstream:
            facts.append(f"Upstream: {', '.join(map(_link, trophy.upstream))}.")
        if each.remark:
            facts.append(f"{prose(each.remark[0].upper() + each.remark[1:])}.")
        elif not trophy.upstream:
            facts.append(f"Upstream: {NO_ISSUE}.")
        parts.append(" ".join(facts))
    return "\n\n".join(parts)


def commands(each: Shown, folder: str) -> list[str]:
    """How to see it again, and how it was found."""
    trophy = each.trophy
    found = [f"stormlab replay {folder}/{each.file}"]
    if trophy.budget is not None:
        more = f" --budget {trophy.budget}" if trophy.budget != "dev" else ""
        found.append(f"stormlab check {trophy.target} --promise {trophy.promise}{more}")
    return found


def _label(each: Shown) -> str:
    return code(each.label) if is_code(each.trophy.target) else prose(each.label)


def _sentences(text: str) -> str:
    """Prose in which what stands between backticks is code."""
    parts = text.split("`")
    return "".join(code(part) if i % 2 else prose(part) for i, part in enumerate(parts))


def _anchor(each: Shown) -> str:
    """As a page of Markdown names the heading."""
    text = f"{each.label}: {each.trophy.title}".lower()
    kept = "".join(char for char in text if char.isalnum() or char in "-_ ")
    return kept.replace(" ", "-")


def _link(issue: str) -> str:
    repository, _, number = issue.partition("#")
    return f"[{issue}](https://github.com/{repository}/issues/{number})"


def write_replays(found: Iterable[Shown], folder: Path) -> None:
    """Put all replay files into ``folder``, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for each in found:
        text = json.dumps(each.replay.document, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / each.file).write_bytes(f"{text}\n".encode())


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def main(document: Path, folder: Path) -> None:
    """Rewrite the parts of DOCUMENT and the replay files in FOLDER."""
    try:
        found, proposals = [*map(shown, TROPHIES)], [*map(shown, PROPOSALS)]
        real = [*map(shown, REAL)]
    except CheckError as error:
        fail(f"a trophy is broken no more: {error}")
    place = folder.as_posix()
    rewrite(
        document,
        {
            "overview": lambda: overview(found),
            "trophies": lambda: "\n\n".join(told(each, place) for each in found),
            "real": lambda: "\n\n".join([overview(real), *(told(each, place) for each in real)]),
            "proposals": lambda: "\n\n".join(told(each, place) for each in proposals),
        },
    )
    write_replays([*found, *real, *proposals], folder)


if __name__ == "__main__":
    main()
