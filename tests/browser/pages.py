"""Every page a person can open, by the name of its picture."""

from typing import NamedTuple

from playwright.sync_api import Page


class Look(NamedTuple):
    """`find`: open `path`, then click the first that matches. Paths under `/box` and `/login` are of no tenant."""

    name: str
    path: str
    find: str = ""


LOOKS = (
    Look("home", "/"),
    Look("board", "/board"),
    Look("task", "/tasks/16"),
    Look("task-new", "/tasks/new"),
    Look("task-edit", "/tasks/16/edit"),
    Look("task-review", "/tasks/21"),
    Look("task-tree", "/tasks/36"),
    Look("run", "/tasks/16", "main a[href*='/runs/']"),
    Look("runs", "/runs"),
    Look("agents", "/agents"),
    Look("agent-new", "/agents/new"),
    Look("agent-revisions", "/agents/mara/revisions"),
    Look("agent", "/agents", "table a.title, .grid a, main a[href*='/agents/']"),
    Look("agent-new", "/agents/new"),
    Look("workflows", "/workflows"),
    Look("workflow-new", "/workflows/new"),
    Look("workflow", "/workflows/support-triage"),
    Look("templates", "/workflows/templates"),
    Look("template", "/workflows/templates/code-review"),
    Look("instances", "/instances"),
    Look("instance", "/instances", "table a.title"),
    Look("schedules", "/schedules"),
    Look("schedule-new", "/schedules/new"),
    Look("org-chart", "/agents/chart"),
    Look("agent-leader", "/agents/noor"),
    Look("inbox", "/inbox"),
    Look("inbox-failures", "/inbox?group=failures"),
    Look("decided", "/inbox/decided"),
    Look("approval", "/inbox", "article.ask h2 a"),
    Look("costs", "/costs"),
    Look("costs-compare", "/costs/compare"),
    Look("costs-what-if", "/costs/compare?at=Simulated/sim-swift"),
    Look("costs-return", "/costs/return"),
    Look("costs-exports", "/costs/exports"),
    Look("calls", "/costs/calls"),
    Look("call", "/costs/calls", "a[href*='/costs/calls/']"),
    Look("prices", "/prices"),
    Look("prices-unpriced", "/prices/unpriced"),
    Look("prices-anew", "/prices/reprice"),
    Look("budgets", "/budgets"),
    Look("activity", "/activity"),
    Look("wakes", "/activity/wakes"),
    Look("wake-chain", "/activity/wakes", ".wakes a[href*='chain=']"),
    Look("providers", "/providers"),
    Look("provider", "/providers", "table a.title"),
    Look("provider-new", "/providers/new"),
    Look("provider-key", "/providers/new?kind=openai"),
    Look("provider-server", "/providers/new?kind=openai-compatible"),
    Look("routes", "/routes"),
    Look("route-new", "/routes/new"),
    Look("connect", "/connect"),
    Look("connect-claude-code", "/connect/claude-code"),
    Look("connect-codex", "/connect/codex"),
    Look("settings", "/settings"),
    Look("notifications", "/settings/notifications"),
    Look("account", "/settings/account"),
    Look("two-step", "/settings/account/totp"),
    Look("members", "/settings/members"),
    Look("box-people", "/box/people"),
    Look("channels", "/settings/channels"),
    Look("deliveries", "/settings/deliveries"),
    Look("keys", "/settings/keys"),
    Look("hooks", "/settings/hooks"),
    Look("hook-kinds", "/settings/hooks/new"),
    Look("hook-task", "/settings/hooks/new?kind=task"),
    Look("hook-workflow", "/settings/hooks/new?kind=workflow"),
    Look("hook-instance", "/settings/hooks/new?kind=instance"),
    Look("audit", "/settings/audit"),
    Look("plan", "/settings/plan"),
    Look("box-plans", "/box/plans"),
    Look("box-plan", "/box/plans/growth"),
    Look("box-plan-new", "/box/plans", "#new-plan summary"),
    Look("box-plan-tenant", "/box/plans/tenants/northwind"),
    Look("box-economics", "/box/economics"),
    Look("box-tenants", "/box/tenants"),
    Look("box-tenant", "/box/tenants/northwind"),
    Look("box-tenant-new", "/box/tenants/new"),
    Look("box-tenant-import", "/box/tenants/import"),
    Look("box-purged", "/box/tenants/purged"),
    Look("box-keys", "/box/keys"),
    Look("box-key-new", "/box/keys", "#new-key summary"),
    Look("box-backups", "/box/backups"),
    Look("box-backups-list", "/box/backups/list"),
    Look("box-target-new", "/box/backups", "#new-target summary"),
    Look("box-health", "/box/health"),
    Look("box-channel-new", "/box/health", "#new-channel summary"),
    Look("box-doctor", "/box/health/doctor"),
    Look("box-service", "/box/service/"),
    Look("login", "/login"),
    Look("login-forgot", "/login/forgot"),
)


def follow(page: Page, look: Look) -> None:
    if look.find:
        page.locator(look.find).first.click()
        page.wait_for_load_state("load")
