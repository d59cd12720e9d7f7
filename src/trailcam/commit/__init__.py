"""The only writer of origins and what comes of them: stages, decides, publishes, clears away."""
