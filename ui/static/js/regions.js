const EVERY = 250;
const GROUPS = {
  board: ["task", "run", "check", "approval"],
  costs: ["call", "budget", "price", "run"],
  agents: ["agent", "run"],
  inbox: ["approval", "task", "run", "message"],
  providers: ["provider", "route", "call"],
};
const pages = new Map();

const wants = (topic, event) => {
  const [noun, id] = topic.split(":");
  const about = event[`${noun}_id`];
  if (id) return Boolean(about) && (id === "*" || about === id);
  const kind = event.kind.split(".")[0];
  return topic === "*" || topic === kind || Boolean(GROUPS[topic]?.includes(kind));
};

const morph = async (url, ids) => {
  const answer = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const text = await answer.text();
  for (const id of ids) {
    const target = document.getElementById(id);
    if (!target || !text.includes(`id="${id}"`)) continue;
    await window.htmx.swap({ text, target, sourceElement: target, select: `[id="${id}"]`, swap: "outerMorph" });
    document.dispatchEvent(new CustomEvent("live:swapped", { detail: { id } }));
  }
};

const work = async (url, page) => {
  const ids = [...page.ids];
  page.ids.clear();
  try {
    await morph(url, ids);
  } catch (error) {
    console.warn("live region not refreshed", error);
  }
  page.last = Date.now();
  page.timer = undefined;
  if (page.ids.size) schedule(url, page);
};

const schedule = (url, page) => {
  page.timer ??= setTimeout(work, Math.max(0, page.last + EVERY - Date.now()), url, page);
};

const refresh = (element) => {
  const url = element.dataset.liveUrl || location.pathname + location.search;
  if (!pages.has(url)) pages.set(url, { ids: new Set(), last: 0 });
  pages.get(url).ids.add(element.id);
  schedule(url, pages.get(url));
};

const regions = () => document.querySelectorAll("[data-live][id]");
document.addEventListener("live:gap", () => regions().forEach(refresh));
document.addEventListener("live:change", ({ detail }) => {
  for (const region of regions()) if (region.dataset.live.split(/\s+/).some((topic) => wants(topic, detail))) refresh(region);
});
