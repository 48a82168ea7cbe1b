-- Wakes of one reason in one of the rarer states: walking either index alone passes over most of the other.
CREATE INDEX wakes_odd_reason ON wakes (reason, state, id) WHERE state <> 'run';
