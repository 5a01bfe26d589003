"""From a server's log to a cause: which mechanism gives exactly these lines.

The way of the data: :mod:`.parse` reads the log, :mod:`.hypotheses` names the mechanisms and the
unknowns of each, :mod:`.features` simulates them and puts simulated and given lines into the same
form, :mod:`.rank` compares the two, :mod:`.observe` asks what to look at next, :mod:`.command`
shows it. Nothing runs at import.
"""
