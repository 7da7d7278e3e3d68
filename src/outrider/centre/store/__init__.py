"""What the centre keeps: one interface, embedded SQLite and PostgreSQL behind it."""

from outrider.centre.store.urls import open_store

__all__ = ["open_store"]
