"""Figures of the load: attempts, bytes, success, the server, rhythm, collapse.

Symbols: A: attempts of the storm, begun from the fault on, settled connections left out; c:
clients; h: heal (:mod:`stormlab.recovery.outage`); d: when 99 % of those who come back are back;
W: workers of the server.
"""

from functools import partial

from stormlab.recovery import collapse, load, rhythm, server
from stormlab.recovery.figure import Figure

_BINS = "Bins follow each other from time 0: a burst across a border is cut in two"

LOAD = (
    Figure(
        name="attempts",
        of=lambda recovery: int(recovery.storm.sum()),
        title="Attempts",
        unit="attempts",
        words="Attempts (`new WebSocket`) from the fault to the end",
        formula="#A",
        limits="Not how many reached the server",
        format="{:d}",
    ),
    Figure(
        name="attempts_per_client_mean",
        of=load.attempts_mean,
        title="Attempts per client, mean",
        unit="attempts",
        words="The same per client, whether it lost a connection or not",
        formula="#A / c",
        limits="Grows with the number of sockets a client has",
    ),
    Figure(
        name="attempts_per_client_max",
        of=load.attempts_most,
        title="Attempts per client, max",
        unit="attempts",
        words="Attempts of the client that made most",
        formula="max over clients of #A_client",
        limits="One client of many",
        format="{:d}",
    ),
    Figure(
        name="attempts_per_100ms_peak",
        of=partial(load.attempts_peak, bin_ms=100),
        title="Peak of attempts per 100 ms",
        unit="attempts",
        words="Most attempts begun in one bin of 100 ms",
        formula="max over k of #{a in A : 0.1 k <= new_a < 0.1 (k + 1)}",
        limits=_BINS,
        format="{:d}",
    ),
    Figure(
        name="attempts_per_s_peak",
        of=partial(load.attempts_peak, bin_ms=1000),
        title="Peak of attempts per s",
        unit="attempts",
        words="Most attempts begun in one bin of 1 s",
        formula="max over k of #{a in A : k <= new_a < k + 1}",
        limits=_BINS,
        format="{:d}",
    ),
    Figure(
        name="attempts_per_s_sliding_peak",
        of=load.attempts_sliding_peak,
        title="Peak of attempts in any second",
        unit="attempts",
        words="Most attempts begun within any stretch of 1 s, wherever it begins",
        formula="max over t of #{a in A : t <= new_a < t + 1}",
        limits="Not how often it comes to that",
        format="{:d}",
    ),
    Figure(
        name="arrivals_per_100ms_peak",
        of=partial(load.arrivals_peak, bin_ms=100),
        title="Peak of arrivals per 100 ms",
        unit="handshakes",
        words="Most handshake requests (`net.request`) sent to the server in one bin of 100 ms",
        formula="as attempts_per_100ms_peak, of requests",
        limits=_BINS + ". Attempts that fail before the request are not in it",
        format="{:d}",
    ),
    Figure(
        name="arrivals_per_s_peak",
        of=partial(load.arrivals_peak, bin_ms=1000),
        title="Peak of arrivals per s",
        unit="handshakes",
        words="Most handshake requests sent to the server in one bin of 1 s",
        formula="as attempts_per_s_peak, of requests",
        limits=_BINS + ". Attempts that fail before the request are not in it",
        format="{:d}",
    ),
)

_KINDS = {
    "tcp": "TCP handshakes: SYN and its repetitions, refusals, the rest of the handshake",
    "tls_full": "full TLS handshakes",
    "tls_resumed": "resumed TLS handshakes",
    "http": "HTTP upgrade requests and their answers",
    "http_first": "HTTP requests that a client makes before its handshake",
}

