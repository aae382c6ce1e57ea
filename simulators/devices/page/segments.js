// The weight in seven-segment digits, as a liquid crystal shows it: dark segments, and a ghost of those that are off.

import { drawing } from "./elements.js";

const STROKES = {
  a: "M2.8 1.5H9.2", b: "M10.5 2.8V9.7", c: "M10.5 12.3V19.2", d: "M2.8 20.5H9.2",
  e: "M1.5 12.3V19.2", f: "M1.5 2.8V9.7", g: "M2.8 11H9.2",
};
const LIT = {
  0: "abcdef", 1: "bc", 2: "abged", 3: "abgcd", 4: "fgbc", 5: "afgcd", 6: "afgedc", 7: "abc", 8: "abcdefg", 9: "abcdfg",
  "-": "g", " ": "",
};
const DIGITS = 6;
const PITCH = 16.5;

/** Return the drawing of `number`, a decimal such as "-0.520", right-aligned in six digits. */
export function segments(number) {
  const cells = [...number.matchAll(/([\d-])(\.?)/g)].map(([, digit, point]) => ({ digit, point: point === "." }));
  while (cells.length < DIGITS) cells.unshift({ digit: " ", point: false });
  const width = cells.length * PITCH;
  const row = drawing("svg", { class: "segments", viewBox: `-3 -1 ${width + 2} 24`, "aria-hidden": "true" });
  cells.forEach((cell, place) => row.append(digitDrawing(cell, place * PITCH)));
  return row;
}

function digitDrawing({ digit, point }, left) {
  const strokes = Object.entries(STROKES).map(([name, path]) =>
    drawing("path", { d: path, class: LIT[digit].includes(name) ? "lit" : "ghost" }));
  const dot = drawing("circle", { cx: 14.6, cy: 20.5, r: 1.35, class: point ? "lit-dot" : "ghost-dot" });
  return drawing("g", { transform: `translate(${left} 0) skewX(-5)` }, ...strokes, dot);
}
