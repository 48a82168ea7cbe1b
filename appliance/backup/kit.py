"""The recovery kit: one printed page from which, with a backup, the whole box comes back. It is never stored here."""

import hashlib
import re
from collections.abc import Callable

import msgspec

from appliance import clock
from appliance.backup import making, places
from appliance.backup.means import Means
from appliance.backup.places import HERE, Place
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import audit, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid

CONFIRMED = "kit_confirmed"
_LINES, _GROUPS = 4, 4


class KitTarget(msgspec.Struct, frozen=True):
    place: Place
    secret: str = ""


class Kit(msgspec.Struct, frozen=True):
    """What the page says."""

    master: bytes
    generation: int
    targets: list[KitTarget] = []

    def vault(self, find_wrapped: Callable[[str], str] = lambda _: "") -> Vault:
        return Vault(self.master, find_wrapped)


class Standing(msgspec.Struct, frozen=True):
    """`confirmed_at` is None while nobody has said that the page for the present key and targets is kept."""

    generation: int
    code: str
    confirmed_at: str | None


def text(means: Means, control: Database, actor: Actor) -> str:
    """The page. Who sees it can read every backup: it is recorded who asked."""
    kept = [place for place in places.every(control, means.folder) if place.id != HERE]
    given = [KitTarget(place, places.secret_of(control, means.vault, place)) for place in kept]
    key = _grouped(means.vault.master_text())
    standing = of(means, control)
    audit.record(control, actor, "backup.kit.shown", f"generation {standing.generation}")
    lines = ["AgentHQ recovery kit", ""]
    lines += [f"Made        {clock.iso()[:16].replace('T', ' ')} UTC", f"Generation  {standing.generation}"]
    lines += [f"Code        {standing.code}", "", "Master key (each line ends with its check):", *key, ""]
    lines += ["Targets:", *(msgspec.json.encode(each).decode() for each in given)] if given else ["Targets: none"]
    lines += ["", "Keep this on paper or in a safe, apart from the backups: whoever has both reads everything."]
    lines += ["To put the box back on a clean machine: agenthq restore --kit THIS-FILE --from FOLDER-OR-TARGET", ""]
    return "\n".join(lines)


def of(means: Means, control: Database) -> Standing:
    generation = making.generation(control)
    code = _code(means, control, generation)
    said = msgspec.json.decode(_confirmed(control) or "{}", type=dict[str, str])
    return Standing(generation, code, said.get("at") if said.get("code") == code else None)


def confirm(means: Means, control: Database, actor: Actor, code: str) -> Standing:
    """The person has the page before them: they copy its code from it. Raises Problem(invalid)."""
    standing = of(means, control)
    if re.sub(r"[\s-]", "", code).lower() != standing.code.replace("-", ""):
        raise invalid(code="is not the code on the newest kit; make a new one and copy its code")
    with control.transaction():
        said = records.dump({"code": standing.code, "at": clock.iso()})
        control.upsert("box", {"name": CONFIRMED, "value": said}, ("name",))
        audit.record(control, actor, "backup.kit.confirmed", f"generation {standing.generation}")
    return of(means, control)


def read(page: str) -> Kit:
    """What a page says, also when it was typed from paper. Raises Problem(usage) naming the line that is wrong."""
    found = [re.sub(r"\s", "", line).lower() for line in page.splitlines()]
    keys = [line for line in found if re.fullmatch(r"[0-9a-f]{16}:[0-9a-f]{2}", line)]
    if len(keys) != _LINES:
        raise Problem("usage", f"The kit must have {_LINES} lines of the key, such as 'ab12 cd34 ef56 7890 : 4f'.")
    for number, line in enumerate(keys, 1):
        if _check(line[:16], number) != line[17:]:
            raise Problem("usage", f"Line {number} of the key is mistyped: its check does not fit.")
    generation = re.search(r"^generation\s+(\d+)", page, re.MULTILINE | re.IGNORECASE)
    lines = (line.strip() for line in page.splitlines())
    targets = [_target(line) for line in lines if line.startswith("{")]
    return Kit(bytes.fromhex("".join(line[:16] for line in keys)), int(generation[1]) if generation else 1, targets)


def _target(line: str) -> KitTarget:
    try:
        return msgspec.json.decode(line, type=KitTarget)
    except msgspec.MsgspecError as error:
        raise Problem("usage", f"A target in the kit can't be read ({error}).") from error


def _grouped(key: str) -> list[str]:
    parts = [key[at : at + 16] for at in range(0, 64, 16)]
    shown = (" ".join(part[at : at + 4] for at in range(0, 16, 4)) for part in parts)
    return [f"  {line} : {_check(part, n)}" for n, (line, part) in enumerate(zip(shown, parts, strict=True), 1)]


def _check(part: str, number: int) -> str:
    return hashlib.sha256(f"agenthq-kit|{number}|{part}".encode()).hexdigest()[:2]


def _code(means: Means, control: Database, generation: int) -> str:
    """Stands for the key and the targets: a kit from before a change of either has another."""
    kept = sorted(f"{place.id}|{place.secret_hint}" for place in places.every(control, means.folder))
    said = "|".join(["agenthq-kit-code", means.vault.master_text(), str(generation), *kept])
    digest = hashlib.sha256(said.encode()).hexdigest()
    return f"{digest[:4]}-{digest[4:8]}"


def _confirmed(control: Database) -> str:
    return str(control.value("SELECT value FROM box WHERE name = :name", {"name": CONFIRMED}) or "")