BYTES = (
    Figure(
        name="handshake_bytes_per_client_mean",
        of=load.bytes_per_client,
        title="Handshake bytes per client",
        unit="bytes",
        words="Bytes on the wire, both directions, of everything up to the opening, per client",
        formula="sum over A of (up + down) / c",
        limits="Not the bytes of messages, nor of what ends a connection",
        format="{:.0f}",
    ),
    *(
        Figure(
            name=f"{kind}_bytes_per_client_mean",
            of=partial(load.bytes_per_client, kinds=(kind,)),
            title=f"Bytes per client, {kind.replace('_', ' ')}",
            unit="bytes",
            words=f"Of these, those of {words}",
            formula="the same over the rows of this kind",
            limits="As above",
            format="{:.0f}",
        )
        for kind, words in _KINDS.items()
    ),
    Figure(
        name="useful_bytes_per_client_mean",
        of=load.useful_bytes_per_client,
        title="Useful handshake bytes per client",
        unit="bytes",
        words="Bytes of attempts that became a lasting connection, per client",
        formula="sum over a in A that lasted of (up + down) / c",
        limits="An attempt that opened in the last 10 s of the run, or was still under way, is not"
        " known to last and counts as wasted",
        better="",
        format="{:.0f}",
    ),
    Figure(
        name="wasted_bytes_percent",
        of=load.wasted_bytes_percent,
        title="Wasted bytes",
        unit="% of bytes",
        words="Share of the handshake bytes of attempts that did not become a lasting connection",
        formula="100 (1 - useful / all)",
        limits="An attempt that opened in the last 10 s of the run, or was still under way, is not"
        " known to last and counts as wasted",
    ),
)

SUCCESS = (
    Figure(
        name="page_success_percent",
        of=load.page_success_percent,
        title="Success rate, page side",
        unit="% of attempts",
        words="Attempts that opened (`page.open`), of those begun",
        formula="100 #{a in A : opened} / #A",
        limits="Not whether the connection lasted (see lasting_percent)",
        better="higher",
    ),
    Figure(
        name="lasting_percent",
        of=load.lasting_percent,
        title="Attempts that lasted",
        unit="% of attempts",
        words="Attempts that became a lasting connection, of those begun",
        formula="100 #{a in A : lasted} / #A",
        limits="A policy that waits until the service is there again scores high",
        better="higher",
    ),
    Figure(
        name="server_success_percent",
        of=load.server_success_percent,
        title="Success rate, server side",
        unit="% of handshakes",
        words="Handshakes accepted while their client still waited, of those that a worker began",
        formula="100 #{accepted, client not gone} / #{started}",
        limits="Not the attempts that never reached a worker: it differs widely from the page's",
        better="higher",
    ),
    Figure(
        name="rejected",
        of=load.rejected,
        title="Rejected attempts",
        unit="attempts",
        words="Attempts that admission refused (`srv.rejected`)",
        formula="#{a in A : rejected}",
        limits="Not those refused or dropped by the network stack",
        format="{:d}",
    ),
    Figure(
        name="wasted_work_percent",
        of=load.wasted_work_percent,
        title="Wasted work",
        unit="% of work",
        words="Share of the workers' time spent on handshakes whose client had gone",
        formula="100 sum of work with client gone / sum of work",
        limits="Not the work on connections that are lost again soon",
    ),
)

SERVER = (
    Figure(
        name="utilisation_percent",
        of=server.utilisation_percent,
        title="Utilisation",
        unit="% of capacity",
        words="Time that workers spent on handshakes from the heal until drained, of the time that"
        " they had",
        formula="100 sum of work in [h, d] / (W (d - h))",
        limits="Wasted work counts as work",
        better="",
        whole_server=True,
    ),
    Figure(
        name="saturation_percent",
        of=server.saturation_percent,
        title="Saturation",
        unit="% of time",
        words="Share of the time from the heal until drained in which every worker is busy",
        formula="100 |{t in [h, d] : busy(t) >= W}| / (d - h)",
        limits="Not how long the queue is. A slow policy has a long d and so a small share",
        whole_server=True,
    ),
    Figure(
        name="queue_peak",
        of=server.queue_peak,
        title="Longest queue",
        unit="handshakes",
        words="Most handshakes that waited for a worker at once, from the fault on",
        formula="max over t >= f of waiting(t)",
        limits="Not whether their clients still waited; SYNs in the accept queue are not in it",
        format="{:d}",
        whole_server=True,
    ),
    Figure(
        name="drain_s",
        of=server.drain_s,
        title="Time to drain",
        unit="s",
        words="From the heal until 99 % of the sockets that come back by the end were back; never,"
        " when nobody was",
        formula="max(0, q99 {back_i : back_i <= e} - h)",
        limits="Says nothing of those who do not come back: read it with away_percent",
        whole_server=True,
    ),
    Figure(
        name="queue_drain_s",
        of=server.queue_drain_s,
        title="Time until nobody waits",
        unit="s",
        words="From the heal until the last handshake that had to wait for a worker got one; never,"
        " when some still wait at the end",
        formula="max(0, last t with waiting(t) > 0, minus h)",
        limits="One late pair of handshakes that meet makes it long",
        whole_server=True,
    ),
)

