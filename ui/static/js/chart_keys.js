const seats = () => [...document.querySelectorAll("#chart .seat-link")];
const box = (seat) => seat.getBoundingClientRect();
const named = (slug) => seats().find((seat) => seat.dataset.agent === slug);

const beside = (seat, step) => {
  const own = seats().filter((other) => other.dataset.manager === seat.dataset.manager);
  return own[own.indexOf(seat) + step];
};

const steps = {
  ArrowUp: (seat) => named(seat.dataset.manager),
  ArrowDown: (seat) => seats().find((other) => other.dataset.manager === seat.dataset.agent),
  ArrowLeft: (seat) => beside(seat, -1),
  ArrowRight: (seat) => beside(seat, 1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, dialog")) return;
  if (["+", "-", "0"].includes(event.key)) {
    document.querySelector(`[data-zoom="${event.key}"]`)?.click();
    return;
  }
  const step = steps[event.key];
  const here = event.target.closest?.("#chart");
  if (!step || !here) return;
  const seat = event.target.closest(".seat-link");
  const next = seat ? step(seat) : seats()[0];
  if (!next || !box(next).width) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
});
