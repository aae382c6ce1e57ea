// The parts of a device. Each is built once from the device's description and brought up to date with every state;
// a kind that has no such part gets null. `touch({name: value})` is a hand: the panel's messages of panel.py.

import { element, goodsDrawing, setText } from "./elements.js";
import { segments } from "./segments.js";
import { inLanguage, say } from "./words.js";

const WEIGHT_LINE = /^(\S*)\s+(-?\d+\.\d+)\s*(\S*)\s*(.*)$/; // 净重 0.520 kg 稳定

/** The screen: a weight in the first line is drawn in segments, everything else as the text that it is. */
export function screen() {
  const first = element("div", { class: "lcd-first" });
  const others = element("div", { class: "lcd-others" });
  const spoken = element("p", { class: "unseen", role: "status" });
  const glass = element("div", { class: "lcd", "aria-label": say("screen"), role: "group" }, first, others, spoken);
  let shown = "";
  return {
    node: glass,
    update({ power, screen: lines }) {
      glass.classList.toggle("dark", power !== "on");
      const text = lines.join("\n");
      if (text === shown) return;
      shown = text;
      const [top = "", ...rest] = lines;
      first.replaceChildren(...firstLine(top));
      others.replaceChildren(...rest.map((line) => element("p", { text: line || "\u00a0" })));
      setText(spoken, lines.filter(Boolean).join("，"));
    },
  };
}

function firstLine(line) {
  const weight = WEIGHT_LINE.exec(line);
  if (!weight) return [element("p", { class: "lcd-large", text: line })];
  const [, label, number, unit, state] = weight;
  return [
    element("span", { class: "lcd-label", text: label }),
    segments(number),
    element("span", { class: "lcd-unit", text: unit }),
    element("span", { class: "lcd-state", text: state }),
  ];
}

/** The lamps, lit by name. */
export function lamps({ kind }) {
  const bulbs = kind.lamps.map((lamp) => [lamp.name, element("li", { class: `lamp ${lamp.colour}`, "data-lamp": lamp.name },
    element("i"), element("span", { text: inLanguage(lamp.label) }))]);
  return {
    node: element("ul", { class: "lamps", "aria-label": say("lamps") }, ...bulbs.map(([, bulb]) => bulb)),
    update({ lamps: lit }) {
      for (const [name, bulb] of bulbs) {
        bulb.classList.toggle("lit", lit.includes(name));
        bulb.setAttribute("aria-label", `${bulb.textContent} ${lit.includes(name) ? "●" : "○"}`);
      }
    },
  };
}

/** The keys; a goods key says what it sells. */
export function keypad({ kind, goods }, touch) {
  const blocks = kind.keypad.map(({ style, columns, keys }) =>
    element("div", { class: `keys ${style}`, "data-columns": columns }, ...keys.map((key) => keyButton(key, goods[key.name], style, touch))));
  return { node: element("div", { class: "keypad", role: "group", "aria-label": say("keypad") }, ...blocks), update() {} };
}

function keyButton(key, sells, style, touch) {
  const label = inLanguage(key.label);
  const button = element("button", { type: "button", class: "key", "data-key": key.name, title: key.shortcut && `⌨ ${key.shortcut.toUpperCase()}` });
  button.addEventListener("click", () => touch({ key: key.name }));
  if (style !== "goods") button.append(label);
  else if (sells) button.append(element("b", { text: sells.name }), element("small", { text: `${(sells.fen / 100).toFixed(2)} ${say("perKg")}` }));
  else {
    button.classList.add("free");
    button.append(element("small", { text: label }));
  }
  return button;
}

/** The pan with what lies on it. */
export function pan({ kind }) {
  if (!kind.pan) return null;
  const load = element("div", { class: "pan-load" });
  const grams = element("output", { class: "pan-grams" });
  let lying = "";
  return {
    node: element("div", { class: "pan", role: "img", "aria-label": say("pan") }, load, element("div", { class: "plate" }), grams),
    update({ pan: now }) {
      setText(grams, now.grams ? `${now.grams.toLocaleString("en")} g` : say("panEmpty"));
      const names = [...now.goods, ...(now.loose_grams ? ["loose"] : [])];
      if (lying === names.join()) return;
      lying = names.join();
      load.replaceChildren(...names.map(goodsDrawing));
    },
  };
}

