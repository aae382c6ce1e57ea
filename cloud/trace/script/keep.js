// The service worker: what was looked at once can be looked at again without a network.

const NAME = "chengxin-2";
const PARTS = ["/style.css", "/check.js", "/seal.js", "/cbor.js"];
const KEPT = /^\/(t\/|v1\/keys\/|v1\/log\/receipt\/record\/|registry\.cose$)/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(forgetOthers().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method === "GET" && (PARTS.includes(path) || KEPT.test(path))) event.respondWith(newest(event.request));
});

/** What an earlier version of this worker kept. */
async function forgetOthers() {
  for (const name of await caches.keys()) if (name !== NAME) await caches.delete(name);
}

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
