"""Pictures of a comparison of policies; each function gives one :class:`Picture`.

Every function takes plain arrays by policy and needs no engine. A ``Picture`` shows itself in a
notebook, and ``save`` writes it as SVG or PNG, the same input as the same bytes:

>>> from stormlab.plots_compare import Scene, draw_attempts
>>> draw_attempts({"fixed 1 s": [[0, 90, 90], [0, 80, 95]]}, Scene(bin_s=1, down_s=((1, 2),)))
Picture('attempts-per-s')

``draw_attempts``     attempts per second: median, bands over replications, single runs
``draw_returns``      share of clients that are back, by the time since they lost their connection
``draw_standings``    how many clients are open, waiting, connecting, gave up
``draw_bytes``        handshake bytes per second, useful and wasted
``draw_trade``        time to recover against peak load: what costs what
``draw_differences``  every policy against one, figure by figure, with intervals
``draw_rounds``       attempts of one policy by number and time: who does it together

Up to twelve policies stay apart, also in grey: a policy has a colour, a dash and a marker.
Needs matplotlib: ``pip install 'stormlab[plots]'``.
"""

from stormlab.plots_compare.differences import draw_differences
from stormlab.plots_compare.over_time import draw_attempts, draw_bytes, draw_rounds, draw_standings
from stormlab.plots_compare.picture import POLICIES_MAX, Picture, Scene
from stormlab.plots_compare.returns import draw_returns
from stormlab.plots_compare.trade import draw_trade

__all__ = [
    "POLICIES_MAX",
    "Picture",
    "Scene",
    "draw_attempts",
    "draw_bytes",
    "draw_differences",
    "draw_returns",
    "draw_rounds",
    "draw_standings",
    "draw_trade",
]
