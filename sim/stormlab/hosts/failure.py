"""What hosting refuses, in one line for a person."""


class HostError(Exception):
    """Code cannot be hosted, or ended its run; the message is one line."""
