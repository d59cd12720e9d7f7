"""How AWS spells things inside of requests and answers."""

from datetime import timedelta

from trailcam.model.timestamps import EPOCH, Micros

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def long_date(at: Micros) -> str:
    """A time as it stands in answers of IAM and STS: `Mar 2, 2026, 3:05:12 AM`."""
    moment = EPOCH + timedelta(microseconds=at)
    hour, half = moment.hour % 12 or 12, "PM" if moment.hour >= 12 else "AM"
    month = _MONTHS[moment.month - 1]  # not %b, which is a word of the machine's language
    return f"{month} {moment.day}, {moment.year}, {hour}:{moment:%M:%S} {half}"


def items(*rows: object) -> dict[str, list[object]]:
    """A list as EC2 writes it."""
    return {"items": list(rows)}
