const HEIGHT = 190;
const drawn = new Map();

const money = (nano) => {
  const usd = nano / 1e9;
  if (usd && Math.abs(usd) < 0.0001) return "<$0.0001";
  const digits = usd && Math.abs(usd) < 1 ? 4 : 2;
  return usd.toLocaleString("en-US", { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits });
};
const short = (nano) => (nano ? `$${(nano / 1e9).toLocaleString("en-US", { maximumSignificantDigits: 3 })}` : "0");
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const options = (box, { labels, series }, width) => ({
  width,
  height: HEIGHT,
  padding: [8, 18, 0, 0],
  scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), high || 1] } },
  cursor: { points: { size: 7 }, drag: { x: false, y: false } },
  legend: { live: true, markers: { width: 2 } },
  axes: [
    { stroke: color("faint"), grid: { show: false }, ticks: { show: false }, values: (_, ticks) => ticks.map((at) => labels[at] ?? ""), space: 70, incrs: [1, 2, 5, 7, 10, 14, 30], size: 26, font: "11px Inter" },
    { stroke: color("faint"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, values: (_, ticks) => ticks.map(short), size: 52, space: 30, font: "11px Inter" },
  ],
  series: [
    { label: box.dataset.head, value: (_, at) => labels[at] ?? "–" },
    ...series.map(({ name, tone }) => ({ label: name, stroke: color(tone), fill: color(`${tone}-soft`), width: 1.6, points: { show: false }, value: (_, nano) => (nano == null ? "–" : money(nano)) })),
  ],
});

const draw = (box) => {
  const given = JSON.parse(box.dataset.plot);
  drawn.get(box)?.destroy();
  drawn.delete(box);
  // Few points are columns, which the picture without script shows better.
  const used = given.labels.filter((_, at) => given.series.some(({ values }) => values[at])).length;
  if (used < 3) return;
  box.classList.add("plotted");
  const data = [given.labels.map((_, at) => at), ...given.series.map(({ values }) => values)];
  // While nobody points at it, the figures of the last day.
  const rest = (plot) => plot.cursor.idx ?? plot.setLegend({ idx: given.labels.length - 1 });
  const hooks = { ready: [rest], setCursor: [(plot) => plot.cursor.left < 0 && setTimeout(rest, 0, plot)] };
  drawn.set(box, new window.uPlot({ ...options(box, given, box.clientWidth), hooks }, data, box));
};

const drawAll = () => window.uPlot && document.querySelectorAll("[data-plot]").forEach(draw);

let waiting;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => drawn.forEach((plot, box) => plot.setSize({ width: box.clientWidth, height: HEIGHT })), 100);
});
document.addEventListener("live:swapped", ({ detail }) => {
  if (document.getElementById(detail.id)?.querySelector("[data-plot]")) drawAll();
});
document.addEventListener("click", (event) => event.target.closest?.("[data-set-theme]") && setTimeout(drawAll));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
// After the library, which comes later in the page.
document.addEventListener("DOMContentLoaded", drawAll);
