"""What tests and demonstrations lean on; it is shipped, so that tests of your own can lean on it too.

`simulator` writes the audit logs of an AWS organisation that does not exist, with a breach told across them.
May import the nouns and the error table, and nothing else of Trailcam; only `app` imports it.
To add a story or a habit, put a file into `stories` or `habits`: it is found there.
"""
