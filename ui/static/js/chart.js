const FAR = 6;
let held;

const chart = () => document.querySelector("#chart[data-movable]");
const seat = (element) => element?.closest?.("#chart [data-agent]");
const under = (event) => document.elementsFromPoint(event.clientX, event.clientY).map(seat).find((found) => found && found !== held.link);
const clear = () => document.querySelectorAll("#chart .over").forEach((element) => element.classList.remove("over"));

const begin = () => {
  held.moved = true;
  held.group.classList.add("dragging");
  chart().classList.add("moving");
};

const end = () => {
  clear();
  held?.group.setAttribute("transform", held.from);
  held?.group.classList.remove("dragging");
  chart()?.classList.remove("moving");
  held = undefined;
};

document.addEventListener("pointerdown", (event) => {
  const link = chart() && event.button === 0 && event.pointerType !== "touch" && seat(event.target);
  const group = link && link.closest(".seat");
  const { agent, manager } = link?.dataset ?? {};
  if (group) held = { link, group, agent, manager, from: group.getAttribute("transform"), x: event.clientX, y: event.clientY };
});

document.addEventListener("pointermove", (event) => {
  if (!held) return;
  const [across, down] = [event.clientX - held.x, event.clientY - held.y];
  if (!held.moved && Math.hypot(across, down) < FAR) return;
  if (!held.moved) begin();
  const svg = held.group.ownerSVGElement;
  const scale = svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
  held.group.setAttribute("transform", `${held.from} translate(${across * scale} ${down * scale})`);
  clear();
  under(event)?.classList.add("over");
});

document.addEventListener("pointerup", (event) => {
  if (!held?.moved) return end();
  const target = under(event);
  const { agent, manager } = held;
  const same = !target || [agent, manager].includes(target.dataset.agent);
  end();
  document.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
  if (same) return;
  const form = document.getElementById("move");
  form.elements.agent.value = agent;
  form.elements.manager.value = target.dataset.agent;
  form.requestSubmit();
});

document.addEventListener("pointercancel", end);
// What came meanwhile has put the chart back as the server knows it.
document.addEventListener("live:swapped", () => held?.moved && begin());
document.addEventListener("dragstart", (event) => seat(event.target) && event.preventDefault());
