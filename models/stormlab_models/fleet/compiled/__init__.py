"""The fleet model, compiled: the same scenarios, the same traces, a hundred times faster."""
