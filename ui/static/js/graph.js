// A wide graph opens where one has to look: at the chosen step, else at the first that is stuck or at work.
const LOOK = ['[aria-current="true"]', ".bad", ".warn", ".run"];

const show = (region) => {
  if (region.scrollWidth <= region.clientWidth) return;
  const found = LOOK.map((name) => region.querySelector(`.node${name}`)).find(Boolean);
  if (!found) return;
  const [box, frame] = [found.getBoundingClientRect(), region.getBoundingClientRect()];
  region.scrollLeft += box.left + Math.min(box.width, 200) / 2 - frame.left - frame.width / 2;
};

document.querySelectorAll("[data-graph]").forEach(show);

// By keyboard a step may be focused that is out of sight; the browser does not scroll to parts of a drawing.
document.addEventListener("focusin", ({ target }) => {
  const region = target.closest?.("[data-graph]");
  if (!region || target === region || !target.matches(":focus-visible")) return;
  const [box, frame] = [target.getBoundingClientRect(), region.getBoundingClientRect()];
  if (box.left < frame.left) region.scrollLeft -= frame.left - box.left + 20;
  else if (box.right > frame.right) region.scrollLeft += Math.min(box.right - frame.right, box.left - frame.left) + 20;
});
