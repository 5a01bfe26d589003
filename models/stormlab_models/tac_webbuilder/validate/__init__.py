"""Hold the model against measured conditions: read, simulate, compare, say where it disagrees."""
