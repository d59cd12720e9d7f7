"""Keeps windows up to date as matches arrive in any order: always equal to `window.cut` over all of them.

Each chain of each key keeps its matches in order and the sweep that has walked them. A match later than all
of its chain is fed to that sweep. Any other change drops the sweep, and with it the sweep of the chain
after, whose looking-back saw the old matches; who next asks for the windows of such a chain walks it anew.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass

from trailcam.model.window import Window
from trailcam.pipeline.window import (
    Chain,
    Identity,
    Item,
    Sweep,
    chain_of,
    identity_of,
    makes_window,
    order_of,
    preferred,
    window_order,
)


class IncrementalWindows:
    """The windows of all matches added so far.

    It holds every match it was given. Matches that come in order cost O(1) each, amortised; a late one costs
    a walk over its chain and the chain after when their windows are next asked for, however many late ones
    came in between.
    """

    def __init__(self) -> None:
        self._chosen: dict[Identity, Item] = {}
        self._chains: dict[Chain, _ChainState] = {}

    def add(self, item: Item) -> set[Chain]:
        """Adds a match; gives the chains whose windows may have changed, no other has.

        The set is empty when the match was there already or makes no window. Of two copies that differ the
        `preferred` one stands, which may move the match to another chain.
        """
        identity = identity_of(item)
        held = self._chosen.get(identity)
        if held is None:
            self._chosen[identity] = item
            return self._insert(item)
        if preferred(held, item) is held:
            return set()
        self._chosen[identity] = item
        return self._remove(held) | self._insert(item)

    def windows_of(self, chain: Chain) -> list[Window]:
        """The windows of one chain, in order; empty when it holds no match."""
        state = self._chains.get(chain)
        if state is None:
            return []
        if state.sweep is None:
            before = self._chains.get(chain.before)
            state.sweep = Sweep(chain.key, state.items, before=before.items if before else ())
        return state.sweep.windows()

    def windows(self) -> list[Window]:
        """All windows of all keys, in `window_order`: what `cut` gives."""
        windows = [window for chain in self._chains for window in self.windows_of(chain)]
        return sorted(windows, key=window_order)

    def _insert(self, item: Item) -> set[Chain]:
        if not makes_window(item):
            return set()
        chain = chain_of(item)
        state = self._chains.get(chain)
        if state is None:
            self._chains[chain] = _ChainState([item])
        elif order_of(item) > order_of(state.items[-1]):
            state.items.append(item)
            if state.sweep is not None:
                state.sweep.feed(item)
        else:
            insort(state.items, item, key=order_of)
            state.sweep = None
        return self._changed(chain)

    def _remove(self, item: Item) -> set[Chain]:
        if not makes_window(item):
            return set()
        chain = chain_of(item)
        state = self._chains[chain]
        del state.items[bisect_left(state.items, order_of(item), key=order_of)]
        state.sweep = None
        if not state.items:
            del self._chains[chain]
        return self._changed(chain)

    def _changed(self, chain: Chain) -> set[Chain]:
        after = chain.after
        state = self._chains.get(after)
        if state is None:
            return {chain}
        state.sweep = None
        return {chain, after}


@dataclass(slots=True)
class _ChainState:
    """The matches of a chain in order, at least one; `sweep` has walked all of them, or is None."""

    items: list[Item]
    sweep: Sweep | None = None
