from tests.semantics.table.row import Row, alike

ROWS = (
    alike(
        "children_after_a_kill",
        "A worker dies after making two of three sub-tasks; the next one goes on: there are",
        "3 children in all",
    ),
    Row(
        "parent_done_before_its_child",
        "A parent comes to its end while a sub-task is open:",
        "the parent stays in review until its child ends",
        "the parent is done, the child is terminated",
        "A sub-task is a part of its task, so a task with an open part is not done, whatever its agent says. Its "
        "result is kept, the page names the part that is missing, and a person may still close both.",
        documented=True,
    ),
)
