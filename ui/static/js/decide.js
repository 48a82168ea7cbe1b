// The keys of the approvals page: j and k move, a approves, r opens the note of a refusal. Enter follows the link.
let leader = 0;

const busy = (element) => element?.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
const cards = () => [...document.querySelectorAll("[data-inbox] [data-item]")];
const at = () => document.activeElement?.closest?.("[data-item]");
const focus = (card) => {
  card?.querySelector("h2 a")?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
};

const move = (by) => {
  const all = cards();
  const now = all.indexOf(at());
  focus(all[Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + by))]);
};

const refuse = (card) => {
  const button = card.querySelector("[data-refuse]");
  const details = button?.closest("details");
  if (!details) return button?.focus();
  details.open = true;
  details.querySelector("textarea").focus();
};

const actions = {
  j: () => move(1),
  k: () => move(-1),
  a: () => at()?.querySelector("[data-approve], form .btn.primary")?.click(),
  r: () => at() && refuse(at()),
};

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-inbox]") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (busy(event.target)) return;
  // After g a letter names a room, never a verdict.
  const second = Date.now() - leader < 1200;
  leader = event.key === "g" ? Date.now() : 0;
  if (second || !Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
});
