"""The vocabulary every other room of the gateway shares: labels, matchers, time, frames, errors.

Lowest layer: imports nothing of ours. Pure values, no I/O.
"""
