const body = document.body;
const RETRY = 3000;
let source;
let opened = false;
let retry;

const say = (state, text) => {
  for (const element of document.querySelectorAll("[data-live-state]")) {
    if (element.dataset.liveState === state) continue;
    element.dataset.liveState = state;
    element.querySelector("[data-live-text]").textContent = text;
  }
};

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

const change = (message) => {
  if (message.data) tell("live:change", { kind: message.type, ...JSON.parse(message.data) });
};

const onOpen = () => {
  say("connected", "Live");
  if (opened) tell("live:gap");
  opened = true;
};

const onError = () => {
  say(navigator.onLine ? "reconnecting" : "offline", navigator.onLine ? "Reconnecting" : "Offline");
  if (source?.readyState !== EventSource.CLOSED) return;
  clearTimeout(retry);
  retry = setTimeout(connect, RETRY);
};

function connect() {
  clearTimeout(retry);
  source?.close();
  if (document.hidden) return;
  source = new EventSource(body.dataset.liveStream);
  source.onopen = onOpen;
  source.onerror = onError;
  source.addEventListener("gap", () => tell("live:gap"));
  const kinds = (body.dataset.liveKinds ?? "").split(" ").filter(Boolean);
  for (const kind of ["message", ...kinds]) source.addEventListener(kind, change);
}

// A browser allows six connections to one HTTP/1.1 host: a hidden tab must not hold one.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) connect();
  else source?.close();
});
addEventListener("online", connect);
addEventListener("offline", onError);
addEventListener("pagehide", () => source?.close());
// On the way to another page nothing here needs news; a download stays, and connects again.
addEventListener("beforeunload", () => {
  source?.close();
  retry = setTimeout(connect, RETRY);
});

if (body.dataset.liveStream) connect();
