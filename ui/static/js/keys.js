let leader = 0;

const typing = (element) => element?.closest?.("input, textarea, select, [contenteditable]");
const go = (name) => document.querySelector(`[data-key="${name}"]`);
const open = (id) => document.getElementById(id)?.showModal?.();
const menus = () => document.querySelectorAll("details.menu[open]");

const closeMenus = (except) => {
  for (const menu of menus()) if (menu !== except && !menu.contains(except)) menu.open = false;
};

const actions = {
  "/": () => (document.querySelector("main [data-search]") ?? document.querySelector("[data-search]"))?.focus(),
  "?": () => open("help"),
  n: () => go("n")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const [menu] = menus();
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.target.matches?.("[data-search]")) event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "g") {
    leader = Date.now();
    return;
  }
  const second = Date.now() - leader < 1200;
  leader = 0;
  const target = second && go(`g ${event.key}`);
  if (target) target.click();
  else if (!second && actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
});

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const opener = event.target.closest?.("[data-open]");
  if (opener) open(opener.dataset.open);
  const closer = event.target.closest?.("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement && event.target.dataset.light !== undefined) event.target.close();
});
