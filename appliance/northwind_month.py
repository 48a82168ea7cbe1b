"""What Northwind does in a month: who is there, what is handed out on which kind of day, and what goes wrong."""

from typing import NamedTuple

from appliance.domain.actor import Role
from appliance.domain.schedules.forms import NewSchedule, StartTask
from appliance.northwind import Work, files, person

# Name, e-mail, role. The owner is in northwind.py.
PEOPLE: tuple[tuple[str, str, Role], ...] = (
    ("Jonas Ek", "jonas@northwind.example", "admin"),
    ("Priya Nair", "priya@northwind.example", "operator"),
    ("Tomo Sato", "tomo@northwind.example", "operator"),
    ("Bea Lindholm", "bea@northwind.example", "viewer"),
)
# How often something is handed out, by hour of the day (UTC): the morning is busy, noon is not.
HOURS = {7: 2, 8: 6, 9: 9, 10: 8, 11: 5, 12: 2, 13: 6, 14: 8, 15: 6, 16: 3, 19: 1}
WEEKDAY, WEEKEND = (2, 6), (0, 1)


class Kind(NamedTuple):
    """A kind of task, with `{}` for its subject; `asks` is what a person is asked before it is done."""

    agent: str
    label: str
    title: str
    body: str
    path: str
    subjects: str
    asks: str = ""

    def works(self) -> list[Work]:
        checks = (*files(self.path), *(person(self.asks) if self.asks else ()))
        return [
            Work(self.title.format(subject), self.body, self.agent, (self.label,), 1, checks)
            for subject in self.subjects.split("; ")
        ]


