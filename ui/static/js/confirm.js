const dialog = document.getElementById("ask-first");
const typed = dialog?.querySelector("[data-confirm-typed]");
const agree = dialog?.querySelector("[data-confirm-agree]");
let waiting;

const part = (name) => dialog.querySelector(`[data-confirm-${name}]`);

const ask = (source, then) => {
  const { confirm, confirmDetail, confirmAction, confirmName } = source.dataset;
  waiting = then;
  part("title").textContent = confirm;
  part("detail").textContent = confirmDetail ?? "";
  part("field").hidden = !confirmName;
  part("name").textContent = confirmName ?? "";
  typed.value = "";
  agree.textContent = confirmAction ?? "Continue";
  agree.disabled = Boolean(confirmName);
  agree.dataset.name = confirmName ?? "";
  dialog.showModal();
};

typed?.addEventListener("input", () => {
  agree.disabled = typed.value.trim() !== agree.dataset.name;
});

dialog?.addEventListener("close", () => {
  if (dialog.returnValue === "agree") waiting?.();
  waiting = undefined;
  dialog.returnValue = "";
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  const source = event.submitter?.dataset.confirm ? event.submitter : form;
  if (!dialog || !source.dataset.confirm) return;
  if (form.dataset.confirmed) {
    delete form.dataset.confirmed;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(source, () => {
    form.dataset.confirmed = "1";
    form.requestSubmit(event.submitter);
  });
}, { capture: true });
