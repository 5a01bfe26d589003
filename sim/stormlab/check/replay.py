"""Counterexamples as files: written after a check, shown again, still broken or fixed.

A replay file is a small JSON document: the version that wrote it, the target as it can be asked
for again (null: it has no name outside the process that checked it), the promise, the world, and
what was found.
"""

import json
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormlab import __version__
from stormlab.check.guard import CheckError, limited
from stormlab.check.see import Code, Target, see, target_of
from stormlab.check.verdict import Judged, Verdict
from stormlab.properties.promises import PROMISES, Finding, Promise, Seen
from stormlab.worlds.written import World, WorldError, document_of, world_of

FORMAT = 1
SIZE_MAX_BYTES = 1_000_000
KEYS = ("format", "stormlab", "target", "name", "promise", "world", "finding")


@dataclass(frozen=True)
class Replay:
    """A counterexample: who breaks which promise in which world, and how that was said then."""

    target: str | Mapping[str, Any] | None
    name: str
    promise: Promise
    world: World
    reason: str = ""
    evidence: tuple[str, ...] = ()
    version: str = __version__

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "format": FORMAT,
            "stormlab": self.version,
            "target": self.target,
            "name": self.name,
            "promise": self.promise.name,
            "world": document_of(self.world),
            "finding": {"reason": self.reason, "evidence": list(self.evidence)},
        }

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part-{os.getpid()}")
        try:
            text = json.dumps(self.document, indent=2, ensure_ascii=False, allow_nan=False)
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@dataclass(frozen=True)
class Replayed:
    """The same world once more: what the promise says now, and what was seen."""

    replay: Replay
    target: Target
    finding: Finding
    seen: Seen


def read_replay(path: Path) -> Replay:
    """Read a file that a check wrote.

    Raises:
        CheckError: one line, when it is none.
    """
    try:
        data = path.read_bytes()[: SIZE_MAX_BYTES + 1]
        document = json.loads(data.decode("utf-8")) if len(data) <= SIZE_MAX_BYTES else None
    except OSError as error:
        raise CheckError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise CheckError(f"{path}: not JSON; allowed: a file that stormlab check wrote") from None
    if not isinstance(document, dict) or not {"promise", "world"} <= set(document):
        raise CheckError(f"{path}: no replay; allowed: a file that stormlab check wrote")
    unknown = sorted(set(document) - set(KEYS))
    if unknown:
        raise CheckError(f"{path}: {unknown[0]}: unknown key; allowed: {', '.join(KEYS)}")
    if document.get("format", FORMAT) != FORMAT:
        found = document["format"]
        raise CheckError(f"{path}: format: found {found!r}; this version reads {FORMAT}")
    if document["promise"] not in PROMISES:
        raise CheckError(f"{path}: promise: found {document['promise']!r}, which does not exist")
    finding = document.get("finding")
    finding = finding if isinstance(finding, dict) else {}
    try:
        world = world_of(document["world"])
    except WorldError as error:
        raise CheckError(f"{path}: {error}") from None
    target = document.get("target")
    return Replay(
        target if isinstance(target, str | dict) else None,
        str(document.get("name", "the policy")),
        PROMISES[document["promise"]],
        world,
        str(finding.get("reason", "")),
        tuple(str(line) for line in finding.get("evidence", ())),
        str(document.get("stormlab", "")),
    )


def replay(found: Replay, code: Code | None = None) -> Replayed:
    """Let the target live in the world once more; ``code``: another in its place.

    Raises:
        CheckError: one line, when the target cannot be found or fails.
    """
    code = found.target if code is None else code
    if code is None:
        msg = f"{found.name}: has no name that can be looked up; give it: --policy TARGET"
        raise CheckError(msg)
    with limited(found.name) as limit:
        target = target_of(code)
        limit.name = target.name
        if not set(found.promise.tiers) & set(target.tiers):
            raise CheckError(f"promise '{found.promise.name}' is not about {target.name}")
        seen = see(target, found.world)
        return Replayed(found, target, found.promise.judge(target.subject, seen), seen)


def plain_name(name: str) -> str:
    """A target's name as the name of a file or folder."""
    return re.sub(r"[^\w.@=-]+", "-", name).strip("-.")[:60] or "policy"


def save(verdict: Verdict, target: Target, folder: Path | None) -> Verdict:
    """Write each counterexample into ``folder``; the verdict then says how to see it again."""
    found: dict[str, tuple[Path | None, str]] = {}
    for each in verdict.broken:
        if folder is None or each.world is None:
            found[each.name] = None, _check_command(verdict, target, each)
            continue
        path = folder / f"{plain_name(verdict.name)}--{each.name}.json"
        Replay(
            target.written,
            verdict.name,
            each.promise,
            each.world,
            each.reason,
            each.evidence,
        ).write(path)
        policy = " --policy TARGET" if target.written is None else ""
        found[each.name] = path, f"stormlab replay {shlex.quote(str(path))}{policy}"
    return verdict.with_replays(found)


def _check_command(verdict: Verdict, target: Target, judged: Judged) -> str:
    """How to find it again without a file; empty when the target has no name."""
    if not isinstance(target.written, str):
        return ""
    parts = ["stormlab", "check", target.written, "--promise", judged.name]
    parts += ["--budget", verdict.budget] if verdict.budget != "dev" else []
    parts += ["--seed", str(verdict.seed)] if verdict.seed else []
    return shlex.join(parts)
