from tests.semantics.table.row import Row, alike

ROWS = (
    Row(
        "number_of_the_attempt",
        "A worker dies in a step and another goes on: which attempt is that?",
        "attempt 1",
        "attempt 2",
        "An attempt is something that cost money or was refused; a power cut is neither. Deaths are counted apart, as "
        "claims without progress, so a box that is restarted ten times in a day has used up none of the tries that "
        "are meant for a provider's outage.",
    ),
    alike("recorded_step", "A worker dies after a step was recorded: the step is…", "done once"),
    alike("unrecorded_step", "A worker dies between a repeatable effect and its record: the effect is…", "done twice"),
    Row(
        "effect_in_own_database",
        "The same for an effect in the engine's own database, such as a comment: it is…",
        "done once",
        "done twice",
        "Steps, tasks, comments and money are rows of one database here, so the effect and its record are one commit. "
        "An activity's database is not the server's, and the usual answer there is a key of one's own that the "
        "activity looks for. We have that too (effect class `keyed`) for what is outside.",
    ),
    Row(
        "effect_at_most_once",
        "The same for an effect that must never happen twice: it is…",
        "done once, then a person is asked whether it happened",
        "done once, then the run fails",
        "With one permitted try Temporal keeps the promise and ends the run, as it must when only code may decide. "
        "Here people are part of the system: the intent is on the disk before the effect begins, and a card says that "
        "it may already have happened. Whoever looks (at the bank, at the mail that was sent) lets the run go on.",
    ),
    Row(
        "dies_at_the_same_step",
        "Every worker that takes the run dies at the same step: the run is…",
        "set aside after 5 deaths without progress",
        "tried again without end",
        "On one machine a step that kills its worker takes everybody else's runs down with it. Five deaths at one "
        "place are evidence enough; the run is set aside with its last step shown, and a person tries it again or "
        "not.",
    ),
    alike("error_that_goes_away", "A step fails twice with an error that goes away:", "the same run succeeds at try 3"),
    Row(
        "error_that_stays",
        "The error stays, and nothing was set for that:",
        "given up after 48 tries, a person is told",
        "tried again without end",
        "Each kind of failure has its own number of tries and pauses in one table, long enough for an outage of two "
        "hours. After that, somebody who waits for the work should learn why it does not come; an agent that tries "
        "for a week looks just like one that works.",
    ),
    alike("error_that_no_retry_helps", "An error that trying again can't help: the step", "fails after 1 try"),
    alike("pauses_between_tries", "The pauses between tries are…", "each longer than the one before"),
    alike("pause_the_other_side_asks_for", "The other side asks for a pause of 7 s: the next try comes", "after 7 s"),
    alike(
        "retry_of_a_failed_run",
        "A run that has failed as a whole is tried again as…",
        "a new run, attempt 2, its first step is done again",
    ),
    Row(
        "progress_inside_a_step",
        "A worker dies in a long step that reports its progress: the next one",
        "begins the step anew",
        "goes on from the last heartbeat",
        "A step is the smallest thing that is recorded. Where the middle of it is worth keeping, it is several steps, "
        "which also show on the run's page, cost their own money and can be gone back to.",
    ),
    alike("worker_that_goes_silent", "A worker goes silent in a step:", "another takes over"),
    alike("answer_of_a_worker_thought_dead", "The answer of a worker that was thought dead is…", "refused"),
)
