"""Real clients, a real server and a modelled fleet in one world."""
