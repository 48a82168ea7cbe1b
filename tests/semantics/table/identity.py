from tests.semantics.table.row import Row, alike

ROWS = (
    alike("started_twice", "A second start of the same thing is…", "refused while one is open"),
    Row(
        "started_again_after_its_end",
        "A start of something that has ended is…",
        "refused until a person takes it up again",
        "a new run",
        "A finished task has a result that somebody may have accepted. Taking it up again is a decision that begins "
        "another cycle and judges the checks anew; a wake or a repeated webhook must not do that by accident.",
    ),
    alike("same_request_twice", "The same request is sent twice with one key:", "the first one is the answer"),
    alike("started_while_nobody_works", "A start while no worker runs is…", "kept, and starts when a worker comes"),
    alike("asked_after_its_end", "A question about a run that has ended is…", "answered"),
    Row(
        "asked_while_nobody_works",
        "A question about a run while no worker runs is…",
        "answered",
        "no answer without a worker that has the code",
        "What can be asked is in rows: state, steps, waits, cost. Temporal's queries run code of the workflow, which "
        "can compute an answer nobody stored, and need a worker to do it.",
    ),
    Row(
        "answer_of_a_step_of_20_mb",
        "A step answers with 20 MB:",
        "the run fails and says what may be kept",
        "over its limit of 2 MB: the task fails and is tried again",
        "The limit here is 16 MB, and trying again does not make an answer smaller. Values over 32 KB are files "
        "beside the database. Temporal is made for small values and points to storage of one's own for the others.",
        documented=True,
    ),
    Row(
        "end_without_a_result",
        "A run ends well, without any result: it counts as…",
        "incomplete",
        "succeeded",
        "A model that answers with nothing has not done the work, whatever its status says. Code that returns nothing "
        "usually has.",
    ),
)
