const shelf = document.getElementById("toasts");
const STAY = 7000;

const show = (text, tone = "") => {
  const toast = Object.assign(document.createElement("div"), { className: `toast ${tone}`, textContent: text });
  shelf?.append(toast);
  setTimeout(() => toast.remove(), STAY);
};

document.addEventListener("toast", ({ detail }) => show(detail.text, detail.tone));

document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status === 422) return;
  const fallback = `The server answered ${ctx.response.status}. Nothing was changed; try again.`;
  if (!ctx.response.headers.get("content-type")?.includes("json")) {
    show(fallback, "bad");
    return;
  }
  const problem = JSON.parse(ctx.text);
  show(`${problem.detail || problem.title || fallback} (${problem.code ?? ctx.response.status})`, "bad");
});

document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx) show("No answer from the server. Check the connection and try again.", "bad");
});
