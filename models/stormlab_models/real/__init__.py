"""A real ASGI application behind a modelled path: simulated pages talk to it as to a model."""
