"""``stormlab bench``: what the engines cost, measured side by side on this machine."""
