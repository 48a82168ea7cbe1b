// The keys of the approvals page: j and k move, a says yes, r and c open the note, x ticks. What costs asks first.
let leader = 0;
let place = -1;

const busy = (element) => element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
const cards = () => [...document.querySelectorAll("[data-inbox] [data-item]")];
const at = () => document.activeElement?.closest?.("[data-item]");
const focus = (card) => {
  card?.querySelector("h2 a, h3 a")?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
};

const move = (by) => {
  const all = cards();
  const now = all.indexOf(at());
  focus(all[Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + by))]);
};

const press = (button) => {
  const form = button?.form;
  if (form?.dataset.asks && !form.dataset.confirm) Object.assign(form.dataset, { confirm: form.dataset.asks, confirmDetail: "", confirmAction: "Yes" });
  button?.click();
};

const refuse = (card) => {
  const button = card.querySelector("[data-refuse]");
  const details = button?.closest("details");
  if (!details) return button?.form?.dataset.asks ? press(button) : button?.focus();
  details.open = true;
  details.querySelector("textarea").focus();
};

const actions = {
  j: () => move(1),
  k: () => move(-1),
  a: () => press(at()?.querySelector("[data-approve]:not(:disabled), form .btn.primary:not(:disabled)")),
  r: () => at() && refuse(at()),
  c: () => at() && refuse(at()),
  x: () => at()?.querySelector("[data-pick]")?.click(),
};
Object.assign(actions, { ArrowDown: actions.j, ArrowUp: actions.k });

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-inbox]") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (busy(event.target) || (event.key.startsWith("Arrow") && !at())) return;
  // After g a letter names a room, never a verdict.
  const second = Date.now() - leader < 1200;
  leader = event.key === "g" ? Date.now() : 0;
  if (second || !Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
});

document.addEventListener("focusin", () => { if (at()) place = cards().indexOf(at()); });
document.addEventListener("live:swapped", ({ detail }) => {
  // Somebody else decided what was looked at: the next one takes its place.
  if (detail.id === "inbox-list" && place >= 0 && document.activeElement === document.body) focus(cards()[Math.min(place, cards().length - 1)]);
});
