// The keys.

import { element } from "../elements.js";
import { inLanguage, say } from "../words.js";

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
