"""A policy of one's own as a TOML table: every part, every key, checked with plain messages.

```toml
[policy]
name = "ours"
first_after_drop_s = [0, 5]
attempts_max = "off"

[policy.backoff]
kind = "exponential"
base_s = 1
factor = 2
cap_s = 60

[policy.jitter]
kind = "full"
placement = "after_cap"

[policy.reset]
on = "stable"
after_s = 10
```

The keys are the fields of :class:`.reconnect.Reconnect` and its parts; in the place of its
``schedule`` stand the tables ``backoff`` and ``jitter``, or ``schedule`` with a kind of its own.
See :mod:`.codec` for how parts are written.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stormlab.policy.codec import TableError, delays_from, part_from, plain, table_of
from stormlab.policy.reconnect import Reconnect

SIZE_MAX_BYTES = 1_000_000
NAME_DEFAULT = "policy"


@dataclass(frozen=True)
class PolicyTable:
    """A policy made of parts, and its name."""

    reconnect: Reconnect
    name: str = NAME_DEFAULT

    @classmethod
    def validated(cls, table: object, where: str = "policy") -> "PolicyTable":
        """Check a table (its keys as in ``[policy]``) and make its parts.

        Raises:
            TableError: a ValueError in one line: key, what was found, what is allowed.
        """
        if not isinstance(table, Mapping):
            raise TableError(f"{where}: found {table!r}; allowed: a table, as in [policy]")
        name = table.get("name", NAME_DEFAULT)
        if not isinstance(name, str) or not name:
            raise TableError(f"{where}.name: found {name!r}; allowed: a text in quotes")
        rest = {key: value for key, value in table.items() if key != "name"}
        return cls(_parts_from(rest, where), name)

    def make(self) -> Reconnect:
        """The factory of its policies."""
        return self.reconnect

    @property
    def document(self) -> dict[str, Any]:
        """The table itself: what differs from the defaults."""
        result = table_of(self.reconnect)
        inner = plain(self.reconnect.schedule)
        del result["schedule"]
        if isinstance(inner, dict) and "backoff" in inner:
            result |= inner
        else:
            result["schedule"] = inner
        return {"name": self.name, **result}

    @property
    def digest(self) -> str:
        """16 hex digits over everything that decides what it does; not its name."""
        document = {key: value for key, value in self.document.items() if key != "name"}
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def with_settings(self, settings: Iterable[str]) -> "PolicyTable":
        """The same with ``key=value`` settings: dotted keys, a number picks an entry of a list.

        Raises:
            TableError: one line, when a setting does not fit.
        """
        document = json.loads(json.dumps(self.document))
        for setting in settings:
            _set(document, setting)
        return PolicyTable.validated(document, self.name)


def _parts_from(table: Mapping[str, Any], where: str) -> Reconnect:
    """Make the parts; the tables ``backoff`` and ``jitter`` stand in the place of ``schedule``."""
    parts = {key: table[key] for key in ("backoff", "jitter") if key in table}
    rest = {key: value for key, value in table.items() if key not in parts}
    beside = ("name", "backoff", "jitter")
    if parts and "schedule" in rest:
        raise TableError(f"{where}.{min(parts)}: found beside 'schedule'; allowed: one of them")
    found: Reconnect
    if parts:
        if "backoff" not in parts:
            raise TableError(f"{where}.backoff: missing; it is required beside 'jitter'")
        found = part_from(Reconnect, rest, where, beside, schedule=delays_from(parts, where))
    elif "schedule" in rest:
        found = part_from(Reconnect, rest, where, beside)
    else:
        raise TableError(f"{where}.backoff: missing; it is required, or 'schedule' in its place")
    return found


def _set(document: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise TableError(f"{setting}: found no 'key=value'; allowed: as in backoff.cap_s=30")
    place: Any = document
    for part in parts[:-1]:
        if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
        else:
            raise TableError(f"{key}: '{part}' names nothing in this policy")
    last = parts[-1]
    if isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = value_of(text)
    elif isinstance(place, dict):
        place[last] = value_of(text)
    else:
        raise TableError(f"{key}: '{last}' names nothing in this policy")


def value_of(text: str) -> Any:  # noqa: ANN401  any value of TOML
    """A value as TOML has it, or else the text itself."""
    try:
        found = tomllib.loads(f"value = {text.strip()}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text.strip()
    return found["value"] if set(found) == {"value"} else text.strip()


def read_table(path: Path) -> tuple[dict[str, Any], str]:
    """A policy's table from a TOML file, and what to call it in errors.

    It is the file's table ``[policy]`` or else the whole file; without a name it has the file's.

    Raises:
        TableError: one line, when it cannot be read or holds no table.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX_BYTES + 1)
        if len(data) > SIZE_MAX_BYTES:
            raise TableError(f"{path}: more than {SIZE_MAX_BYTES:,} bytes; a policy is short")
        document = tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise TableError(f"{path}: not a text file (byte {error.start} is no UTF-8)") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TableError(f"{path}: not valid TOML: {error}") from None
    where = f"{path}: policy" if "policy" in document else str(path)
    table = document.get("policy", document)
    if not isinstance(table, dict):
        raise TableError(f"{where}: found {table!r}; allowed: a table, as in [policy]")
    return {"name": path.stem, **table}, where
