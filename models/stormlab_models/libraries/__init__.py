"""Real client libraries: which versions the lab runs, and how."""
