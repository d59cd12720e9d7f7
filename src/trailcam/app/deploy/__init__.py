"""New rules while events flow: packs are copied, checked, switched to, or refused while the old ones go on.

`deployments` is what a server holds, `asking` what commands do. Beneath them `changes` sees that something
has changed, and `candidates` makes of it what could come into force: `snapshot` copies what `folders` and
`git` give, `checking` loads and tests a copy in a process of its own. `record` and `wishes` write down what
came of it and what servers are asked for, in the tables of `tables`; `cleaning` removes what nobody goes back
to.
"""
