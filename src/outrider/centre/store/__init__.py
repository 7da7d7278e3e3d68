"""What the centre keeps: one interface, embedded SQLite and PostgreSQL behind it."""
