"""What the line costs: CPU microseconds per event, stage by stage.

`python -m bench [PATH] [--packs FOLDER] [--events N] [--runs N] [--write]`. Without a path, records are made
by `bench.records`, the same for the same seed. Figures are CPU time of one process; trust ratios above 1.3.

`python -m bench.memory` measures what whole runs hold in memory, `python -m bench.correlation` what a burst
costs correlation rules.
"""
