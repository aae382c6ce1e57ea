// The fleet page follows the fleet: each event of the server asks for the list again, at most once in two seconds.
// Without this script, or without the events, the page shows what was true when it was loaded.
const status = document.getElementById("live");
const PAUSE_MS = 2000;
let last = 0;
let waiting = 0;

function refresh() {
  waiting = 0;
  last = Date.now();
  document.body.dispatchEvent(new Event("fleet-changed"));
}

const events = new EventSource(status.dataset.events);
events.addEventListener("open", () => {
  status.textContent = status.dataset.on;
  status.classList.add("on");
});
events.addEventListener("error", () => {
  status.textContent = status.dataset.off;
  status.classList.remove("on");
});
events.addEventListener("fleet", (event) => {
  status.dataset.received = event.lastEventId;
  if (!waiting) waiting = setTimeout(refresh, Math.max(0, last + PAUSE_MS - Date.now()));
});
