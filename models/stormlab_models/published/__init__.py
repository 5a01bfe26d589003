"""Published results that others measured, simulated or derived, and the small models for them.

Each model is a subject of its own in the same Model protocol as the analysed application. The
results are rows of ``cases.toml``; ``stormlab published`` runs them and prints the verdicts.
"""
