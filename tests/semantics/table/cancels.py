from tests.semantics.table.row import Row, alike

ROWS = (
    Row(
        "cancel_while_it_waits",
        "A run is cancelled while it waits: it is…",
        "cancelled, no code of it runs any more",
        "cancelled, after its clean-up",
        "Stop means stop: whoever presses it has seen an agent do something unwanted, and code of that agent that "
        "runs afterwards would be more of it, for money. What must be undone is work of its own, with a task that "
        "says so.",
    ),
    alike("stop_by_force", "A run is stopped by force: it is…", "cancelled, no code of it runs any more"),
    alike("time_limit_of_a_run", "A run's time limit is over: it is…", "timed out, no code of it runs any more"),
    Row(
        "cancel_before_the_start",
        "A run is cancelled before a worker took it: it is…",
        "cancelled, its code never runs",
        "cancelled, its code is begun",
        "The queued run ends in the transaction of the request. Temporal lets the code hear of the cancel, so it has "
        "to begin it first; the reason above holds here as well.",
    ),
    Row(
        "cancel_during_a_step",
        "A run is cancelled in the middle of a step:",
        "the step is recorded, then cancelled",
        "cancelled at once, the step's answer is dropped",
        "A step that has begun may have had its effect and its price. Both are written down before the run ends, so "
        "the ledger and the log say what really happened. A model call or a program in the middle is broken off "
        "within a second, and what it cost until then is booked.",
    ),
    alike(
        "cancel_with_a_shielded_step",
        "The same, where the code shields the step (here every step is):",
        "the step is recorded, then cancelled",
    ),
    Row(
        "cancel_that_the_code_refuses",
        "The code of a run catches the cancel and goes on to its end: the run counts as…",
        "cancelled",
        "succeeded",
        "A person's stop is the last word. A run that was asked to stop records nothing new and can't be completed.",
    ),
    alike("cancel_twice", "A run is cancelled twice: it is…", "cancelled once"),
    alike("cancel_of_a_finished_run", "A run is cancelled that has ended:", "it stays as it ended: succeeded"),
)
