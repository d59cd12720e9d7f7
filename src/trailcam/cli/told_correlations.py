"""What correlation rules did not look at, and who looks later, in words, on stderr."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trailcam.cli.output import count, say

if TYPE_CHECKING:
    from trailcam.commit.kept_without import KeptWithout

_MOST_TOLD = 10


def tell_not_looked_at(cut: Mapping[tuple[str, str], int], kept_without: "Sequence[KeptWithout]") -> None:
    """What is cut of long lists, by (who looks, whose matches), and what rules that are new do not see."""
    for (rule_id, of), number in sorted(cut.items()):
        say(f"cut: of {count(number, 'match', 'matches')} of {of}, {rule_id} looks at the first values alone")
    for it in kept_without[:_MOST_TOLD]:
        earlier = count(it.matches, "earlier match", "earlier matches")
        say(f"not seen: {earlier} by {it.rule_id}, kept without {', '.join(it.fields)}:")
        say(f"  trailcam backfill --rule {it.rule_id}")
    if len(kept_without) > _MOST_TOLD:
        say(f"  and of {len(kept_without) - _MOST_TOLD:,} more correlation rules")


def tell_left(left: Mapping[str, str]) -> None:
    """Rules that had no turn at the end, or one that is too early, and who has it."""
    for rule_id, who in list(left.items())[:_MOST_TOLD]:
        say(f"waiting: {rule_id} {who}")
    if len(left) > _MOST_TOLD:
        say(f"  and {len(left) - _MOST_TOLD:,} more correlation rules")
