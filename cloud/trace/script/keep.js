// The service worker: what was looked at once can be looked at again without a network.

const NAME = "chengxin-1";
const PARTS = ["/style.css", "/check.js", "/seal.js", "/cbor.js", "/registry.cose"];
const KEPT = /^\/(t\/|v1\/log\/receipt\/record\/)/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method === "GET" && (PARTS.includes(path) || KEPT.test(path))) event.respondWith(newest(event.request));
});

/** The network's answer, kept for the next time; without a network, the one that was kept. */
async function newest(request) {
  const cache = await caches.open(NAME);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
