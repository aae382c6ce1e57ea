// Deterministic CBOR, the subset of the format's clause 1: reads it strictly, writes what signatures are made over.

export class Malformed extends Error {}

/** Return the one value that `bytes` hold; throws Malformed for anything else. Tags come as {tag, value}. */
export function decode(bytes) {
  const reader = { bytes, at: 0 };
  const value = item(reader, 0);
  if (reader.at !== bytes.length) throw new Malformed("bytes after the end");
  return value;
}

const DEEPEST = 8;

function item(reader, depth) {
  if (depth > DEEPEST) throw new Malformed("too deep");
  const first = take(reader, 1)[0];
  const major = first >> 5;
  if (major === 7) return simple(first);
  const argument = length(reader, first & 31);
  switch (major) {
    case 0: return argument;
    case 1: return -1 - argument;
    case 2: return take(reader, argument);
    case 3: return new TextDecoder("utf-8", { fatal: true }).decode(take(reader, argument));
    case 4: return Array.from({ length: bounded(reader, argument) }, () => item(reader, depth + 1));
    case 5: return map(reader, argument, depth);
    default: return { tag: argument, value: item(reader, depth + 1) };
  }
}

function map(reader, count, depth) {
  const entries = new Map();
  let before = -1;
  for (let left = bounded(reader, count); left > 0; left -= 1) {
    const key = item(reader, depth + 1);
    if (!Number.isInteger(key) || key <= before) throw new Malformed("keys must be numbers that rise");
    entries.set(before = key, item(reader, depth + 1));
  }
  return entries;
}

function simple(first) {
  if (first === 0xf4) return false;
  if (first === 0xf5) return true;
  if (first === 0xf6) return null;
  throw new Malformed("no such value here");
}

function length(reader, low) {
  if (low < 24) return low;
  if (low > 27) throw new Malformed("indefinite length");
  const width = 1 << (low - 24);
  let value = 0;
  for (const byte of take(reader, width)) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw new Malformed("a number beyond what this page can count");
  if (value < (width === 1 ? 24 : 2 ** (4 * width))) throw new Malformed("not the shortest form");
  return value;
}

function bounded(reader, count) {
  if (count > reader.bytes.length - reader.at) throw new Malformed("cut off");
  return count;
}

function take(reader, count) {
  bounded(reader, count);
  return reader.bytes.subarray(reader.at, reader.at += count);
}

/** Return the encoding of unsigned numbers, byte strings, texts and arrays of them. */
export function encode(value) {
  if (value instanceof Uint8Array) return join([head(0x40, value.length), value]);
  if (Array.isArray(value)) return join([head(0x80, value.length), ...value.map(encode)]);
  if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    return join([head(0x60, text.length), text]);
  }
  return head(0, value);
}

function head(major, number) {
  if (number < 24) return Uint8Array.of(major + number);
  if (number < 256) return Uint8Array.of(major + 24, number);
  return Uint8Array.of(major + 25, number >> 8, number & 255);
}

/** Return byte strings one after the other. */
export function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
