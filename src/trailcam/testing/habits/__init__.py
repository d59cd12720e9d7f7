"""What goes on in the organisation every day: one file a kind of caller, each with a function `habits`.

May import what lies beside it in `trailcam.testing`, but neither stories nor the simulator.
To add one, add a file: its habits share the everyday events with all others, by their weights.
"""
