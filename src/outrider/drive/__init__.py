"""A recorded drive: its files, its track, and what was truly to be seen."""
