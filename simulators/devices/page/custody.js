// The strip beside the devices: how many records are where, and the two lines between that can be cut.

import { element, setText } from "./elements.js";
import { say } from "./words.js";

const ORDER = ["signed", "network", "gateway", "uplink", "committed", "quarantined"];
const LINES = new Set(["network", "uplink"]);

/** Draw the strip into `place`; return its `update`. `touch({network: false})` cuts a line. */
export function custodyStrip(place, touch) {
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const cells = ORDER.map((name) => (LINES.has(name) ? lineCell(name, touch) : figureCell(name)));
  place.setAttribute("aria-label", say("custody"));
  place.append(element("div", { class: "chain" }, ...cells.map((cell) => cell.node)), trouble);
  return {
    update(state) {
      for (const cell of cells) cell.update(state);
      trouble.hidden = !state.trouble;
      setText(trouble, state.trouble ? `${say("serviceTrouble")}${state.trouble.code} ${state.trouble.detail}` : "");
    },
  };
}

function figureCell(name) {
  const figure = element("b", { "data-figure": name, text: "…" });
  const node = element("div", { class: `figure ${name}` }, figure, element("span", { text: say(name) }));
  return {
    node,
    update(state) {
      setText(figure, String(state[name]));
      node.classList.toggle("behind", (name === "gateway" || name === "committed") && state[name] < state.signed);
      node.classList.toggle("bad", name === "quarantined" && state[name] > 0);
    },
  };
}

function lineCell(name, touch) {
  const label = element("span", { class: "line-name", text: say(name) });
  const button = element("button", { type: "button", class: "plain", "data-line": name });
  const node = element("div", { class: "line" }, label, element("i", { class: "wire" }), button);
  let line = "busy";
  button.addEventListener("click", () => touch({ [name]: line === "down" }));
  return {
    node,
    update({ lines }) {
      line = lines[name];
      node.dataset.state = line;
      button.disabled = line === "busy";
      setText(label, `${say(name)}${line === "busy" ? "" : ` · ${say(line)}`}`);
      setText(button, line === "busy" ? say("busy") : say(line === "up" ? "cut" : "mend"));
    },
  };
}
