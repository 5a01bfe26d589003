"""Fleets: many clients with one policy (or several) against a service that fails and comes back."""
