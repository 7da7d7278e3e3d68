"""The store in PostgreSQL: weeks as partitions, and a role for each part of the centre."""