KINDS = (
    Kind(
        "dana",
        "code",
        "Review pull request {}",
        "Risks first, then the smallest fix. Save review.md.",
        "review.md",
        "431: cache of sessions; 434: import of CSV; 437: dates in exports; 440: mail queue; 443: roles; 446: search; "
        "449: pagination; 452: uploads; 455: time zones; 458: webhooks; 461: invoices; 464: keyboard shortcuts; "
        "466: audit log; 468: retries; 470: colours",
    ),
    Kind(
        "dana",
        "code",
        "Find the cause of {}",
        "Name the line and the smallest change. Save cause.md.",
        "cause.md",
        "the slow start page; the test that fails on Mondays; the double mail; the empty export; the wrong total; "
        "the lost draft; the stuck upload; the missing avatar",
    ),
    Kind(
        "mara",
        "content",
        "Write the help page on {}",
        "For readers in a hurry: the point first. Save page.md.",
        "page.md",
        "exports; roles; budgets; signing in; invoices; keyboard shortcuts; notifications; imports; sharing; deleting",
    ),
    Kind(
        "mara",
        "content",
        "Announce {}",
        "120 words, the point first. Save announcement.md.",
        "announcement.md",
        "the new export; passkeys; the price change; the office in Lyon; the maintenance on Sunday; the summer school",
        "Ready to publish?",
    ),
    Kind(
        "ivo",
        "research",
        "Compare {}",
        "Price, limits, support, and which to take. Save comparison.md.",
        "comparison.md",
        "three mail services; two map providers; four survey tools; hosted and own search; three backup services; "
        "payment in four countries; two help desks; error trackers; feature flags; translation services; uptime checks",
    ),
    Kind(
        "leo",
        "finance",
        "Explain {}",
        "The finding first, then the numbers. Save finding.md.",
        "finding.md",
        "the cost of storage in October; refunds by reason; sign-ups by week; churn by plan; the use of exports; "
        "support hours by customer; late invoices; the cost of mail; seats by team; the growth of uploads",
    ),
    Kind(
        "sana",
        "support",
        "Answer the thread on {}",
        "Kind and exact; say what happens next. Save reply.md.",
        "reply.md",
        "a refund; a lost password; a slow import; a wrong invoice; an export; a new seat; data protection; a crash; "
        "a missing mail; single sign-on; a discount; the mobile page; an API key; a broken link; a cancelled plan; "
        "a name change; an old browser; a second factor; an import of 2,000 contacts; a calendar",
    ),
    Kind(
        "noor",
        "team",
        "Plan {}",
        "Who does what by when, and the risks. Save plan.md.",
        "plan.md",
        "the launch week; the move of the help centre; the data protection audit; the customer day; the hiring round; "
        "the holidays; the price change; the quarter",
    ),
    Kind(
        "ivo",
        "security",
        "Answer the questionnaire of {}",
        "What is known, and what is not. Save answers.md.",
        "answers.md",
        "Brightwater; Fennel & Co; the city of Aarhus; Ostrava Rail; Lindqvist",
        "May these answers go to the customer?",
    ),
)
# What the calendar starts, in UTC.
SCHEDULES = (
    NewSchedule(
        "weekly-figures",
        "Weekly figures",
        "0 8 * * 1",
        zone="UTC",
        task=StartTask(
            "Weekly figures for the board",
            "One page, the finding first. Save figures.md.",
            "leo",
            checks=[*files("figures.md"), *person("Do the figures match the closing report?")],
            labels=["finance"],
        ),
    ),
    NewSchedule(
        "night-chats",
        "Chats of the night",
        "30 6 * * 1-5",
        zone="UTC",
        task=StartTask("Sum up the chats of the night", "Save night.md.", "sana", checks=[*files("night.md")]),
    ),
)
# What a cap is set to on the fifth day so that it is reached in the month; its agent's work then waits for a person.
CAPPED, CAP_USD = "ivo", "0.08"
OUTAGE = Work(
    "Summarise the chats of the night",
    "Save summary.md.",
    "sana",
    ("support",),
    2,
    files("summary.md"),
    None,
    'sim: fail 503 x4\nsim: tool workspace.write {"path": "summary.md", "content": "Quiet until four."}',
)
BROKEN: tuple[Work, ...] = tuple(
    Work(title, body, agent, (label,), 1, (), None, script)
    for title, body, agent, label, script in (
        ("Export the invoices of 2024", "The archive has another account.", "leo", "finance", "sim: fail 402"),
        ("Read the log of the old server", "It is in a format nobody knows.", "dana", "code", "sim: empty"),
        ("Translate the terms to Finnish", "By the style guide.", "mara", "content", "sim: fail 400"),
    )
)
# Each part that fails wakes the whole, which finds nothing to do about it: after some rounds the breaker stops that.
ROUNDS = Work(
    "Collect the audit answers of all teams", "Wait for each.", "noor", ("security",), 2, (), None, "sim: empty"
)
ROUND_PARTS = ("Sales", "Support", "Finance", "People", "Design", "Legal", "Labs")
PART = "sim: fail 400"
# Of the questions that workflows ask, every so many gets a no.
NO_EVERY = 4
REFUSED = "Northwind Desk 2.1?"
TRIAGE_EVERY, RELEASE_DAY = 2, 3
NO = (
    "Not this week: the figures come first.",
    "The tone is wrong for this customer.",
    "Ask finance before this goes out.",
)
TICKETS = (
    "We were billed twice for November, 49 dollars each. Can we have one back?",
    "The export stops at 1,000 rows and says nothing. I need all of them for an audit tomorrow.",
    "How do I add a second person to my account?",
    "Since this morning nobody of us can sign in. We have a launch at noon.",
    "The invoice has our old address on it.",
    "Search does not find words inside attachments.",
    "Please cancel our plan at the end of the month and refund the rest.",
    "The calendar shows the wrong week.",
)
CUSTOMERS = ("Brightwater Ltd", "J. Osei", "Fennel & Co", "Ostrava Rail", "M. Laurent", "Lindqvist AB")
CHANGES = (
    "Sign-in can ask for a passkey instead of a password",
    "Exports of more than 1,000 rows run in the background",
    "Search finds words inside attachments",
    "Removed the old report format v1",
    "Fixed: the calendar showed the wrong week around new year",
    "Roles can be given for a week",
    "Invoices carry the address of the day",
)
