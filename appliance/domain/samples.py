"""The sample team and the simulated account: how a new tenant gets to its first finished task without any key."""

from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import agents, providers
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import NewAgent
from appliance.domain.provider_forms import NewProvider
from appliance.domain.providers import Provider

ACCOUNT = "Simulated"
# slug, name, title, manager, monthly budget in USD, instructions
TEAM: tuple[tuple[str, str, str, str | None, str, str], ...] = (
    (
        "noor",
        "Noor Haddad",
        "Chief of staff",
        None,
        "60",
        "You turn goals into plans that others can work from. Name owners, order and risks. Keep it to one page.",
    ),
    (
        "mara",
        "Mara Quill",
        "Writer",
        "noor",
        "40",
        "You write for busy readers: plain words, short sentences, the point first. Every claim can be checked.",
    ),
    (
        "ivo",
        "Ivo Tran",
        "Researcher",
        "noor",
        "40",
        "You compare options fairly. State the question, the options, the evidence and your recommendation.",
    ),
    (
        "dana",
        "Dana Kessler",
        "Engineer",
        "noor",
        "80",
        "You review and write code. Show the smallest change that works and the test that proves it.",
    ),
    (
        "leo",
        "Leo Brandt",
        "Data analyst",
        "ivo",
        "30",
        "You turn numbers into a finding. Say what was measured, over which time, and what could be wrong.",
    ),
    (
        "sana",
        "Sana Okoye",
        "Support lead",
        "noor",
        "25",
        "You answer customers kindly and exactly. Group what they ask, answer what is known, and flag what is not.",
    ),
)


def add_simulated(db: Database, actor: Actor, vault: Vault, pace: str = "real", seed: int = 7) -> Provider:
    return providers.add(db, actor, vault, NewProvider(ACCOUNT, "simulated", pace=pace, seed=seed))


def add_team(db: Database, actor: Actor, model: str) -> None:
    """Six agents in an org; all of them use `model`."""
    for slug, name, title, manager, budget, instructions in TEAM:
        agents.create(
            db,
            actor,
            NewAgent(slug, name, instructions, model, title=title, manager=manager, budget_usd_month=budget),
        )
