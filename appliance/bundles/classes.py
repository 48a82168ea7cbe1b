"""What becomes of each table and column of a tenant in a bundle. A column that is not listed here fails the tests.

`:json` is text that must be JSON; `:secret` is left behind, or sealed anew with a passphrase. A backup, which goes back
under the same key, has everything as it is.
"""

from typing import NamedTuple


class Class(NamedTuple):
    """`why` says why the rows of a table are left behind; "" for a table that is taken along."""

    columns: tuple[str, ...]
    json: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    why: str = ""


def taken(columns: str, why: str = "") -> Class:
    marked = [word.partition(":") for word in columns.split()]
    json, secret = (frozenset(name for name, _, mark in marked if mark == kind) for kind in ("json", "secret"))
    return Class(tuple(name for name, _, _ in marked), json, secret, why)


def left(why: str, columns: str) -> Class:
    return taken(columns, why)


TABLES = {
    "absences": taken("member until stand_in updated_at"),
    "adjustments": taken("id call_id attempt_id what before_nano after_nano why version actor at"),
    "agent_revisions": taken("agent_id revision data:json actor at"),
    "agents": taken(
        "id slug name title manager_id instructions model tools:json runtime max_concurrency paused revision "
        "created_at updated_at deleted_at hidden"
    ),
    "approvals": taken(
        "id kind state task_id run_id step_key agent_id title detail payload:json digest estimate_nano "
        "policy_version options:json requested_by requested_name assigned_to backup_to created_at remind_s "
        "remind_at reminders escalate_at escalated_at expires_at on_expiry verdict given:json note decided_by "
        "decided_name decided_at consumed_at superseded_by warn_at passed_from"
    ),
    "attempts": taken(
        "id call_id n provider_id model_requested model_reported request_id failure_code failure_detail "
        "input_total cache_read cache_write_5m cache_write_1h output_total reasoning cost_nano cost_source "
        "matched_model price_version input_nano_mtok output_nano_mtok cache_read_nano_mtok first_byte_ms "
        "duration_ms started_at imputed_nano status tier units:json reported_nano computed_nano note "
        "cache_write_5m_nano_mtok cache_write_1h_nano_mtok lines:json shares:json"
    ),
    "blobs": taken("digest size created_at"),
    "breakers": taken("id scope subject failures recurrences spent_nano window_at tripped_at approval_id updated_at"),
    "budgets": taken(
        "id scope scope_id span limit_nano created_at updated_at extra_nano extra_until alerted action "
        "downgrade_to strict reset_from reset_nano"
    ),
    "calls": taken(
        "id run_id step_key task_id agent_id key_id provider_id model state failure_code cost_nano "
        "estimate_nano simulated attempts input_total cache_read output_total day started_at finished_at "
        "surface protocol asked_model session_id project task_kind needs streamed error_type cost_source "
        "imputed_nano cache_write reasoning first_byte_ms duration_ms"
    ),
    "checks": taken("id task_id ord kind spec:json state detail judged_at judged_by waiver"),
    "comments": taken("id task_id author_kind author_id author_name body created_at"),
    "counters": taken("name value"),
    "decisions": taken(
        "call_id at asked alias strategy session_id provider_id model nano_estimate best_provider_id "
        "best_model best_nano candidates healthy fell_back why detail:json"
    ),
    "events": taken("seq at kind actor task_id run_id agent_id data:json hash"),
    "hook_deliveries": taken(
        "id hook_id at outcome reason status duration_ms address idem answer:json headers:json body "
        "body_digest body_bytes whole task_id run_id instance_id repeat_of replay_of replayed_by"
    ),
    "hook_rates": taken("hook_id free_at turned_away turned_away_at"),
    "hook_receipts": taken("hook_id idem delivery_id at"),
    "idempotency": left(
        "answers promised to programs that talk to the other box",
        "key actor route body_digest status answer created_at",
    ),
    "instance_signals": taken("id instance_id name idem seq payload:json actor at path consumed_at"),
    "instances": taken(
        "id workflow_id version task_id state moved input:json output:json failure_code failure_detail "
        "failed_path idem cause parent_id parent_path fork_of fork_from due_at created_by created_at "
        "updated_at finished_at"
    ),
    "messages": taken("run_id seq role content tool_calls:json tool_call_id at blob"),
    "nodes": taken(
        "instance_id path scope step_id kind state landed item attempt ord task_id approval_id child_id "
        "wait_key input:json output:json data:json failure_code failure_detail due_at wake_at started_at "
        "finished_at"
    ),
    "notice_channels": taken(
        "id kind member name url topic secret:secret secret_hint:secret generation kinds:json private "
        "created_by created_at updated_at"
    ),
    "notice_wishes": taken("member wishes:json digest_due updated_at"),
    "notices": taken(
        "id seq event kind member channel target approval_id content:json state attempts tries due_at detail "
        "digest_id created_at settled_at"
    ),
    "policy_edges": taken("agent_id target verdict actor at"),
    "preferences": taken("name value:json updated_at"),
    "price_alarms": taken("day provider_id model"),
    "price_imports": taken("id version models added changed removed digest created_by created_at"),
    "prices": taken("id source model starts_at ends_at prices:json version note created_by created_at"),
    "providers": taken(
        "id name kind base_url billing secret:secret secret_hint:secret secret_fingerprint:secret generation "
        "models:json prices:json paused pace seed tested_at test_ok test_detail created_at updated_at "
        "max_concurrency private weight only_listed stream_options facts:json out_at out_reason"
    ),
    "rate_levels": taken("scope scope_id kind used at"),
    "rate_limits": taken("scope scope_id requests tokens parallel updated_at"),
    "reservations": taken("call_id scope scope_id amount_nano owner created_at"),
    "route_targets": taken("route_id ord provider_id model weight task_kinds:json"),
    "route_version": taken("one version"),
    "routes": taken("id name strategy sticky created_at updated_at"),
    "runs": taken(
        "id task_id agent_id agent_revision attempt retry_of state reason failure_code failure_detail "
        "priority ready_at lease_until lease_owner fence claims_without_progress needs_nano cancel_requested "
        "cause_event chain depth cost_nano created_at started_at finished_at cause lane origin_run fork_of "
        "fork_key provider_id wait_key deadline_at needs_model"
    ),
    "schedules": taken(
        "id slug name spec zone target:json overlap catch_up_s jitter_s pause_after starts_at ends_at "
        "remaining state note failures next_due fire_at reckoned_at created_by created_at updated_at"
    ),
    "signals": taken("id run_id name idem seq payload:json actor at step_key consumed_at"),
    "snoozes": taken("member item_id at until"),
    "spent": taken("scope scope_id span starts settled_nano"),
    "steps": taken(
        "run_id key ord kind name effect input_digest state attempts input:json result:json first_message "
        "last_message call_id cost_nano fence started_at finished_at approval_id"
    ),
    "stops": taken("scope scope_id note stopped_by stopped_at"),
    "target_health": taken("provider_id model failures trips failure_code failed_at open_until probe_until"),
    "task_blockers": taken("task_id blocker_id on_cancel"),
    "tasks": taken(
        "id number title body state blocked_reason blocked_detail agent_id member_id priority parent_id "
        "labels:json due_at result cycle cost_nano run_id created_by created_at updated_at started_at "
        "finished_at project on_parent_close plan_key time_limit_s workspace_of plan_revision handed_by "
        "handed_why heard"
    ),
    "ticks": taken(
        "schedule_id due_at kind state overlap task_id instance_id code detail number noted_at started_at ended_at"
    ),
    "told": taken("name value"),
    "usage_baseline_days": taken("starts kind provider_id model simulated calls actual_nano nano"),
    "usage_baselines": taken("hour kind provider_id model simulated calls actual_nano nano"),
    "usage_days": taken(
        "starts provider_id model agent_id key_id project task_kind surface state failure_code simulated "
        "calls retries unpriced estimated input_total cache_read cache_write output_total reasoning cost_nano "
        "imputed_nano estimated_nano cached_nano first_0 first_1 first_2 first_3 first_4 first_5 first_6 "
        "first_7 first_8 first_9 first_10 first_11 first_12 first_13 first_14 first_15 took_0 took_1 took_2 "
        "took_3 took_4 took_5 took_6 took_7 took_8 took_9 took_10 took_11 took_12 took_13 took_14 took_15"
    ),
    "usage_exports": left(
        "files of exports are made again when somebody asks",
        "id form filters state done total bytes detail created_by created_at seen_at finished_at",
    ),
    "usage_hours": taken(
        "starts provider_id model agent_id key_id project task_kind surface state failure_code simulated "
        "calls retries unpriced estimated input_total cache_read cache_write output_total reasoning cost_nano "
        "imputed_nano estimated_nano cached_nano first_0 first_1 first_2 first_3 first_4 first_5 first_6 "
        "first_7 first_8 first_9 first_10 first_11 first_12 first_13 first_14 first_15 took_0 took_1 took_2 "
        "took_3 took_4 took_5 took_6 took_7 took_8 took_9 took_10 took_11 took_12 took_13 took_14 took_15"
    ),
    "usage_marks": taken("name until"),
    "usage_models": taken(
        "starts provider_id model state simulated calls retries unpriced estimated input_total cache_read "
        "cache_write output_total reasoning cost_nano imputed_nano estimated_nano cached_nano first_0 first_1 "
        "first_2 first_3 first_4 first_5 first_6 first_7 first_8 first_9 first_10 first_11 first_12 first_13 "
        "first_14 first_15 took_0 took_1 took_2 took_3 took_4 took_5 took_6 took_7 took_8 took_9 took_10 "
        "took_11 took_12 took_13 took_14 took_15"
    ),
    "usage_prices": taken("hour cost_source price_version calls cost_nano"),
    "usage_slice": left(
        "empty outside a transaction",
        "starts provider_id model agent_id key_id project task_kind surface state failure_code simulated "
        "calls retries unpriced estimated input_total cache_read cache_write output_total reasoning cost_nano "
        "imputed_nano estimated_nano cached_nano first_0 first_1 first_2 first_3 first_4 first_5 first_6 "
        "first_7 first_8 first_9 first_10 first_11 first_12 first_13 first_14 first_15 took_0 took_1 took_2 "
        "took_3 took_4 took_5 took_6 took_7 took_8 took_9 took_10 took_11 took_12 took_13 took_14 took_15",
    ),
    "usage_stale": taken("hour"),
    "usage_tasks": taken("task_id hour task_kind calls cost_nano simulated_nano"),
    "wakes": taken(
        "id agent_id task_id reason cause_event causes:json origin_run chain depth lane not_before state "
        "detail run_id breaker_id created_at settled_at"
    ),
    "workflow_versions": taken("workflow_id version source definition:json digest actor at"),
    "workflows": taken("id slug name description version created_at updated_at archived_at"),
}
# What a tenant has outside its own database.
ELSEWHERE = (
    ("hooks", "their addresses are secrets of this box: make them anew"),
    ("api_keys", "keys are shown once and open this box alone: make them anew"),
    ("sessions", "people sign in to the other box"),
    ("audit", "what people did to this box stays its own record"),
)
