"""One read's way through the unit: see pipeline.py, one line a stage."""