RHYTHM = (
    Figure(
        name="resync_max",
        of=rhythm.resync_max,
        title="Resynchronisation",
        unit="0 to 1",
        words="How strongly attempts come in waves that repeat: highest peak of the autocorrelation"
        " of attempts per 100 ms at lags of 0.5 to 60 s, times the share of their variance beyond"
        " chance; 0 when the peak is within noise",
        formula="(r(L) - max(0, min {r(l) : 0 < l < L})) (1 - mean / variance), L the lag with the"
        " highest peak; 0 below 4 / sqrt(bins)",
        limits="Not how high the waves are (see the peaks). In a short run a wave is repeated"
        " seldom: a period of P in a run of T gives at most 1 - P / T",
        format="{:.2f}",
    ),
    Figure(
        name="resync_lag_s",
        of=rhythm.resync_lag_s,
        title="Distance of the waves",
        unit="s",
        words="The lag of that peak",
        formula="L",
        limits="None where there are no waves; a multiple of it repeats too",
        better="",
    ),
    Figure(
        name="attempts_fano",
        of=rhythm.attempts_fano,
        title="Burstiness of attempts",
        unit="ratio",
        words="Variance over mean of the number of attempts per 100 ms, from the first attempt to"
        " the last; 1 for independent attempts at a constant rate",
        formula="variance / mean of counts",
        limits="A rate that only decays makes it large too; grows with the number of clients",
    ),
    Figure(
        name="dispersion_atom_percent",
        of=rhythm.dispersion_atom_percent,
        title="Delays that are all alike",
        unit="% of delays",
        words="Of the delays that are the sixth or later in a row without a lasting connection in"
        " between, the share that equals the most frequent one to the nanosecond",
        formula="100 max over v of #{delay = v} / #{delays}",
        limits="Delays drawn from a few values, or nearly alike, look better than they are: read it"
        " with the spread",
    ),
    Figure(
        name="dispersion_iqr_percent",
        of=rhythm.dispersion_iqr_percent,
        title="Spread of late delays",
        unit="% of median",
        words="Interquartile range of the same delays in percent of their median",
        formula="100 (q75 - q25) / q50",
        limits="Not whether it comes from jitter or from different clients being at different"
        " stages",
        better="higher",
    ),
    Figure(
        name="late_delay_s_median",
        of=rhythm.late_delay_s_median,
        title="Late delay, median",
        unit="s",
        words="Median of the same delays: where the policy has come to",
        formula="q50",
        limits="Not the cap itself",
        better="",
    ),
)

COLLAPSE = (
    Figure(
        name="collapsed",
        of=collapse.collapsed,
        title="Collapsed",
        unit="0 or 1",
        words="1 if the service has been there for the last tenth of the run, yet 5 % or more of"
        " the sockets that lost their connection still try in vain, less than 10 % of the attempts"
        " that end in that tenth last, and they use less than 10 % of the server's capacity",
        formula="heal <= 0.9 e and vain >= 0.05 n and lasting < 0.1 ended and"
        " lasting < 0.1 capacity",
        limits="One run says yes or no; the probability is the share of replications with its"
        " Wilson interval",
        format="{:d}",
    ),
)
