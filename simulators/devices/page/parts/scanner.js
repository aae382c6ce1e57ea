// What a handheld reads and photographs.

import { drawing, element, setText } from "../elements.js";
import { inLanguage, say } from "../words.js";

const SHORT = 16;

/** The scanner: codes that stand about, and the newest slips of the other devices. */
export function scanner({ parts }, touch) {
  const codes = parts.scanner;
  if (!codes) return null;
  const row = element("div", { class: "code-row" });
  const slips = element("div", { class: "code-row slips" });
  row.append(...codes.map((code) => codeButton(code.name, code.style, inLanguage(code.label), () => touch({ scan: code.name }))));
  let shown = "";
  return {
    node: element("section", { class: "scanner", "aria-label": say("scanner") },
      element("h3", {}, say("scanner")), row, slips),
    update({ scanner: now }) {
      const key = JSON.stringify(now.slips);
      if (key === shown) return;
      shown = key;
      slips.replaceChildren(...now.slips.map(({ device, number }) =>
        codeButton(`${device}/${number}`, "slip", `${say("slip")} ${number} · ${device}`, () => touch({ scan: [device, number] }))));
      if (!now.slips.length) slips.append(element("p", { class: "quiet", text: say("noSlipsYet") }));
    },
  };
}

function codeButton(name, style, label, click) {
  const picture = drawing("svg", { class: "symbol", "aria-hidden": "true" }, drawing("use", { href: style === "label" ? "#symbol-label" : "#symbol-code" }));
  return element("button", { type: "button", class: `code ${style}`, "data-code": name, on: { click } }, picture, element("span", { text: label }));
}

/** The camera: each photo with the digest that is sealed. */
export function camera({ parts, name }, touch) {
  if (!("camera" in parts)) return null;
  const film = element("ol", { class: "film" });
  let shown = "";
  return {
    node: element("section", { class: "camera", "aria-label": say("camera") },
      element("button", { type: "button", class: "shutter", "data-shutter": true, on: { click: () => touch({ photo: true }) } },
        drawing("svg", { class: "symbol", "aria-hidden": "true" }, drawing("use", { href: "#symbol-camera" })), element("span", { text: say("takePhoto") })), film),
    update({ camera: photos }) {
      const key = JSON.stringify(photos);
      if (key === shown) return;
      shown = key;
      film.replaceChildren(...photos.slice(-1).map(({ number, sha256 }) => element("li", { "data-photo": number },
        element("img", { src: `/devices/${name}/photos/${number}.png`, alt: say("photo"), width: 160, height: 120 }),
        digest(sha256))));
    },
  };
}

function digest(sha256) {
  const node = element("code", { title: sha256, "data-sha256": sha256 });
  setText(node, `SHA-256 ${sha256.slice(0, SHORT)}…`);
  return node;
}
