"""How much mail of each desk is worked on at once, and how much of that uploads files.

Each desk has places of its own, so that one which is slow or down delays nobody else. Mail whose text is
posted has half of them for its files, so that large files never keep new tickets waiting.
"""

from __future__ import annotations


class Slots:
    def __init__(self, places: int) -> None:
        self.places = places
        self.for_files = max(1, places // 2)
        self._desks: dict[str, str] = {}  # of each delivery under work
        self._files: set[str] = set()  # the deliveries that only have files left

    def take(self, delivery_id: str, desk: str, files: bool = False) -> None:
        self._desks[delivery_id] = desk
        if files:
            self._files.add(delivery_id)

    def leave(self, delivery_id: str) -> None:
        self._desks.pop(delivery_id, None)
        self._files.discard(delivery_id)

    def busy(self, desk: str) -> int:
        return sum(held_by == desk for held_by in self._desks.values())

    def free(self, desk: str) -> int:
        return self.places - self.busy(desk)

    def free_for_files(self, desk: str) -> int:
        return self.for_files - sum(self._desks.get(held_by) == desk for held_by in self._files)

    def to_files(self, delivery_id: str) -> bool:
        """A delivery under work goes on with its files: whether there is a place for that."""
        desk = self._desks.get(delivery_id)
        if desk is None or delivery_id in self._files:
            return True
        if self.free_for_files(desk) <= 0:
            return False
        self._files.add(delivery_id)
        return True
