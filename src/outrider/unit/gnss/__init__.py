"""Where the unit is: fixes, interpolated to an instant, and how well they are timed."""
