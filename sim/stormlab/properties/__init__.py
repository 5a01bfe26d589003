"""What can be judged: laws that every trace obeys, and promises that a policy makes.

:mod:`.laws` judge a trace: was it recorded as such things happen? :mod:`.promises` judge a policy
by a run: does it do what it owes? Both have three outcomes: holds, broken with what shows it,
undecided.
"""

from stormlab.evidence import Outcome, PropertyBrokenError, Verdict
from stormlab.properties.laws import LAW, LAWS, Law, broken, check_all
from stormlab.properties.promises import (
    PROMISES,
    Declared,
    Finding,
    Promise,
    Seen,
    Sometimes,
    Subject,
)

__all__ = [
    "LAW",
    "LAWS",
    "PROMISES",
    "Declared",
    "Finding",
    "Law",
    "Outcome",
    "Promise",
    "PropertyBrokenError",
    "Seen",
    "Sometimes",
    "Subject",
    "Verdict",
    "broken",
    "check_all",
]
