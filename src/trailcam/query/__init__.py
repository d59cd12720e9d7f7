"""Reads what is kept, by SQL over the lake and the state: what a run came upon, what a person asks."""
