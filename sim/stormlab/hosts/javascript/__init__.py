"""Real JavaScript clients in virtual time."""
