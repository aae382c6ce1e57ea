// What a device shows: its screen and its lamps.

import { element, setText } from "../elements.js";
import { segments } from "../segments.js";
import { inLanguage, say } from "../words.js";

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
