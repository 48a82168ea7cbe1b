// A fault leads to its line in the text.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-line]");
  const text = document.querySelector("[data-source]");
  if (!button || !text) return;
  const line = Number(button.dataset.line) - 1;
  const lines = text.value.split("\n");
  const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line] ?? "").length);
  const height = parseFloat(getComputedStyle(text).lineHeight) || 20;
  text.scrollTop = Math.max(0, line * height - text.clientHeight / 2);
});
