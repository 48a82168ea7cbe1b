let dragged;

const column = (event) => event.target.closest?.("[data-column]");
const clear = () => document.querySelectorAll(".column.over").forEach((element) => element.classList.remove("over"));

const button = (card, state) => card.querySelector(`form[data-move] button[value="${CSS.escape(state)}"]`);

const say = (text) => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone: "bad" } }));

const move = async (card, form, state) => {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams({ state }),
    headers: { "HX-Request": "true", Accept: "application/problem+json, text/html" },
  }).catch(() => undefined);
  if (!answer?.ok) {
    const problem = await answer?.json().catch(() => undefined);
    say(problem?.detail || problem?.title || "The card could not be moved. Check the connection and try again.");
  }
  document.dispatchEvent(new CustomEvent("live:gap"));
  document.getElementById(card.id)?.querySelector("h3 a")?.focus({ preventScroll: true });
};

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-card]");
  if (!dragged) return;
  dragged.classList.add("dragging");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector("h3")?.textContent.trim() ?? "");
});

document.addEventListener("dragover", (event) => {
  const over = dragged && column(event);
  clear();
  if (!over || !button(dragged, over.dataset.column)) return;
  event.preventDefault();
  over.classList.add("over");
});

document.addEventListener("drop", (event) => {
  const over = dragged && column(event);
  if (!over || over.contains(dragged)) return;
  event.preventDefault();
  const chosen = button(dragged, over.dataset.column);
  if (!chosen) return;
  over.querySelector("[data-cards]").prepend(dragged);
  move(dragged, chosen.form, over.dataset.column);
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragging");
  dragged = undefined;
  clear();
});
