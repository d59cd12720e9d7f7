"""Calls to AWS as their APIs spell them: one file a service, functions that give a `Call`.

May import `trailcam.testing.call`, `caller`, `chance`, `organisation` and `spelling`. To add a service, add a
file.
Source: the API references of the services, and the CloudTrail user guide on record contents for
eventVersion 1.11.
"""
