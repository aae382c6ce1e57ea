// The antenna at the rail with its tags, and the beeper that answers.

import { drawing, element, setText } from "../elements.js";
import { say } from "../words.js";

const WORDS_OF_SOUNDS = { done: "soundDone", flagged: "soundFlagged", refused: "soundRefused" };

/** The tag reader: five things that can pass its antenna. */
export function tagReader({ parts }, touch) {
  if (!("tags" in parts)) return null;
  const number = element("small", { class: "digits" });
  const hook = element("small", { class: "digits" });
  const button = (what, drawn, ...labels) => element("button", { type: "button", class: `tag ${what}`, "data-tag": what, on: { click: () => touch({ tag: what }) } }, symbol(drawn), element("span", {}, element("b", { text: say(`tag.${what}`) }), ...labels));
  const again = button("again", "ear-tag");
  return {
    node: element("section", { class: "tags", "aria-label": say("tagReader") },
      element("h3", { text: say("tagReader") }),
      element("div", { class: "tag-row" }, button("next", "ear-tag", number), again, button("hook", "hook", hook), button("cattle", "ear-tag"), button("noise", "noise"))),
    update({ tags }) {
      setText(number, `…${tags.next.slice(-8)}`);
      setText(hook, `${tags.hook}`);
      again.disabled = !tags.last;
    },
  };
}

/** The beeper: which sound came last; it lights up again with each. */
export function beeper({ parts }) {
  if (!("beeper" in parts)) return null;
  const words = element("span", { role: "status" });
  const node = element("p", { class: "beeper", "aria-label": say("beeper") }, symbol("beeper"), words);
  let heard = 0;
  return {
    node,
    update({ beeper: { sound, number } }) {
      if (number === heard) return;
      heard = number;
      node.dataset.sound = sound;
      setText(words, sound ? say(WORDS_OF_SOUNDS[sound]) : "");
      node.classList.remove("sounding");
      void node.offsetWidth; // so that the same sound is seen twice
      if (sound) node.classList.add("sounding");
    },
  };
}

function symbol(name) {
  return drawing("svg", { class: "symbol", "aria-hidden": "true" }, drawing("use", { href: `#symbol-${name}` }));
}
