const legacy = (text) => {
  const area = Object.assign(document.createElement("textarea"), { value: text, readOnly: true, className: "visually-hidden" });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
};

// navigator.clipboard exists only on https and localhost; a box on the local network may be neither.
const copy = async (text) => {
  if (!navigator.clipboard) return legacy(text);
  return navigator.clipboard.writeText(text).then(() => true, () => legacy(text));
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from]");
  if (!button) return;
  const { copy: literal, copyFrom } = button.dataset;
  const from = copyFrom && document.querySelector(copyFrom);
  const done = await copy(literal ?? from?.value ?? from?.textContent.trim() ?? "");
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  label.textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { label.textContent = before; }, 1600);
});