/** The goods to put on the pan and take off. */
export function goodsTable({ kind, name }, touch) {
  if (!kind.pan) return null;
  let now = { goods: [], loose_grams: 0 };
  const lay = (change) => touch({ pan: { goods: now.goods, loose_grams: now.loose_grams, ...change } });
  const toggle = (one) => lay({ goods: now.goods.includes(one) ? now.goods.filter((other) => other !== one) : [...now.goods, one] });
  const buttons = kind.pan.goods.map((one) => [one.name, element("button", { type: "button", class: "thing", "data-goods": one.name, on: { click: () => toggle(one.name) } },
    goodsDrawing(one.name), element("b", { text: inLanguage(one.label) }), element("small", { text: inGrams(one.grams) }))]);
  const clear = element("button", { type: "button", class: "plain", "data-clear": true, text: say("clearPan"), on: { click: () => lay({ goods: [], loose_grams: 0 }) } });
  const range = looseInput("range", kind.pan.loose_grams, lay);
  const number = looseInput("number", kind.pan.loose_grams, lay);
  range.setAttribute("aria-label", say("loose"));
  const loose = element("label", { class: "loose" }, element("span", { text: say("loose") }), range, number, element("span", { text: "g" }));
  return {
    node: element("section", { class: "goods-table", "aria-label": `${say("pan")} ${name}` },
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

function looseInput(type, most, lay) {
  const input = element("input", { type, min: 0, max: most, step: 5, value: 0, "data-loose": type });
  input.addEventListener("input", () => {
    const grams = Math.round(Number(input.value));
    if (Number.isFinite(grams)) lay({ loose_grams: Math.min(most, Math.max(0, grams)) });
  });
  return input;
}

const inGrams = (grams) => (grams < 1000 ? `${grams} g` : `${grams / 1000} kg`);

/** The card reader, and the cards that lie beside it: one at a time is on the reader. */
export function cardReader({ kind, cards }, touch) {
  if (!kind.has_card_reader) return null;
  let held = null;
  const buttons = cards.map((card) => [card.name, element("button", { type: "button", class: `card ${card.style}`, "data-card": card.name,
    on: { click: () => touch({ card: held === card.name ? null : card.name }) } }, element("i"), element("span", { text: inLanguage(card.label) }))]);
  return {
    node: element("section", { class: "cards", "aria-label": say("cards") },
      element("h3", { class: "reader", text: say("reader") }),
      element("div", { class: "card-row" }, ...buttons.map(([, button]) => button))),
    update({ card }) {
      held = card;
      for (const [name, button] of buttons) button.setAttribute("aria-pressed", name === card);
    },
  };
}

/** The printer: its state, the paper that hangs out, and the slips torn off. */
export function printer({ kind, name }, touch) {
  if (!kind.has_printer) return null;
  const states = ["ok", "paper_out", "jam"].map((state) => [state, element("button", { type: "button", "data-printer": state, text: say(state), on: { click: () => touch({ printer: state }) } })]);
  const paper = element("div", { class: "paper" });
  const tear = element("button", { type: "button", class: "tear", text: `✂ ${say("tear")}`, on: { click: () => touch({ tear: true }) } });
  const tray = element("div", { class: "tray", "aria-label": say("torn") });
  let shown = "";
  return {
    node: element("section", { class: "printer", "aria-label": say("printer") },
      element("div", { class: "segmented", role: "group", "aria-label": say("printer") }, ...states.map(([, button]) => button)),
      element("div", { class: "slot" }), paper, tear, tray),
    update({ printer: state, slips }) {
      for (const [one, button] of states) button.setAttribute("aria-pressed", one === state);
      const key = JSON.stringify(slips);
      if (key === shown) return;
      shown = key;
      const hanging = slips.filter((slip) => !slip.torn);
      keepSlips(paper, hanging.slice(-1), name);
      if (!hanging.length) paper.replaceChildren(element("p", { text: say("noSlip") }));
      tear.disabled = !hanging.length;
      keepSlips(tray, [...slips.filter((slip) => slip.torn), ...hanging.slice(0, -1)].reverse(), name);
    },
  };
}

/** Show exactly these slips; one that is there already stays as it is, so that only new paper moves. */
function keepSlips(place, slips, device) {
  const there = new Map([...place.children].map((child) => [child.dataset.slip, child]));
  place.replaceChildren(...slips.map((slip) => there.get(String(slip.number)) ?? slipLink(slip, device)));
}

function slipLink({ number, url }, device) {
  const label = `${say("slip")} ${number}，${say("openTrace")}`;
  const picture = element("img", { src: `/devices/${device}/slips/${number}.png`, alt: "", width: 384 });
  return element("a", { class: "slip", href: url || undefined, target: "_blank", rel: "noopener", "data-slip": number, "aria-label": label, title: label }, picture);
}
