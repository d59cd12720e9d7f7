"""Sources followed live, from what they announce to what is settled with them.

`start` brings rules into force and begins; `serve` wires sources and watchers. `follow` is the loop: `intake`
receives and fetches in threads of its own, `in_hand` has what came until it is settled, and what it gives out
in groups goes through a `Line`. `publisher` brings what is decided into the lake and `turns` has rules run
that keep state, each in a thread `beside` the loop; `switching` brings new versions of the rules. `watch`
looks for what should be heard and is not, among it `canaries`, and says it by `health`, which is a source
like others; `conditions` has how it stands with each source.
"""
