"""Outrider: an in-vehicle number plate reader and the reference centre it reports to."""

__version__ = "0.1.0"
