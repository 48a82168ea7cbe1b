"""Of several processes one leads; when it dies, the next to ask does."""

from abc import ABC, abstractmethod


class Leader(ABC):
    @abstractmethod
    def leads(self) -> bool:
        """Does this process lead now? Takes the lead where nobody has it; never waits for it, never raises."""

    @abstractmethod
    def resign(self) -> None:
        """Let another lead."""


class Alone(Leader):
    """The only process on its data leads always."""

    def leads(self) -> bool:
        return True

    def resign(self) -> None:
        """Nobody else is there."""
