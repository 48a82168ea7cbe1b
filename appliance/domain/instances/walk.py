"""One look at an instance: the rows it has read, what it knows by them, and what has to be written at its end.

Nothing is written before all is decided, so that many steps cost a few statements.
"""

from typing import Any

from msgspec import structs

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.handing_out import Order
from appliance.domain.instances import nodes, paths, references
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.paths import Outline
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import expressions
from appliance.domain.workflows.definition import Step


class Walk:
    """`news` are the values of the instance's row that change; `more` says that one look does not do all.

    `agents` are those that were asked for by name, shared with other looks of the transaction.
    """

    def __init__(self, db: Database, instance: Instance, outline: Outline, agents: dict[str, Row]) -> None:
        self.db = db
        self.instance = instance
        self.outline = outline
        self.nodes: dict[str, Node] = {}
        self.states: dict[str, dict[str, str]] = {}
        self.touched: dict[str, set[str] | None] = {}
        self.agents = agents
        self.ahead: dict[str, None] = {}
        self.fresh: set[str] = set()
        self.changed: set[str] = set()
        self.orders: list[Order] = []
        self.again: list[str] = []
        self.stopped: list[Node] = []
        self.news: Row = {}
        self.more = False

    @property
    def state(self) -> str:
        return str(self.news.get("state", self.instance.state))

    @property
    def calm(self) -> bool:
        """Whether it ends nothing outside of itself, so that what it writes can wait for what others write."""
        return not self.stopped and not self.again and self.news.get("state", "succeeded") == "succeeded"

    def look(self, scope: str, step_id: str = "") -> None:
        """The block has to be looked at again: around the step that has ended, or all of it."""
        self.ahead[scope] = None
        known = self.touched.setdefault(scope, set())
        if not step_id:
            self.touched[scope] = None
        elif known is not None:
            known.add(step_id)

    def read(self, scopes: set[str]) -> None:
        """Know the states of these blocks, and what stands for them."""
        missing = sorted(scopes - self.states.keys())
        self.states |= {scope: {} for scope in missing}
        for start in range(0, len(missing), nodes.CHUNK):
            names, params = records.named(missing[start : start + nodes.CHUNK])
            sql = f"SELECT scope, step_id, state FROM nodes WHERE instance_id = :id AND scope IN ({names}) ORDER BY ord"
            for row in self.db.rows(sql, params | {"id": self.instance.id}):
                self.states[row["scope"]][row["step_id"]] = row["state"]
        for node in self.nodes.values() if missing else ():
            # What this look has changed already is newer than its row.
            if node.scope in missing:
                self.states[node.scope][node.step_id] = node.state
        self.have({paths.owner(scope) for scope in scopes if scope})

    def have(self, wanted: set[str]) -> None:
        """The whole rows of these paths, as far as there are any."""
        missing = sorted(wanted - self.nodes.keys())
        for start in range(0, len(missing), nodes.CHUNK):
            names, params = records.named(missing[start : start + nodes.CHUNK])
            sql = f"SELECT * FROM nodes WHERE instance_id = :id AND path IN ({names})"
            for row in self.db.rows(sql, params | {"id": self.instance.id}):
                self.keep(row)

    def read_open(self) -> list[Node]:
        """Every node that has not ended."""
        sql = "SELECT * FROM nodes WHERE instance_id = :id AND finished_at IS NULL"
        for row in self.db.rows(sql, {"id": self.instance.id}):
            self.keep(row)
        return [node for node in self.nodes.values() if node.open]

    def block(self, scope: str) -> dict[str, str]:
        """The states of the steps of a block that have started, by their ids."""
        if scope not in self.states:
            self.read({scope})
        return self.states[scope]

    def node(self, path: str) -> Node:
        self.have({path})
        return self.nodes[path]

    def find(self, path: str) -> Node | None:
        self.have({path})
        return self.nodes.get(path)

    def begun(self, scope: str) -> None:
        """A block that has just begun: there are no rows of it."""
        self.states[scope] = {}
        self.look(scope)

    def add(self, scope: str, step_id: str, kind: str, path: str = "", **values: Any) -> Node:
        """The row of a step that starts, or of an item."""
        now = clock.iso()
        base: Row = {"instance_id": self.instance.id, "path": path or paths.path(scope, step_id), "scope": scope}
        base |= {"step_id": step_id, "kind": kind, "state": "running", "landed": False, "item": None, "attempt": 1}
        base |= {"ord": 0, "task_id": None, "approval_id": None, "child_id": None, "wait_key": "", "input": None}
        base |= {"output": None, "data": {}, "failure_code": "", "failure_detail": "", "due_at": None}
        base |= {"wake_at": None, "started_at": now, "finished_at": None}
        made = Node(**(base | values))
        self.fresh.add(made.path)
        self._put(made)
        return made

    def change(self, node: Node, **values: Any) -> Node:
        changed = structs.replace(node, **values)
        if changed.path not in self.fresh:
            self.changed.add(changed.path)
        self._put(changed)
        return changed

    def end(self, node: Node, state: str, **values: Any) -> Node:
        """Its last change; its block has to be looked at."""
        if node.kind != "item":
            self.look(node.scope, node.step_id)
        same: Row = {"state": state, "landed": False, "wake_at": None, "due_at": None, "finished_at": clock.iso()}
        return self.change(node, **(same | values))

    def done(self, node: Node, output: Any) -> None:
        self.end(node, "done", output=output)

    def stop(self, node: Node, state: str = "cancelled", **values: Any) -> None:
        """End it, and whatever it has at work; blocks inside it are not looked at again."""
        self.end(node, state, **values)
        self.stopped.append(node)
        if node.kind in ("map", "when", "item"):
            self.stop_below(node.path)

    def stop_below(self, prefix: str) -> None:
        """End what is open in all blocks inside."""
        for node in self.read_open():
            if node.path != prefix and node.path.startswith(prefix) and node.path[len(prefix)] in "/[":
                self.end(node, "cancelled")
                self.stopped.append(node)

    def stop_all(self) -> None:
        for node in self.read_open():
            self.end(node, "cancelled")
            self.stopped.append(node)

    def forget_below(self, path: str) -> None:
        """Before the step begins anew: what was inside it is no more."""
        for prefix in (f"{path}/", f"{path}["):
            params = {"id": self.instance.id, "prefix": prefix}
            self.db.execute(f"DELETE FROM nodes WHERE instance_id = :id AND {nodes.BELOW}", params)
            for gone in [one for one in self.nodes if one.startswith(prefix)]:
                del self.nodes[gone]
                self.fresh.discard(gone)
                self.changed.discard(gone)
            for scope in [one for one in self.states if one.startswith(prefix)]:
                del self.states[scope]

    def value(self, node: Node, template: Any) -> Any:
        """What the template gives where the step stands. Raises Problem(expression)."""
        return self.value_in(paths.place(node.path), template)

    def value_in(self, scope: str, template: Any) -> Any:
        """What the template gives in this block. Raises Problem(expression)."""
        return expressions.value(template, self.names(scope, template))

    def names(self, scope: str, template: Any) -> Row:
        """What the expressions of this template know in this block; only what they name is read."""
        around = paths.around(scope)
        where = {step_id: one for one in around for step_id in self.outline.block(one).by_id}
        named = references.steps(template)
        wanted = where if named is None else {step_id: where[step_id] for step_id in named if step_id in where}
        at = {step_id: paths.path(one, step_id) for step_id, one in wanted.items()}
        item = next((one for one in reversed(around) if one.endswith("]")), "")
        self.have({*at.values(), *([item] if item else [])})
        found: Row = {"inputs": self.instance.input, "instance": {"number": self.instance.number}}
        found["steps"] = {step_id: self._told(path) for step_id, path in at.items()}
        if item:
            found |= {"item": self.nodes[item].input, "index": self.nodes[item].item}
        return found

    def _told(self, path: str) -> Row:
        """What expressions know of a step."""
        node = self.nodes.get(path)
        return {"output": node.output, "state": node.state} if node else {"output": None, "state": "pending"}

    def step(self, node: Node) -> Step:
        return self.outline.step(node.path)

    def unmade(self, task_ids: set[str]) -> None:
        """Their steps have ended before these tasks were made."""
        for node in [one for one in self.nodes.values() if one.task_id in task_ids]:
            self._put(structs.replace(node, task_id=None))
        self.stopped = [node for node in self.stopped if node.task_id not in task_ids]

    def changes(self) -> tuple[list[Node], list[Node]]:
        """The nodes to insert and those to update; tasks they name have to be there."""
        made = [node for path, node in self.nodes.items() if path in self.fresh]
        return made, [self.nodes[path] for path in sorted(self.changed)]

    def keep(self, row: Row) -> None:
        """What this look has changed already is newer than its row."""
        if row["path"] not in self.nodes:
            self.nodes[row["path"]] = nodes.node(row)

    def _put(self, node: Node) -> None:
        self.nodes[node.path] = node
        if node.scope in self.states:
            self.states[node.scope][node.step_id] = node.state
