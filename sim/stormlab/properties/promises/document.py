"""The promises as a document: what ``docs/promises.md`` holds between its comments."""

from stormlab.properties.promises.promise import Promise
from stormlab.properties.promises.words import WORDS

_TIERS = {
    "bare": "a client alone",
    "herd": "200 clients refused together",
    "fleet": "a small fleet",
    "page": "a page",
    "code": "a client of real code",
}


def definitions(promises: "dict[str, Promise]") -> str:
    """Every promise: statement, formula, bound, when it is undecided, where it is tried."""
    return "\n\n".join(_defined(promise) for promise in promises.values())


def overview(promises: "dict[str, Promise]") -> str:
    """One row for each promise."""
    rows = [
        f"| [{each.name}](#{each.name}) | {each.statement} | {', '.join(each.tiers)} |"
        for each in promises.values()
    ]
    return "\n".join(["| promise | statement | worlds |", "|---|---|---|", *rows])


def _defined(promise: Promise) -> str:
    words = WORDS[promise.name]
    needs = ", ".join(need.value for need in promise.needs)
    lines = [
        f"### {promise.name}",
        "",
        promise.statement,
        "",
        f"    {promise.formula}",
        "",
        f"- **Bound.** {words.bound}",
        f"- **Undecided:** {words.undecided}.",
        f"- **Tried with:** {', '.join(_TIERS[tier] for tier in promise.tiers)}.",
    ]
    return "\n".join(lines + ([f"- **A batch must have seen** {needs}."] if needs else []))
