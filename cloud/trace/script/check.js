// What the phone itself checks: the sealed sale of a slip, or the sealed movement of a voucher 上市凭证, as its QR code
// carries it, against the registry's key and this page.
//
// The sentences are on the page already, in the reader's language: each check is a list item with one text for each
// outcome. Here it is only decided which of them is true. What cannot be known stays open, and says so.

import { find, fromBase64url, hex, holds, isLogged, Malformed, open, proved, registry, sha256, statement } from "./seal.js";

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
  if (section.dataset.home && section.dataset.home !== location.origin) say("address", "failed");
  if (!globalThis.crypto?.subtle) return say("able", "failed");
  let message, said;
  try {
    const sealed = fromBase64url(text);
    message = { ...open(sealed), sealed };
    said = statement(message.payload);
  } catch {
    return say("signature", "failed");
  }
  const root = fromBase64url(section.dataset.root);
  section.querySelector("[data-fingerprint]").textContent = fingerprint(await sha256(root));
  const credentials = await trusted(root, message.kid);
  if (credentials === null) return;
  const device = await find(credentials, message.kid);
  if (device === undefined) return say("key", "failed");
  const isSealed = await holds(message, "chengxin/record/1", device.point);
  say("signature", isSealed ? "held" : "failed");
  const isGood = device.state === "active" && said.seq >= device.fromSeq && said.seq <= device.toSeq;
  say("key", isGood ? "held" : device.state === "revoked" ? "revoked" : "doubtful");
  if (section.dataset.kind !== "waiting") {
    say("page", isSame(said, device) ? "held" : "failed");
  } else if (isSealed && isOfThisCode(said, device)) {
    say("page", "early");
    show(said);
  } else {
    say("page", "failed");
  }
  await log(message, device, said.seq, credentials);
}

/** Return the keys that matter here, proved; a key that the cloud does not show is looked for in the whole registry. */
async function trusted(root, kid) {
  try {
    const shown = await fetch(`/v1/keys/${hex(kid)}`);
    if (shown.ok) return await proved(await bytesOf(shown), root, Date.now());
    const whole = await fetch("/registry.cose");
    if (!whole.ok) throw new TypeError("no registry");
    return await registry(await bytesOf(whole), root, Date.now());
  } catch (error) {
    say("key", error instanceof Malformed ? "failed" : "open");
    return null;
  }
}

async function bytesOf(answer) {
  return new Uint8Array(await answer.arrayBuffer());
}

function isOfThisCode(said, device) {
  const code = section.dataset.code;
  return said.isSale ? code === device.codeBase + String(said.count).padStart(7, "0") : said.made.some(([lot]) => lot === code);
}

function isSame(said, device) {
  const page = section.dataset;
  if ((page.kind === "sale") !== said.isSale || !isOfThisCode(said, device)) return false;
  if (!said.isSale) return said.made.some(([lot, grams]) => lot === page.code && String(grams) === page.netGrams);
  return said.lot === page.lot && String(said.netGrams) === page.netGrams
    && String(said.priceFenPerKg) === page.priceFenPerKg && String(said.amountFen) === page.amountFen;
}

/** Write what the device signed, where the page has nothing of its own to show: its record is still on the way. */
function show(said) {
  const line = section.querySelector("[data-signed]");
  const grams = said.isSale ? said.netGrams : said.made.find(([lot]) => lot === section.dataset.code)[1];
  const sum = `¥${yuan(said.amountFen)} = ${grams / 1000} kg × ${yuan(said.priceFenPerKg)} ${line.dataset.perKg}`;
  line.textContent = said.isSale ? sum : `${grams / 1000} kg`;
  line.hidden = false;
}

function yuan(fen) {
  return (fen / 100).toFixed(2);
}

async function log(message, device, seq, credentials) {
  try {
    const answer = await fetch(`/v1/log/receipt/record/${device.name}/${seq}`);
    if (!answer.ok) return say("log", "open");
    const receipt = await bytesOf(answer);
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
  row.className = { revoked: "failed", doubtful: "failed", early: "open" }[outcome] ?? outcome;
  row.querySelector("[data-words]").textContent = row.dataset[outcome];
}

function fingerprint(bytes) {
  return hex(bytes.subarray(0, 8)).match(/.{4}/g).join(" ");
}

navigator.serviceWorker?.register("/keep.js");
