// The load receptor, and what can be put there.

import { drawing, element, goodsDrawing, setText } from "../elements.js";
import { inLanguage, say } from "../words.js";

/** The pan with what lies on it. */
export function pan({ kind }) {
  if (!kind.pan) return null;
  const load = element("div", { class: "pan-load" });
  const isRail = kind.pan.style === "rail";
  const grams = element("output", { class: "pan-grams" });
  let lying = "";
  return {
    node: element("div", { class: `pan on-${kind.pan.style}`, role: "img", "aria-label": say(kind.pan.style) }, load, isRail ? railDrawing() : element("div", { class: "plate" }), grams),
    update({ pan: now }) {
      setText(grams, now.grams ? `${now.grams.toLocaleString("en")} g` : say(`${kind.pan.style}Empty`));
      const names = [...now.goods, ...(now.loose_grams ? [isRail ? "loose-hung" : "loose"] : [])];
      if (lying === names.join()) return;
      lying = names.join();
      load.replaceChildren(...names.map(goodsDrawing));
    },
  };
}

/** The rail over the scale: a beam, the weighed piece of it, and the antenna beside it. */
function railDrawing() {
  return drawing("svg", { class: "rail-drawing", "aria-hidden": "true", viewBox: "0 0 400 176", preserveAspectRatio: "xMidYMin slice" }, drawing("use", { href: "#symbol-rail" }));
}

/** The goods to put on the pan and take off. */
export function goodsTable({ kind, name }, touch) {
  if (!kind.pan) return null;
  let now = { goods: [], loose_grams: 0 };
  const lay = (change) => touch({ pan: { goods: now.goods, loose_grams: now.loose_grams, ...change } });
  const toggle = (one) => lay({ goods: now.goods.includes(one) ? now.goods.filter((other) => other !== one) : [...now.goods, one] });
  const buttons = kind.pan.goods.map((one) => [one.name, element("button", { type: "button", class: "thing", "data-goods": one.name, on: { click: () => toggle(one.name) } },
    goodsDrawing(one.name), element("b", { text: inLanguage(one.label) }), element("small", { text: inGrams(one.grams) }))]);
  const clear = element("button", { type: "button", class: "plain", "data-clear": true, text: say(`${kind.pan.style}Clear`), on: { click: () => lay({ goods: [], loose_grams: 0 }) } });
  const range = looseInput("range", kind.pan, lay);
  const number = looseInput("number", kind.pan, lay);
  range.setAttribute("aria-label", say("loose"));
  const loose = element("label", { class: "loose" }, element("span", { text: say("loose") }), range, number, element("span", { text: "g" }));
  return {
    node: element("section", { class: "goods-table", "aria-label": `${say(kind.pan.style)} ${name}` },
      element("div", { class: "things" }, ...buttons.map(([, button]) => button)),
      element("div", { class: "loose-line" }, loose, clear)),
    update({ pan: state }) {
      now = state;
      for (const [one, button] of buttons) button.setAttribute("aria-pressed", state.goods.includes(one));
      for (const input of [range, number]) if (document.activeElement !== input) input.value = state.loose_grams;
      clear.disabled = !state.grams;
    },
  };
}

function looseInput(type, { loose_grams: most, step_grams: step }, lay) {
  const input = element("input", { type, min: 0, max: most, step, value: 0, "data-loose": type });
  input.addEventListener("input", () => {
    const grams = Math.round(Number(input.value));
    if (Number.isFinite(grams)) lay({ loose_grams: Math.min(most, Math.max(0, grams)) });
  });
  return input;
}

const inGrams = (grams) => (grams < 1000 ? `${grams} g` : `${grams / 1000} kg`);
