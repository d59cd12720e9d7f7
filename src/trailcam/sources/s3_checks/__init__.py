"""Looks at all that a source of S3 needs in AWS, in the order in which an object comes here.

One file for each thing: who we are, the queue, its policy, the bucket and whom it tells, filters, objects.
Nothing is changed, and no message is taken unless that is asked for. What may not be looked at is told with
the name of the permission that is missing.
"""

from trailcam.sources.s3_checks.examination import examine

__all__ = ["examine"]
