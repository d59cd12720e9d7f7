"""What the bucket tells the queue: which new objects."""

from typing import Any
from urllib.parse import quote_plus

from trailcam.app.aws_setup.place import Setup

EVENTS = ("s3:ObjectCreated:*",)
"""By whatever call an object comes: large ones are put in parts."""

_AS_THEY_ARE = "/!-_.'()"


def configuration(setup: Setup) -> dict[str, Any]:
    """The whole notification configuration of a bucket that tells nobody but this queue.

    One filter takes one prefix and one suffix. Prefixes of one bucket must not overlap: `asked.check` sees to
    it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    (read 2026-11-28).
    """
    return {
        "QueueConfigurations": [
            {
                "Id": setup.queue_name if number == 1 else f"{setup.queue_name}-{number}",
                "QueueArn": setup.queue_arn,
                "Events": list(EVENTS),
                **_filter(prefix, setup.suffix),
            }
            for number, prefix in enumerate(setup.prefixes, start=1)
        ]
    }


def filter_value(text: str) -> str:
    """A part of a key as S3's filters take it: a blank as `+`, whatever is special as `%XX`.

    >>> filter_value("exports for/year=2026")
    'exports+for/year%3D2026'

    Source: as above; the slash stays, as in all examples there.
    """
    return quote_plus(text, safe=_AS_THEY_ARE)


def _filter(prefix: str, suffix: str) -> dict[str, Any]:
    rules = [
        {"Name": name, "Value": filter_value(text)}
        for name, text in (("prefix", prefix), ("suffix", suffix))
        if text
    ]
    return {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
