"""Small worlds in which promises are tried: what happens is drawn, chance follows from a seed."""
