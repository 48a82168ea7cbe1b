"""What a session's `client` (address and User-Agent) says in words a person knows."""

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(client: str) -> str:
    """Such as "Firefox on Linux"; the first word of anything else."""
    agent = client.partition(" ")[2]
    browser, system = (next((word for sign, word in table if sign in agent), "") for table in (BROWSERS, SYSTEMS))
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent.partition("/")[0][:40] or "Unknown program"


def address(client: str) -> str:
    return client.partition(" ")[0]
