// The card reader, and the cards that lie beside it.

import { element, setText } from "../elements.js";
import { inLanguage, say } from "../words.js";

/** The card reader, and the cards that lie beside it: one at a time is on the reader. */
export function cardReader({ parts }, touch) {
  const cards = parts.card;
  if (!cards) return null;
  let held = null;
  const buttons = cards.map((card) => [card.name, element("button", { type: "button", class: `card ${card.style}`, "data-card": card.name,
    on: { click: () => touch({ card: held === card.name ? null : card.name }) } }, element("i"), element("small", { class: "digits" }), element("span", { text: inLanguage(card.label) }))]);
  return {
    node: element("section", { class: "cards", "aria-label": say("cards") },
      element("h3", { class: "reader", text: say("reader") }),
      element("div", { class: "card-row" }, ...buttons.map(([, button]) => button))),
    update({ card }) {
      held = card.held;
      for (const [name, button] of buttons) {
        button.setAttribute("aria-pressed", name === held);
        button.classList.toggle("away", card.away.includes(name));
        button.title = card.away.includes(name) ? say("away") : "";
        setText(button.querySelector("small"), card.says[name]);
      }
    },
  };
}
