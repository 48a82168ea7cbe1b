from tests.semantics.table.row import Row, alike

ROWS = (
    alike("signal_before_the_wait", "A signal arrives before the run waits for it: it is…", "taken by the wait"),
    Row(
        "same_signal_twice",
        "The same signal is sent twice, as by two clicks: it is…",
        "taken once",
        "taken twice",
        "A sending has a name of its own here (`idem`, or the Idempotency-Key of the request), because our signals "
        "come from buttons and webhooks, which repeat themselves. Temporal's service knows a request id, but its "
        "clients make a new one for each call; code that must not count twice keeps what it has seen.",
    ),
    alike("signals_in_order", "Several signals of one name are taken", "in the order they were sent"),
    alike("signal_while_nobody_works", "A signal arrives while no worker runs: it is…", "taken when a worker is back"),
    alike("signal_that_does_not_come", "A signal does not come within the wait's time:", "the wait ends without one"),
    alike("signal_after_its_wait", "A signal comes after the wait gave up: it is…", "taken by the next wait"),
    alike("signal_before_the_time_limit", "A signal comes before the wait's time is over: the run", "goes on at once"),
    alike("signal_nobody_waits_for", "A signal that no step waits for:", "the run ends all the same"),
    alike("signal_to_a_finished_run", "A signal to a run that has ended is…", "refused"),
    alike("timers_in_order", "Two timers are over when somebody looks: their runs go on", "in the order they come due"),
    alike("timer_over_while_down", "A timer ends while everything is down: the run", "goes on at the start"),
    alike("timer_after_a_crash", "A crash in the middle of a sleep: the sleep", "ends when it would have"),
)
