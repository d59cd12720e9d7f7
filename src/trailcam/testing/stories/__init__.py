"""What happens on one day across the everyday events: one file a story, each with one `STORY`.

A story's id is the name of its file. May import what lies beside it in `trailcam.testing`, but neither habits
nor the simulator. To add one, add a file: it is found here, and told in the order of the hours.
"""
