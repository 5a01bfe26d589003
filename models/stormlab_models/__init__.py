"""The subjects of stormlab: what is simulated, each figure with its source."""
