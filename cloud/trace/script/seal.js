// Sealed messages (clause 2), the registry (clause 7), records (clauses 3 and 4) and log receipts (RFC 9942),
// verified with the browser's own WebCrypto. Nothing here asks a server to believe anything.

import { decode, encode, join, Malformed } from "./cbor.js";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const SPKI = Uint8Array.from([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
  0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
]);
const STATES = ["active", "suspect", "quarantined", "revoked"];
const SALE = 4;
const MOVEMENT = 7;

export { Malformed };

/** Return the parts of a COSE_Sign1 of this format; nothing is verified yet. */
export function open(sealed) {
  const message = decode(sealed);
  if (message.tag !== 18 || !Array.isArray(message.value) || message.value.length !== 4) throw new Malformed("no seal");
  const [header, unprotected, payload, signature] = message.value;
  if (hex(header) !== "a10126" || unprotected.size !== 1 || signature.length !== 64) throw new Malformed("another seal");
  return { header, kid: unprotected.get(4), payload, signature };
}

/** Tell whether the seal is that of `point` and for this purpose. */
export async function holds(message, purpose, point) {
  if (hex(message.kid) !== hex(await keyId(point))) return false;
  const text = ["Signature1", message.header, new TextEncoder().encode(purpose), message.payload];
  return verify(point, message.signature, encode(text));
}

async function verify(point, signature, signed) {
  if (BigInt("0x" + hex(signature.subarray(32))) > ORDER / 2n) return false;
  const key = await crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed);
}

/** Return the first 8 bytes of SHA-256 over the key's SubjectPublicKeyInfo. */
export async function keyId(point) {
  return (await sha256(join([SPKI, point]))).subarray(0, 8);
}

/** Return the credentials of a registry bundle that the root answers for, now; throws Malformed when it does not. */
export async function registry(bundle, root, nowMs) {
  const [sealedVoucher, sealedRegistry] = decode(bundle);
  const seal = open(sealedRegistry);
  if (!await holds(seal, "chengxin/registry/1", await vouched(sealedVoucher, root, nowMs))) throw new Malformed("the registry was changed");
  return decode(seal.payload).get(4).map(credential);
}

/** Return the few credentials that are proved to be in the registry without the rest of it (clause 7.5). */
export async function proved(answer, root, nowMs) {
  const [sealedVoucher, sealedHead, rows] = decode(answer);
  const seal = open(sealedHead);
  if (!await holds(seal, "chengxin/registry-head/1", await vouched(sealedVoucher, root, nowMs))) throw new Malformed("the head was changed");
  const head = decode(seal.payload);
  for (const [row, index, path] of rows) {
    const top = await rootAbove(row, index, head.get(4), path);
    if (top === null || hex(top) !== hex(head.get(5))) throw new Malformed("a key that is not in the registry");
  }
  return rows.map(([row]) => credential(decode(row)));
}

async function vouched(sealedVoucher, root, nowMs) {
  const seal = open(sealedVoucher);
  if (!await holds(seal, "chengxin/voucher/1", root)) throw new Malformed("the root did not sign this registry key");
  const voucher = decode(seal.payload);
  if (nowMs < voucher.get(3) || nowMs > voucher.get(4)) throw new Malformed("the registry key is out of date");
  return voucher.get(2);
}

function credential(row) {
  return {
    name: row.get(1), role: row.get(2), point: row.get(3), state: STATES[row.get(4)],
    fromSeq: row.get(5), toSeq: row.get(6) ?? Infinity, codeBase: row.has(7) ? digits(row.get(7)) : null,
  };
}

/** Return the credential of a key id, or undefined. */
export async function find(credentials, kid) {
  for (const each of credentials) if (hex(await keyId(each.point)) === hex(kid)) return each;
  return undefined;
}

/** Return what a sealed sale, or a voucher's movement, says: masses in grams, money in fen. */
export function statement(payload) {
  const record = decode(payload);
  const body = record.get(6);
  const header = { seq: record.get(2), timeMs: record.get(4), count: record.get(7)[0] };
  if (record.get(5) === MOVEMENT) {
    return { ...header, isSale: false, made: (body.get(3) ?? []).map(([lot, grams]) => [digits(lot), grams]) };
  }
  if (record.get(5) !== SALE) throw new Malformed("neither a sale nor a movement");
  return {
    ...header, isSale: true, netGrams: body.get(1), priceFenPerKg: body.get(3), amountFen: body.get(4), lot: digits(body.get(6)),
  };
}

/** Tell whether a COSE receipt proves that `sealed` is in the log of the key `point`. */
export async function isLogged(receiptBytes, sealed, point) {
  const { tag, value: [header, unprotected, payload, signature] } = decodeReceipt(receiptBytes);
  if (tag !== 18 || payload !== null) return false;
  const [size, index, path] = decode(unprotected);
  const top = await rootAbove(sealed, index, size, path);
  return top !== null && verify(point, signature, encode(["Signature1", header, new Uint8Array(), top]));
}

/** Return the root above a leaf (RFC 9162, 2.1.3.2), or null when the path does not fit the tree. */
async function rootAbove(leaf, index, size, path) {
  if (index >= size) return null;
  let hash = await sha256(join([Uint8Array.of(0), leaf]));
  let [node, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) return null;
    const isRight = node % 2 === 1 || node === last;
    hash = await sha256(join([Uint8Array.of(1), ...(isRight ? [sibling, hash] : [hash, sibling])]));
    while (isRight && node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

/** A receipt's headers have keys that our strict decoder has no use for: {396: {-1: [proof]}} is read by its form. */
function decodeReceipt(bytes) {
  const start = [0xd2, 0x84];
  if (bytes[0] !== start[0] || bytes[1] !== start[1]) throw new Malformed("no receipt");
  const [header, afterHeader] = byteString(bytes, 2);
  if (hex(bytes.subarray(afterHeader, afterHeader + 7)) !== "a119018ca12081") throw new Malformed("no inclusion proof");
  const [proof, afterProof] = byteString(bytes, afterHeader + 7);
  if (hex(bytes.subarray(afterProof, afterProof + 3)) !== "f65840") throw new Malformed("no signature");
  return { tag: 18, value: [header, proof, null, bytes.subarray(afterProof + 3)] };
}

function byteString(bytes, at) {
  const widths = { 0x58: 1, 0x59: 2 };
  const width = widths[bytes[at]] ?? 0;
  const size = width ? bytes.subarray(at + 1, at + 1 + width).reduce((sum, byte) => sum * 256 + byte, 0) : bytes[at] - 0x40;
  const start = at + 1 + width;
  return [bytes.subarray(start, start + size), start + size];
}

/** Return SHA-256. */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Return bytes as lower-case hexadecimal digits. */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the digits of binary-coded decimal (clause 4.3). */
export function digits(packed) {
  return hex(packed).replace(/f$/, "");
}

/** Return the bytes of base64url without padding. */
export function fromBase64url(text) {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(standard), (letter) => letter.charCodeAt(0));
}
