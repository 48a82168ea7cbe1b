const busy = (form, on) => {
  form.dataset.busy = on ? "1" : "";
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    if (on) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.dataset.many !== undefined) return;
  if (form.dataset.busy) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") busy(form, true);
});

document.addEventListener("htmx:finally:request", (event) => {
  const form = event.target.closest?.("form");
  if (form) busy(form, false);
});

addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-busy]").forEach((form) => busy(form, false));
});

const focusError = () => document.querySelector('[aria-invalid="true"]')?.focus();
document.addEventListener("htmx:after:swap", focusError);
focusError();
// Not sooner: going to the address's fragment takes the focus away.
addEventListener("load", () => document.querySelector("li:target input")?.focus());

// Selects marked data-submit send their form at once; without JavaScript the form keeps its button.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-submit]")) event.target.form.requestSubmit();
});
document.querySelectorAll("[data-submit]").forEach((element) => {
  element.form?.querySelectorAll("[data-plain]").forEach((button) => { button.hidden = true; });
});
