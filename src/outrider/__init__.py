"""Outrider: an in-vehicle number plate reader and the reference centre it reports to."""

__version__ = "0.2.0.dev0"
