"""Plain, generic Markdown for a task nobody really works on: the same seed gives the same text."""

import random
import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

SIGNATURE = "Written by the simulated provider."

_OPENINGS = (
    "This note covers {topic}. It states the aim, what was weighed, and what should happen next.",
    "Below is a short working paper on {topic}, written so that a reader can decide in a few minutes.",
    "The question behind {topic} is simple to state. This paper answers it in the order a reader would ask.",
    "This is a first complete version for {topic}. It is meant to be read once and acted upon.",
)
_SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Aim",
        (
            "Give everyone involved the same picture of {topic}.",
            "Name one owner for each decision, so that nothing waits for a meeting.",
            "Keep the scope small enough to finish within one cycle.",
            "Make the result easy to check by somebody who was not involved.",
        ),
    ),
    (
        "What we know",
        (
            "The people affected asked for fewer steps and clearer wording.",
            "Earlier attempts were stopped by unclear ownership rather than by missing skill.",
            "Most of the effort sits in preparation; the change itself is small.",
            "Two sources agree on the main points, and a third adds detail without contradiction.",
            "Cost is modest next to the time that is lost by leaving things as they are.",
        ),
    ),
    (
        "Findings",
        (
            "A plain checklist covers nine cases in ten and takes minutes to follow.",
            "The remaining cases need a person, and the text should say so openly.",
            "Short feedback loops matter more here than a perfect first version.",
            "Examples help more than rules; each section should carry one.",
            "What is measured weekly improves, what is measured yearly is forgotten.",
        ),
    ),
    (
        "Risks",
        (
            "Scope may grow while the work is under way; the owner should refuse politely.",
            "Two dependencies lie outside the team and need an early reminder.",
            "If the numbers can't be checked, the conclusion should be held back.",
            "A quiet week can hide a problem, so silence does not count as success.",
        ),
    ),
    (
        "Next steps",
        (
            "Share this page with the reviewers and collect remarks for two days.",
            "Try the first step with one small group before anybody else changes a habit.",
            "Agree on the single figure that shows whether it worked.",
            "Set a date to look back, and close the task on that day.",
            "Archive the older notes so that only one version is in use.",
        ),
    ),
)
_LABELS = ("Clear ownership", "Fewer steps", "Plain wording", "Early reminders", "One figure to watch", "A short list")

_ORDER = re.compile(
    r"(?:draft|write|create|prepare|produce|compile|make|research|review|summari[sz]e|plan|design|document|collect|outline"
    r"|propose|analy[sz]e|update|build|publish|check|compare|find|list|sketch|map|gather|describe|sort|answer|announce)\s+(?:up\s+)?",
    re.IGNORECASE,
)


_QUOTED = re.compile(r"“([^”]{3,})”")


@lru_cache(maxsize=128)
def document(path: str, title: str, phrases: tuple[str, ...], seed: int) -> str:
    """A deliverable for `path` that contains every phrase; JSON when the name says so, else Markdown."""
    if path.endswith(".json"):
        content = {"title": title, "summary": summary(title, (), seed), "mentions": list(phrases), "by": SIGNATURE}
        return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
    choose = random.Random(seed)
    topic = about(title)
    parts = [f"# {topic[:1].upper()}{topic[1:]}", choose.choice(_OPENINGS).format(topic=topic)]
    for heading, sentences in _SECTIONS:
        picked = choose.sample(sentences, k=choose.choice((3, 3, 4)))
        parts.append(f"## {heading}\n\n" + "\n".join(f"- {sentence.format(topic=topic)}" for sentence in picked))
    headings = [phrase for phrase in phrases if phrase.startswith("#")]
    parts += [f"{heading}\n\n- {sentence(topic, choose)}\n- {sentence(topic, choose)}" for heading in headings]
    if plain := [phrase for phrase in phrases if phrase not in headings]:
        parts.append("## As requested\n\n" + "\n".join(f"- {phrase}" for phrase in plain))
    return "\n\n".join([*parts, f"*{SIGNATURE}*"]) + "\n"


def sentence(topic: str, choose: random.Random) -> str:
    """Something that could be said of any topic."""
    return choose.choice([text for _, sentences in _SECTIONS for text in sentences]).format(topic=topic)


def label(topic: str, choose: random.Random) -> str:
    """A few words, as a title or a name has them."""
    return f"{choose.choice(_LABELS)}: {topic}"[:80].rstrip()


def about(title: str) -> str:
    """What the title is about, without the order in front of it."""
    if quoted := _QUOTED.search(title):
        return quoted[1].rstrip("?!. ")
    rest = _ORDER.sub("", title, count=1) if _ORDER.match(title) else title
    return rest[:1].lower() + rest[1:] if rest[1:2].islower() else rest or title


def summary(title: str, paths: Sequence[str], seed: int, phrases: Sequence[str] = ()) -> str:
    """One paragraph for the person who asked."""
    where = f" The result is in {' and '.join(paths)}." if paths else ""
    judgement = random.Random(seed).choice(
        (
            "It names an aim, what is known, the risks and the next steps, and is ready for review.",
            "The main points are settled; the open ones are listed under the next steps.",
            "It is short on purpose and can be read in two minutes.",
        )
    )
    requested = f" It contains: {', '.join(phrases)}." if phrases else ""
    return f"Finished: {title.rstrip('.')}.{where} {judgement}{requested}"
