const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("ul");
let chosen = 0;
let shown = [];

const commands = () => {
  const seen = new Set();
  return [...document.querySelectorAll("[data-command]")].filter((element) => {
    const name = element.dataset.command;
    return !seen.has(name) && seen.add(name);
  });
};

const row = (element, index) => {
  const item = document.createElement("li");
  item.id = `command-${index}`;
  item.role = "option";
  item.setAttribute("aria-selected", String(index === chosen));
  item.append(element.dataset.command);
  if (element.dataset.key) item.append(Object.assign(document.createElement("kbd"), { textContent: element.dataset.key, className: "push" }));
  item.addEventListener("click", () => run(element));
  return item;
};

const render = () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  shown = commands().filter((element) => words.every((word) => element.dataset.command.toLowerCase().includes(word)));
  chosen = Math.max(0, Math.min(chosen, shown.length - 1));
  list.replaceChildren(...shown.map(row));
  input.setAttribute("aria-activedescendant", shown.length ? `command-${chosen}` : "");
  dialog.querySelector("[data-none]").hidden = shown.length > 0;
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
};

const run = (element) => {
  dialog.close();
  element.click();
};

const steps = { ArrowDown: () => (chosen += 1), ArrowUp: () => (chosen -= 1), Enter: () => shown[chosen] && run(shown[chosen]) };

document.addEventListener("keydown", (event) => {
  if (!dialog || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  if (!dialog.open) dialog.showModal();
  input.select();
  render();
});

input?.addEventListener("input", () => { chosen = 0; render(); });
dialog?.addEventListener("keydown", (event) => {
  if (!steps[event.key]) return;
  event.preventDefault();
  steps[event.key]();
  if (dialog.open) render();
});
