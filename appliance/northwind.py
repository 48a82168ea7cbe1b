"""The sample organisation of demo mode: whose work is on its board, and how each piece ends."""

from typing import Any, NamedTuple

from appliance.domain.checks import NewCheck

NAME = "Northwind"
SLUG = "northwind"
OWNER = "alice@northwind.example"
OWNER_NAME = "Alice Moreau"
MODELS = {
    "noor": "sim-deep",
    "dana": "sim-deep",
    "mara": "sim-standard",
    "ivo": "sim-standard",
    "leo": "sim-swift",
    "sana": "sim-swift",
}
MONTH_CAP_USD = "400"


class Work(NamedTuple):
    """`script` is played by the simulated provider; without one it works like a model would."""

    title: str
    body: str
    agent: str | None
    labels: tuple[str, ...] = ()
    priority: int = 1
    checks: tuple[NewCheck, ...] = ()
    budget_usd: str | None = None
    script: str = ""


def _file(path: str, **contains: Any) -> tuple[NewCheck, ...]:
    texts = tuple(NewCheck("contains", {"text": text, "file": path}) for text in contains.values())
    return (NewCheck("file_exists", {"path": path}), *texts)


def _person(question: str) -> tuple[NewCheck, ...]:
    return (NewCheck("human_ack", {"question": question}),)


FIRST = Work(
    "Draft release notes for 2.4 from the merged changes",
    "Write notes/2.4.md for the people who use the product, not for those who build it. One heading for each theme.",
    "mara",
    ("release",),
    2,
    _file("notes/2.4.md", theme="2.4"),
)
HISTORY: tuple[Work, ...] = (
    Work(
        "Triage 40 new tickets",
        "Group them by theme and say which need a person. Save triage.md.",
        "sana",
        ("support",),
        2,
        _file("triage.md"),
    ),
    Work(
        "Translate the onboarding mail to German",
        "Keep it friendly and short. Save mails/onboarding.de.md.",
        "mara",
        ("content",),
        1,
        _file("mails/onboarding.de.md"),
    ),
    Work(
        "Quarterly metrics brief",
        "One page for the board meeting. Save brief.md.",
        "leo",
        ("finance",),
        2,
        (*_file("brief.md"), *_person("Do the figures match the closing report?")),
    ),
    Work(
        "Review pull request 471: session store",
        "List risks first. Save review.md.",
        "dana",
        ("code",),
        1,
        _file("review.md"),
    ),
    Work("Plan the launch week", "Who does what by when. Save plan.md.", "noor", ("launch",), 2, _file("plan.md")),
    Work(
        "Vendor questionnaire, second answer set",
        "Answer what is known, mark what is not. Save answers.md.",
        "ivo",
        ("security",),
        1,
        (*_file("answers.md"), *_person("May these answers go to the vendor?")),
    ),
    Work(
        "Check every link of the help pages",
        "Save a table of the broken ones as links.md.",
        "ivo",
        ("docs",),
        0,
        _file("links.md"),
    ),
    Work(
        "Why did sign-ups dip in week 44?",
        "State what was measured and the most likely cause. Save dip.md.",
        "leo",
        ("growth",),
        1,
        _file("dip.md"),
    ),
    Work(
        "Reply templates for refund questions",
        "Five short ones. Save templates.md.",
        "sana",
        ("support",),
        1,
        _file("templates.md"),
    ),
    Work(
        "Map the CSV importer's edge cases",
        "Save cases.md with an example for each.",
        "dana",
        ("code",),
        1,
        _file("cases.md"),
    ),
    Work(
        "Export last year's invoices for the auditor",
        "The archive needs its own account.",
        "leo",
        ("finance",),
        3,
        (),
        None,
        "sim: fail 402",
    ),
    Work(
        "Deep market scan of 60 competitors", "Compare price, scope and reviews.", "ivo", ("research",), 1, (), "0.0001"
    ),
)
LIVE: tuple[Work, ...] = (
    Work(
        "Review pull request 482: auth middleware",
        "List risks first, then the smallest fix. Save review.md.",
        "dana",
        ("code",),
        2,
        _file("review.md"),
    ),
    Work(
        "Compare three invoice APIs and recommend one",
        "Price, limits, support. Save comparison.md.",
        "ivo",
        ("research",),
        1,
        _file("comparison.md"),
    ),
    Work(
        "Summarise last week's support threads",
        "What hurts most, and how often. Save summary.md.",
        "sana",
        ("support",),
        1,
        _file("summary.md"),
    ),
    Work(
        "Cost of storage by customer size",
        "Save storage.md with the finding first.",
        "leo",
        ("finance",),
        1,
        _file("storage.md"),
    ),
    Work(
        "Announcement for the 2.4 release",
        "120 words, the point first. Save announcement.md.",
        "mara",
        ("release",),
        1,
        (*_file("announcement.md"), *_person("Ready to publish?")),
    ),
    Work(
        "Write tests for the CSV importer",
        "Save importer_tests.md with one case for each edge.",
        "dana",
        ("code",),
        1,
        _file("importer_tests.md"),
    ),
    Work(
        "Agenda for Thursday's staff meeting",
        "Save agenda.md, at most six points.",
        "noor",
        ("team",),
        0,
        _file("agenda.md"),
    ),
)
LIVE += tuple(
    Work(title, f"{what} Save {path}.", agent, (label,), priority, _file(path))
    for title, what, path, agent, label, priority in (
        ("Review pull request 485: rate limits", "Risks first, then the fix.", "review.md", "dana", "code", 1),
        ("Why is the nightly build slower?", "Name the slowest step.", "build.md", "dana", "code", 0),
        ("Which customers outgrow their plan?", "A table, largest first.", "plans.md", "leo", "growth", 1),
        ("Churn in the third quarter", "The finding first.", "churn.md", "leo", "finance", 2),
        ("What do competitors charge for exports?", "Price and limits.", "exports.md", "ivo", "research", 1),
        ("Answer the data protection questionnaire", "Mark what is not known.", "answers.md", "ivo", "security", 2),
        ("Help page: how budgets stop work", "For readers in a hurry.", "help/budgets.md", "mara", "docs", 1),
        ("Newsletter for December", "Three short pieces.", "newsletter.md", "mara", "content", 0),
        ("Themes in this week's chats", "How often, how bad.", "themes.md", "sana", "support", 1),
        ("Apology for Tuesday's outage", "Kind, exact, no excuses.", "apology.md", "sana", "support", 2),
        ("Who covers whom over the holidays", "One page.", "cover.md", "noor", "team", 1),
        ("Risks of the launch week", "With an owner for each.", "risks.md", "noor", "launch", 2),
    )
)
LIVE += (
    Work(
        "Papers for the board meeting",
        "Hand each part to leo, ivo and mara:\n- Figures of the month, with the two that moved most\n"
        "- What competitors changed since October\n- One page on the launch\n\n"
        "Then save papers.md with the parts in order.",
        "noor",
        ("board",),
        3,
        _file("papers.md"),
    ),
)
LEADER = "noor"
QUESTION = "What should the plan between Starter and Growth be called?"
QUESTION_DETAIL = "Support and sales use different words for it. One name goes on the price page and into the invoices."
ANSWERS = (("studio", "Studio"), ("team", "Team"))
IDEAS: tuple[Work, ...] = (
    Work("Tidy the tag list of the help centre", "", None, ("docs",), 0),
    Work("Interview two customers about exports", "", None, ("research",), 1),
    Work("Decide on the name of the plan between Starter and Growth", "", None, ("launch",), 2),
)
