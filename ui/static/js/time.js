const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const SPANS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

const ago = (then) => {
  const seconds = Math.round((Date.now() - then) / 1000);
  const far = Math.abs(seconds);
  if (far < 2) return "just now";
  if (far >= 30 * 86400) return day.format(then);
  const [unit, size] = SPANS.find(([, span]) => far >= span);
  const amount = `${Math.floor(far / size)} ${unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
};

// What is still to come, in its two largest units, so that one sees it run down.
const left = (then) => {
  let seconds = Math.ceil((then - Date.now()) / 1000);
  if (seconds <= 0) return "any moment now";
  const parts = [];
  for (const [unit, size] of SPANS) {
    if (parts.length < 2 && seconds >= size) parts.push(`${Math.floor(seconds / size)} ${unit}`);
    seconds %= size;
  }
  return `in ${parts.join(" ")}`;
};

const shows = { ago, left, clock: (then) => clock.format(then), day: (then) => day.format(then), full: (then) => full.format(then) };

const render = (element) => {
  const then = new Date(element.dateTime);
  const show = shows[element.dataset.show];
  if (!show || Number.isNaN(then.getTime())) return;
  const text = show(then);
  if (element.textContent !== text) element.textContent = text;
};

const renderAll = (root) => root.querySelectorAll("time[data-show]").forEach(render);

renderAll(document);
setInterval(() => document.querySelectorAll('time[data-show="ago"], time[data-show="left"]').forEach(render), 1000);
for (const name of ["htmx:after:swap", "live:swapped"]) document.addEventListener(name, () => renderAll(document));
