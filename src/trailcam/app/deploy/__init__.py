"""New rules while events flow: packs are copied, checked, switched to, or refused while the old ones go on.

`deployments` is what a server holds, `asking` what a command asks of it. Beneath them: `snapshot` copies what
`folders` and `git` give, `checking` loads and tests a copy in a process of its own, and `record` writes down
what came of it, in the tables of `tables`.
"""
