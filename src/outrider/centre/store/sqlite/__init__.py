"""The embedded store: a folder of SQLite files, with nothing to install."""
