"""Names of people: whether the name of a profile and the name on a paper may be one person's."""

import re
from dataclasses import dataclass

from digest.text import fold

# How sure a match is: the same given name, or only an initial (or no given name) to go by.
CERTAIN = 1.0
POSSIBLE = 0.7

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_PARTICLE_WORDS = "af al bin da de del della den der di dos du el la le ten ter van von zu"
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_SEPARATORS = re.compile(r"[\s.,]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A folded name: the last word of the last name, and the given names or initials.

    Attributes:
        last: the last word.
        given: names and initials before it, without particles.
        particles: those, like "van" and "der".
    """

    last: str
    given: tuple[str, ...]
    particles: tuple[str, ...] = ()

    @classmethod
    def parse(cls, name: str) -> "Name":
        """Read "First Last", "Last, First" or a last name alone; accents do not count."""
        head, _, tail = name[:200].partition(",")
        if fold(tail).strip(". ") not in {"", *_SUFFIXES}:
            name = f"{tail} {head}"
        words = [w for w in _SEPARATORS.split(fold(name[:200]).replace("’", "'")) if w]
        words = [w for w in words if w not in _SUFFIXES] or words
        if not words:
            return cls("", ())
        given = [part for w in words[:-1] for part in w.split("-") if part]
        return cls(
            words[-1],
            tuple(g for g in given if g not in _PARTICLES),
            tuple(g for g in given if g in _PARTICLES),
        )

    def match(self, other: "Name") -> float:
        """Return how sure it is that both are one person: 0, `POSSIBLE` or `CERTAIN`."""
        if not self.last or self.last != other.last:
            return 0.0
        if not self.given or not other.given:
            return self._match_bare(other)
        pairs = zip(self.given, other.given, strict=False)
        if not all(_compatible(one, another) for one, another in pairs):
            return 0.0
        same = self.given[0] == other.given[0] and len(self.given[0]) > 1
        return CERTAIN if same else POSSIBLE

    def _match_bare(self, other: "Name") -> float:
        """The same where one has no given name, or one that may be a particle: "Le Lu"."""
        if self.particles == other.particles:
            whole = self.particles and not self.given and not other.given
            return CERTAIN if whole else POSSIBLE
        bare, full = (other, self) if self.given else (self, other)
        if not bare.particles or not full.given:
            return 0.0 if bare.particles and full.particles else POSSIBLE
        initial = min(len(bare.particles[0]), len(full.given[0])) == 1
        return POSSIBLE if initial and _compatible(bare.particles[0], full.given[0]) else 0.0


def _compatible(one: str, other: str) -> bool:
    """Tell whether two given names are equal, or one is the other's initial."""
    if len(one) == 1 or len(other) == 1:
        return one[0] == other[0]
    return one == other
