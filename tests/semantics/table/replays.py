from tests.semantics.table.row import Row, alike

CHANGED = (
    "Both refuse to guess. Temporal's task fails until somebody deploys code that fits, which suits a team with one "
    "service and a pipeline. A box has runs of many agents and an owner who updates it: the run is set aside, it says "
    "which step does not fit, and its owner begins it anew or goes on from an earlier step."
)

ROWS = (
    Row(
        "step_put_before_a_recorded_one",
        "The code has a new step before one that is recorded: the run is…",
        "set aside, a person decides",
        "its task fails again and again until the code fits",
        CHANGED,
    ),
    Row(
        "step_taken_away",
        "The code no longer has a step that is recorded: the run is…",
        "set aside, a person decides",
        "its task fails again and again until the code fits",
        "As above: keys and their order are both compared, so a step that is gone is noticed like one that is new.",
    ),
    alike("step_added_at_the_end", "The code has a new step after all recorded ones: the run", "goes on: a, b"),
    Row(
        "step_with_another_input",
        "A recorded step would be given another input now: the run is…",
        "set aside, a person decides",
        "goes on with the recorded answer: a of 1",
        "An answer belongs to its question. If the input has changed, something before the step was not the same this "
        "time, and an answer to another question is how a report ends up with last month's figures. Temporal compares "
        "the kinds of the commands, not what they carry.",
    ),
    Row(
        "clock_outside_a_step",
        "Code reads the clock outside of a step and is run again: it sees…",
        "another time",
        "the same time again",
        "Temporal's SDK gives workflow code a clock, random numbers and ids of its own that repeat themselves. Our "
        "bodies are part of the program, few and reviewed; what has to stay the same is read in a step, like "
        "everything else.",
    ),
    alike("effect_outside_a_step", "An effect outside of any step is…", "done again at each replay"),
    Row(
        "defect_in_the_code",
        "The code of a run raises an error nobody foresaw: the run is…",
        "set aside after 5 tries; a person retries it when the code is mended",
        "tried again without end; mended code goes on by itself",
        "The same trade as with deaths. Going on by itself after a deployment is worth much where deployments are "
        "frequent; a box is updated once a month, and until then the run should not hold a worker every minute.",
    ),
    Row(
        "code_nobody_knows",
        "No worker knows the code of a run: the run is…",
        "set aside; a person retries it when the code is there",
        "tried again without end; code that knows it goes on by itself",
        "That happens after going back to an older version. The run is set aside at once with that reason, instead of "
        "looking as if it were queued.",
    ),
    Row(
        "definition_changed_meanwhile",
        "The definition (an agent's instructions, a workflow's code) is changed while a run waits:",
        "an open run goes on with the old one",
        "an open run goes on with the new one",
        "A run keeps the revision it started with, so what it costs and does can be explained from one text. In "
        "Temporal that is a choice to be made for each workflow, by patches in the code or by pinning it to a "
        "deployment.",
    ),
    Row(
        "two_steps_at_once",
        "Two steps of one run that do not depend on each other are done",
        "one after the other",
        "at the same time",
        "A run is one agent's conversation, which has one next step. Work that can go side by side is sub-tasks: each "
        "has its own cost, its own stop button and its own place on the board.",
    ),
)
