"""One look at an instance: the rows it has read, what it knows by them, and what has to be written at its end.

Nothing is written before all is decided, so that many steps cost a few statements.
"""

from typing import Any

from msgspec import structs

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import records
from appliance.domain.handing_out import Order
from appliance.domain.instances import nodes, paths
from appliance.domain.instances.nodes import Node
from appliance.domain.instances.paths import Outline
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import expressions
from appliance.domain.workflows.definition import Step


class Walk:
    """`news` are the values of the instance's row that change."""

    def __init__(self, db: Database, instance: Instance, outline: Outline) -> None:
        self.db = db
        self.instance = instance
        self.outline = outline
        self.nodes: dict[str, Node] = {}
        self.scopes: dict[str, dict[str, Node]] = {}
        self.ahead: dict[str, None] = {}
        self.fresh: set[str] = set()
        self.changed: set[str] = set()
        self.orders: list[Order] = []
        self.again: list[str] = []
        self.stopped: list[Node] = []
        self.news: Row = {}

    @property
    def state(self) -> str:
        return str(self.news.get("state", self.instance.state))

    def look(self, scope: str) -> None:
        """The block has to be looked at again."""
        self.ahead[scope] = None

    def read(self, scopes: list[str]) -> None:
        """Have the rows of these blocks, and of what stands around them."""
        wanted = {one for scope in scopes for one in paths.around(scope)}
        if missing := sorted(wanted - self.scopes.keys()):
            self.scopes |= {scope: {} for scope in missing}
            self._read("scope", missing)
        owners = {paths.owner(scope) for scope in wanted if scope.endswith("]")}
        if missing := sorted(owners - self.nodes.keys()):
            self._read("path", missing)

    def read_open(self) -> list[Node]:
        """Every node that has not ended."""
        sql = "SELECT * FROM nodes WHERE instance_id = :id AND finished_at IS NULL"
        for row in self.db.rows(sql, {"id": self.instance.id}):
            self._keep(row)
        return [node for node in self.nodes.values() if node.open]

    def block(self, scope: str) -> dict[str, Node]:
        """The nodes of a block, by the ids of their steps."""
        if scope not in self.scopes:
            self.read([scope])
        return self.scopes[scope]

    def begun(self, scope: str) -> None:
        """A block that has just begun: there are no rows of it."""
        self.scopes[scope] = {}
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
            self.look(node.scope)
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
            params = {"id": self.instance.id, "prefix": prefix, "past": nodes.past(prefix)}
            self.db.execute(f"DELETE FROM nodes WHERE instance_id = :id AND {nodes.BELOW}", params)
            for gone in [one for one in self.nodes if one.startswith(prefix)]:
                del self.nodes[gone]
                self.fresh.discard(gone)
                self.changed.discard(gone)
            for scope in [one for one in self.scopes if one.startswith(prefix) or f"{one}/" == prefix]:
                del self.scopes[scope]

    def value(self, node: Node, template: Any) -> Any:
        """What the template gives where the step stands. Raises Problem(expression)."""
        return expressions.value(template, self.names(paths.place(node.path)))

    def value_of(self, template: Any, names: Row) -> Any:
        """The same with names found before."""
        return expressions.value(template, names)

    def value_in(self, scope: str, template: Any) -> Any:
        """What the template gives in this block. Raises Problem(expression)."""
        return expressions.value(template, self.names(scope))

    def names(self, scope: str) -> Row:
        """What expressions of this block know."""
        steps: Row = {}
        found: Row = {"inputs": self.instance.input, "instance": {"number": self.instance.number}, "steps": steps}
        self.read([scope])
        for one in paths.around(scope):
            known = self.scopes[one]
            for step in self.outline.block(one):
                node = known.get(step.id)
                steps[step.id] = {"output": node and node.output, "state": node.state if node else "pending"}
            if one.endswith("]"):
                item = self.nodes[one]
                found |= {"item": item.input, "index": item.item}
        return found

    def step(self, node: Node) -> Step:
        return self.outline.step(node.path)

    def write(self) -> None:
        """Store the nodes; tasks they name have to be there."""
        if self.fresh:
            first = self.db.next_number("node", len(self.fresh)) - len(self.fresh) + 1
            made = [node for path, node in self.nodes.items() if path in self.fresh]
            nodes.insert_all(self.db, [structs.replace(node, ord=first + n) for n, node in enumerate(made)])
        nodes.update_all(self.db, [self.nodes[path] for path in sorted(self.changed)])

    def _put(self, node: Node) -> None:
        self.nodes[node.path] = node
        if node.scope in self.scopes:
            self.scopes[node.scope][node.step_id] = node

    def _read(self, column: str, values: list[str]) -> None:
        for start in range(0, len(values), nodes.CHUNK):
            names, params = records.named(values[start : start + nodes.CHUNK])
            sql = f"SELECT * FROM nodes WHERE instance_id = :id AND {column} IN ({names}) ORDER BY ord"
            for row in self.db.rows(sql, params | {"id": self.instance.id}):
                self._keep(row)

    def _keep(self, row: Row) -> None:
        """What this look has changed already is newer than its row."""
        if row["path"] not in self.nodes:
            self._put(nodes.node(row))
