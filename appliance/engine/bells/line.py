"""What every line of bells can do."""

from abc import ABC, abstractmethod


class Line(ABC):
    """`down` while bells of other processes can't arrive.

    A bell stands in line once, however often it is rung, so no tenant waits behind another's thousand bells.
    """

    down = False

    @abstractmethod
    def ring(self, bell: bytes) -> None:
        """Put the bell in line. Never raises and never waits for another machine."""

    @abstractmethod
    def take(self) -> bytes | None:
        """The longest in line, after waiting for one. None when the line is closed or there was none for a while."""

    def waits(self) -> bool:
        """Whether a bell may stand in line that no worker is free for. Costs nothing."""
        return True

    @abstractmethod
    def size(self) -> int: ...

    @abstractmethod
    def clear(self) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Send away everybody who waits."""
