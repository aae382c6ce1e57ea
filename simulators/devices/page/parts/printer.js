// The printer, the paper that hangs out of it and the slips that were torn off.

import { element } from "../elements.js";
import { say } from "../words.js";

/** The printer: its state, the paper that hangs out, and the slips torn off. */
export function printer({ parts, name }, touch) {
  if (!("printer" in parts)) return null;
  const states = ["ok", "paper_out", "jam"].map((state) => [state, element("button", { type: "button", "data-printer": state, text: say(state), on: { click: () => touch({ printer: state }) } })]);
  const paper = element("div", { class: "paper" });
  const tear = element("button", { type: "button", class: "tear", text: `✂ ${say("tear")}`, on: { click: () => touch({ tear: true }) } });
  const tray = element("div", { class: "tray", "aria-label": say("torn") });
  let shown = "";
  return {
    node: element("section", { class: "printer", "aria-label": say("printer") },
      element("div", { class: "segmented", role: "group", "aria-label": say("printer") }, ...states.map(([, button]) => button)),
      element("div", { class: "slot" }), paper, tear, tray),
    update({ printer: { condition, slips } }) {
      for (const [one, button] of states) button.setAttribute("aria-pressed", one === condition);
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
