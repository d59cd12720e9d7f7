"""The state database: its connection and migrations; each table stands in the room it belongs to."""
