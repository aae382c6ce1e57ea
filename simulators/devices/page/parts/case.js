// The sealed case, and the engineer's tray that appears when it was opened.

import { drawing, element, setText } from "../elements.js";
import { say } from "../words.js";

/** The case: shut with a lead seal, or open. */
export function caseSwitch({ parts }, touch) {
  if (!("case" in parts)) return null;
  const label = element("span");
  let position = "closed";
  const button = element("button", { type: "button", class: "case", "data-case": "closed", on: { click: () => touch({ case: position === "open" ? "closed" : "open" }) } },
    drawing("svg", { class: "symbol", "aria-hidden": "true" }, drawing("use", { href: "#symbol-seal" })), label);
  return {
    node: button,
    update({ case: now }) {
      position = now;
      button.dataset.case = now;
      setText(label, say(now === "open" ? "closeCase" : "openCase"));
    },
  };
}

/** The engineer: asks the authority for the answer to the challenge on the screen; it is typed with the device's keys. */
export function engineer({ parts }, touch) {
  if (!("engineer" in parts)) return null;
  const challenge = element("b", { class: "digits", "data-challenge": "" });
  const answer = element("output", { class: "answer digits" });
  const command = element("code", { class: "command" });
  const hint = element("p", { class: "quiet" });
  const ask = element("button", { type: "button", class: "plain", "data-ask": true, text: say("askAuthority"), on: { click: () => { ask.disabled = true; touch({ engineer: "ask" }); } } });
  const node = element("section", { class: "engineer", "aria-label": say("engineer"), hidden: true },
    element("h3", { text: say("engineer") }),
    element("p", { class: "asked" }, say("challenge"), " ", challenge, ask), command, answer, hint);
  return {
    node,
    update({ engineer: now, case: position }) {
      node.hidden = !now.challenge;
      setText(challenge, now.challenge);
      setText(answer, now.answer.replace(/(\d{4})(?=\d)/, "$1 "));
      setText(command, now.command && `$ ${now.command}`);
      command.hidden = answer.hidden = !now.answer;
      ask.disabled = Boolean(now.answer);
      setText(hint, say(position === "open" ? "closeFirst" : now.answer ? "typeAnswer" : "askFirst"));
    },
  };
}
