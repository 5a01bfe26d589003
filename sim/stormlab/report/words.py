"""Words of reports: numbers and intervals for people, text that may stand in Markdown."""

import re

NOTHING = "–"  # noqa: RUF001  an en dash, as in every table of the command line

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")
_MENTION = re.compile(r"(?<!\w)@\w[\w./-]*")


def number(value: float | None) -> str:
    """Up to four significant digits; whole thousands in full; None: never."""
    if value is None:
        return "never"
    if value and abs(value) >= 1000:  # noqa: PLR2004  no exponents
        return f"{value:,.0f}"
    digits = 3 if value == 0 or abs(value) < 100 else 4  # noqa: PLR2004  as in 98.8 and 716.3
    text = f"{value:.{digits}g}"
    return f"{float(text):f}".rstrip("0").rstrip(".") if "e" in text else text


def with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A value with its interval in brackets; without width only the value. None: never."""
    if value == low == high:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def cell(text: str) -> str:
    """Markdown that may stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def prose(text: str) -> str:
    """Plain text as Markdown that shows it as it is.

    What has a meaning there is escaped; ``@name`` becomes code, or it would call somebody of that
    name to the pull request.
    """
    parts, end = [], 0
    for found in _MENTION.finditer(text):
        parts += [_SPECIAL.sub(r"\\\1", text[end : found.start()]), code(found[0])]
        end = found.end()
    return "".join(parts) + _SPECIAL.sub(r"\\\1", text[end:])


def code(text: str) -> str:
    """Text as code: shown as it is, whatever it holds. In a table, put it through ``cell`` too."""
    plain = " ".join(text.split()) or " "
    runs = [len(run) for run in re.findall(r"`+", plain)]
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if "`" in (plain[0], plain[-1]) else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
