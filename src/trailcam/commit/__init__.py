"""The only writer of origins and their results: stages, decides, publishes, clears away after crashes."""
