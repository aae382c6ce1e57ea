// The page: fetch what devices there are, draw each, and keep one websocket to each and one to the site.

import { custodyStrip } from "./custody.js";
import { element, setText } from "./elements.js";
import { camera, scanner } from "./parts/scanner.js";
import { cardReader } from "./parts/cards.js";
import { caseSwitch, engineer } from "./parts/case.js";
import { desk } from "./parts/desk.js";
import { keypad } from "./parts/keypad.js";
import { goodsTable, pan } from "./parts/pan.js";
import { printer } from "./parts/printer.js";
import { lamps, screen } from "./parts/screen.js";
import { sky } from "./parts/sky.js";
import { beeper, tagReader } from "./parts/tags.js";
import { inLanguage, language, say, troubleText } from "./words.js";

const RECONNECT_MS = 1000;
const PARTS = { pan, screen, lamps, keypad, printer, goodsTable, cardReader, caseSwitch, engineer, tagReader, beeper, desk, scanner, camera, sky };
const lost = new Set();

start();

async function start() {
  document.documentElement.lang = language === "en" ? "en" : "zh-CN";
  document.title = say("title");
  setText(byId("subtitle"), say("subtitle"));
  setText(byId("foot"), `${say("foot")} ${say("keys")}`);
  setText(byId("language"), say("otherLanguage"));
  byId("language").href = language === "en" ? "/" : "/?lang=en";
  const devices = await (await fetch("/devices")).json();
  byId("devices").append(...devices.map(drawDevice));
  const strip = custodyStrip(byId("custody"), (hand) => touchSite(hand));
  const touchSite = connect("site", (state) => {
    strip.update(state);
    for (const [name, count] of Object.entries(state.devices)) showSigned(name, count);
  });
}

/** Draw one device and connect it. */
function drawDevice(device) {
  let refusal = ""; // stays until the next hand, however often the device draws its screen anew
  const touch = (hand) => {
    refusal = "";
    send(hand);
  };
  const built = Object.fromEntries(Object.entries(PARTS).map(([name, part]) => [name, part(device, touch)]).filter(([, part]) => part));
  const head = headOf(device, touch, built.caseSwitch);
  const trouble = element("p", { class: "notice", role: "alert", hidden: true });
  const article = element("article", { class: `device ${device.kind.name}`, id: device.name, tabindex: -1, "aria-label": device.place },
    head.node, trouble, ...bench(built));
  article.addEventListener("keydown", (event) => pressByKeyboard(event, device, touch, article));
  const send = connect(`devices/${device.name}`, (state) => {
    article.dataset.power = state.power;
    article.dataset.case = state.case ?? "";
    const words = state.trouble ? troubleText(state.trouble) : refusal;
    trouble.hidden = !words;
    setText(trouble, words);
    for (const part of [head, ...Object.values(built)]) part.update(state);
  }, (code) => {
    refusal = say("refused") + say(code);
    trouble.hidden = false;
    setText(trouble, refusal);
  });
  return article;
}

/** Put the parts of a device where they belong: what weighs on top, the instrument, and what lies before it. */
function bench(built) {
  const nodes = (...names) => names.filter((name) => name in built).map((name) => built[name].node);
  return [
    ...nodes("goodsTable", "pan"),
    element("div", { class: "hand" }, element("div", { class: "body" },
      element("div", { class: "front" }, ...nodes("screen", "lamps", "beeper", "keypad")), ...nodes("printer"))),
    ...nodes("cardReader", "engineer", "tagReader", "desk", "scanner", "camera", "sky"),
  ];
}

/** The head of a device: where it stands, how it is, how much it has signed, its case and its plug. */
function headOf(device, touch, caseSwitch) {
  const power = element("span", { class: "power" });
  const plug = element("button", { type: "button", class: "plug" });
  let hasPower = false;
  plug.addEventListener("click", () => touch({ power: hasPower ? "off" : "on" }));
  const node = element("header", { class: "device-head" },
    element("div", {}, element("h2", { text: device.place }),
      element("p", { class: "quiet" }, `${inLanguage(device.kind.label)} ${device.name} · ${device.kind.model}`)),
    element("div", { class: "device-power" }, element("p", {}, power, element("span", { class: "signed" })),
      element("div", { class: "device-switches" }, ...(caseSwitch ? [caseSwitch.node] : []), plug)));
  return {
    node,
    update(state) {
      hasPower = state.power === "on" || state.power === "starting";
      setText(power, say(state.power));
      setText(plug, say(hasPower ? "pullPlug" : "plugIn"));
    },
  };
}

function showSigned(name, count) {
  const place = document.querySelector(`#${CSS.escape(name)} .signed`);
  if (place) setText(place, ` · ${say("signedHere")} ${count} ${say("records")}`);
}

/** Press a device's key from the keyboard, unless somebody is typing a number. */
function pressByKeyboard(event, { kind }, touch, article) {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const pressed = event.key.toLowerCase();
  const key = kind.keypad.flatMap((block) => block.keys).find(({ shortcut }) => shortcut && shortcut.toLowerCase() === pressed);
  if (!key) return;
  event.preventDefault();
  touch({ key: key.name });
  const button = article.querySelector(`[data-key="${key.name}"]`);
  button.classList.add("pressed");
  setTimeout(() => button.classList.remove("pressed"), 120);
}

/** Keep a websocket at `path`; return the function that sends a hand. A lost one is said and opened again. */
function connect(path, show, refuse = () => {}) {
  let socket;
  const open = () => {
    socket = new WebSocket(`ws://${location.host}/${path}`);
    socket.addEventListener("message", ({ data }) => {
      setLost(path, false);
      const message = JSON.parse(data);
      if (message.refused) refuse(message.refused);
      else show(message);
    });
    socket.addEventListener("close", () => {
      setLost(path, true);
      setTimeout(open, RECONNECT_MS);
    });
  };
  open();
  return (hand) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(hand));
  };
}

function setLost(path, isLost) {
  if (isLost) lost.add(path);
  else lost.delete(path);
  byId("notice").hidden = lost.size === 0;
  setText(byId("notice"), lost.size ? say("pageLost") : "");
}

function byId(id) {
  return document.getElementById(id);
}
