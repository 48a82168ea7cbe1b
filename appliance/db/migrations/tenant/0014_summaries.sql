-- Sums by day without agents, keys and projects: what a summary of a month reads is a few hundred rows.
CREATE TABLE usage_models (
  starts TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, state TEXT NOT NULL, simulated BOOLEAN NOT NULL,
  calls BIGINT NOT NULL, retries BIGINT NOT NULL, unpriced BIGINT NOT NULL, estimated BIGINT NOT NULL,
  input_total BIGINT NOT NULL, cache_read BIGINT NOT NULL, cache_write BIGINT NOT NULL, output_total BIGINT NOT NULL,
  reasoning BIGINT NOT NULL, cost_nano BIGINT NOT NULL, imputed_nano BIGINT NOT NULL, estimated_nano BIGINT NOT NULL,
  cached_nano BIGINT NOT NULL,
  first_0 BIGINT NOT NULL, first_1 BIGINT NOT NULL, first_2 BIGINT NOT NULL, first_3 BIGINT NOT NULL,
  first_4 BIGINT NOT NULL, first_5 BIGINT NOT NULL, first_6 BIGINT NOT NULL, first_7 BIGINT NOT NULL,
  first_8 BIGINT NOT NULL, first_9 BIGINT NOT NULL, first_10 BIGINT NOT NULL, first_11 BIGINT NOT NULL,
  first_12 BIGINT NOT NULL, first_13 BIGINT NOT NULL, first_14 BIGINT NOT NULL, first_15 BIGINT NOT NULL,
  took_0 BIGINT NOT NULL, took_1 BIGINT NOT NULL, took_2 BIGINT NOT NULL, took_3 BIGINT NOT NULL,
  took_4 BIGINT NOT NULL, took_5 BIGINT NOT NULL, took_6 BIGINT NOT NULL, took_7 BIGINT NOT NULL,
  took_8 BIGINT NOT NULL, took_9 BIGINT NOT NULL, took_10 BIGINT NOT NULL, took_11 BIGINT NOT NULL,
  took_12 BIGINT NOT NULL, took_13 BIGINT NOT NULL, took_14 BIGINT NOT NULL, took_15 BIGINT NOT NULL,
  PRIMARY KEY (starts, provider_id, model, state, simulated)
);
INSERT INTO usage_models (starts, provider_id, model, state, simulated,
  calls, retries, unpriced, estimated, input_total, cache_read, cache_write, output_total, reasoning, cost_nano,
  imputed_nano, estimated_nano, cached_nano, first_0, first_1, first_2, first_3, first_4, first_5, first_6, first_7,
  first_8, first_9, first_10, first_11, first_12, first_13, first_14, first_15, took_0, took_1, took_2, took_3,
  took_4, took_5, took_6, took_7, took_8, took_9, took_10, took_11, took_12, took_13, took_14, took_15)
SELECT starts, provider_id, model, state, simulated,
  SUM(calls), SUM(retries), SUM(unpriced), SUM(estimated), SUM(input_total), SUM(cache_read), SUM(cache_write),
  SUM(output_total), SUM(reasoning), SUM(cost_nano), SUM(imputed_nano), SUM(estimated_nano), SUM(cached_nano),
  SUM(first_0), SUM(first_1), SUM(first_2), SUM(first_3), SUM(first_4), SUM(first_5), SUM(first_6), SUM(first_7),
  SUM(first_8), SUM(first_9), SUM(first_10), SUM(first_11), SUM(first_12), SUM(first_13), SUM(first_14),
  SUM(first_15), SUM(took_0), SUM(took_1), SUM(took_2), SUM(took_3), SUM(took_4), SUM(took_5), SUM(took_6),
  SUM(took_7), SUM(took_8), SUM(took_9), SUM(took_10), SUM(took_11), SUM(took_12), SUM(took_13), SUM(took_14),
  SUM(took_15)
FROM usage_days GROUP BY starts, provider_id, model, state, simulated;
-- It was read for what usage_models now has.
DROP INDEX usage_days_cost;
-- What the calls of one slice sum to, on the way into the sums by hour and day; empty outside that transaction.
CREATE TABLE usage_slice (
  starts TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, agent_id TEXT NOT NULL, key_id TEXT NOT NULL,
  project TEXT NOT NULL, task_kind TEXT NOT NULL, surface TEXT NOT NULL, state TEXT NOT NULL,
  failure_code TEXT NOT NULL, simulated BOOLEAN NOT NULL,
  calls BIGINT NOT NULL, retries BIGINT NOT NULL, unpriced BIGINT NOT NULL, estimated BIGINT NOT NULL,
  input_total BIGINT NOT NULL, cache_read BIGINT NOT NULL, cache_write BIGINT NOT NULL, output_total BIGINT NOT NULL,
  reasoning BIGINT NOT NULL, cost_nano BIGINT NOT NULL, imputed_nano BIGINT NOT NULL, estimated_nano BIGINT NOT NULL,
  cached_nano BIGINT NOT NULL,
  first_0 BIGINT NOT NULL, first_1 BIGINT NOT NULL, first_2 BIGINT NOT NULL, first_3 BIGINT NOT NULL,
  first_4 BIGINT NOT NULL, first_5 BIGINT NOT NULL, first_6 BIGINT NOT NULL, first_7 BIGINT NOT NULL,
  first_8 BIGINT NOT NULL, first_9 BIGINT NOT NULL, first_10 BIGINT NOT NULL, first_11 BIGINT NOT NULL,
  first_12 BIGINT NOT NULL, first_13 BIGINT NOT NULL, first_14 BIGINT NOT NULL, first_15 BIGINT NOT NULL,
  took_0 BIGINT NOT NULL, took_1 BIGINT NOT NULL, took_2 BIGINT NOT NULL, took_3 BIGINT NOT NULL,
  took_4 BIGINT NOT NULL, took_5 BIGINT NOT NULL, took_6 BIGINT NOT NULL, took_7 BIGINT NOT NULL,
  took_8 BIGINT NOT NULL, took_9 BIGINT NOT NULL, took_10 BIGINT NOT NULL, took_11 BIGINT NOT NULL,
  took_12 BIGINT NOT NULL, took_13 BIGINT NOT NULL, took_14 BIGINT NOT NULL, took_15 BIGINT NOT NULL,
  PRIMARY KEY (starts, provider_id, model, agent_id, key_id, project, task_kind, surface, state, failure_code, simulated)
);
-- Baselines by day.
CREATE TABLE usage_baseline_days (
  starts TEXT NOT NULL, kind TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, simulated BOOLEAN NOT NULL,
  calls BIGINT NOT NULL, actual_nano BIGINT NOT NULL, nano BIGINT NOT NULL,
  PRIMARY KEY (starts, kind, provider_id, model, simulated)
);
INSERT INTO usage_baseline_days (starts, kind, provider_id, model, simulated, calls, actual_nano, nano)
SELECT SUBSTR(hour, 1, 10), kind, provider_id, model, simulated, SUM(calls),
  SUM(actual_nano), SUM(nano) FROM usage_baselines GROUP BY 1, 2, 3, 4, 5;
