// What the phone itself checks: the sealed sale in the slip's QR code, against the registry's key and this page.
//
// The sentences are on the page already, in the reader's language: each check is a list item with one text for each
// outcome. Here it is only decided which of them is true. What cannot be known stays open, and says so.

import { find, fromBase64url, hex, holds, isLogged, Malformed, open, registry, sale, sha256 } from "./seal.js";

const CLOUD = 7;

const section = document.getElementById("phone");
const sealedText = decodeURIComponent(location.hash.slice(1));
if (section && sealedText.length > 40) {
  const started = performance.now();
  section.hidden = false;
  check(sealedText).finally(() => { section.dataset.done = Math.round(performance.now() - started); });
}

/** Say what holds, as far as it can be known; `data-done` on the section is how many milliseconds it took. */
async function check(text) {
  if (!globalThis.crypto?.subtle) return say("able", "failed");
  let message, sold;
  try {
    const sealed = fromBase64url(text);
    message = { ...open(sealed), sealed };
    sold = sale(message.payload);
  } catch {
    return say("signature", "failed");
  }
  const root = fromBase64url(section.dataset.root);
  section.querySelector("[data-fingerprint]").textContent = fingerprint(await sha256(root));
  const credentials = await trusted(root);
  if (credentials === null) return;
  const device = await find(credentials, message.kid);
  if (device === undefined) return say("key", "failed");
  say("signature", await holds(message, "chengxin/record/1", device.point) ? "held" : "failed");
  const isGood = device.state === "active" && sold.seq >= device.fromSeq && sold.seq <= device.toSeq;
  say("key", isGood ? "held" : device.state === "revoked" ? "revoked" : "doubtful");
  say("page", isSame(sold, device) ? "held" : "failed");
  await log(message, device, sold, credentials);
}

async function trusted(root) {
  try {
    const answer = await fetch("/registry.cose");
    if (!answer.ok) throw new TypeError("no registry");
    return await registry(new Uint8Array(await answer.arrayBuffer()), root, Date.now());
  } catch (error) {
    say("key", error instanceof Malformed ? "failed" : "open");
    return null;
  }
}

function isSame(sold, device) {
  const page = section.dataset;
  const slip = device.codeBase + String(sold.count).padStart(7, "0");
  return slip === page.code && sold.lot === page.lot && String(sold.netGrams) === page.netGrams
    && String(sold.priceFenPerKg) === page.priceFenPerKg && String(sold.amountFen) === page.amountFen;
}

async function log(message, device, sold, credentials) {
  try {
    const answer = await fetch(`/v1/log/receipt/record/${device.name}/${sold.seq}`);
    if (!answer.ok) return say("log", "open");
    const receipt = new Uint8Array(await answer.arrayBuffer());
    for (const cloud of credentials.filter((each) => each.role === CLOUD && each.state === "active")) {
      if (await isLogged(receipt, message.sealed, cloud.point)) return say("log", "held");
    }
    say("log", "failed");
  } catch (error) {
    say("log", error instanceof Malformed ? "failed" : "open");
  }
}

function say(name, outcome) {
  const row = section.querySelector(`[data-check="${name}"]`);
  row.hidden = false;
  row.className = { revoked: "failed", doubtful: "failed" }[outcome] ?? outcome;
  row.querySelector("[data-words]").textContent = row.dataset[outcome];
}

function fingerprint(bytes) {
  return hex(bytes.subarray(0, 8)).match(/.{4}/g).join(" ");
}

navigator.serviceWorker?.register("/keep.js");
