// Where a handheld is, and what its receiver sees of the sky.

import { drawing, element, setText } from "../elements.js";
import { inLanguage, say } from "../words.js";

const SIGHTS = ["good", "poor", "none", "garbage"];
const WIDTH = 280;
const STEP = 0.004; // degrees that an arrow key walks

/** The sketch map with a pin, and the four kinds of sky. */
export function sky({ parts }, touch) {
  const map = parts.sky;
  if (!map) return null;
  const scale = Math.cos(((map.north + map.south) / 2) * Math.PI / 180);
  const height = Math.round(WIDTH * (map.north - map.south) / ((map.east - map.west) * scale));
  const onPaper = ([latitude, longitude]) => [
    (longitude - map.west) / (map.east - map.west) * WIDTH, (map.north - latitude) / (map.north - map.south) * height];
  const pin = drawing("g", { class: "pin" }, drawing("circle", { class: "accuracy", r: 14 }), drawing("path", { d: "M0 0C-2-6-7-9-7-14a7 7 0 0 1 14 0C7-9 2-6 0 0Z" }), drawing("circle", { class: "eye", cy: -14, r: 2.6 }));
  const picture = drawing("svg", { class: "map", viewBox: `0 0 ${WIDTH} ${height}`, tabindex: 0, role: "application", "aria-label": say("map") },
    ...map.land.map((outline) => drawing("path", { class: "land", d: `M${outline.map((point) => onPaper(point).map((value) => value.toFixed(1)).join(" ")).join("L")}Z` })),
    ...map.places.map((place) => placeMark(place, onPaper([place.latitude, place.longitude]), WIDTH)), pin);
  let now = { latitude: 0, longitude: 0 };
  const walk = (latitude, longitude) => touch({ place: [clamp(latitude, map.south, map.north), clamp(longitude, map.west, map.east)] });
  picture.addEventListener("click", (event) => {
    const frame = picture.getBoundingClientRect();
    walk(map.north - (event.clientY - frame.top) / frame.height * (map.north - map.south), map.west + (event.clientX - frame.left) / frame.width * (map.east - map.west));
  });
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [STEP, 0], ArrowDown: [-STEP, 0], ArrowLeft: [0, -STEP], ArrowRight: [0, STEP] }[event.key];
    if (!step) return;
    event.preventDefault();
    walk(now.latitude + step[0], now.longitude + step[1]);
  });
  const position = element("output", { class: "digits" });
  const sights = SIGHTS.map((sight) => [sight, element("button", { type: "button", "data-sky": sight, text: say(`sky.${sight}`), on: { click: () => touch({ sky: sight }) } })]);
  const places = map.places.map((place) => element("button", { type: "button", class: "plain", "data-place": place.name, text: inLanguage(place.label), on: { click: () => walk(place.latitude, place.longitude) } }));
  return {
    node: element("section", { class: "sky", "aria-label": say("sky") },
      element("div", { class: "sky-head" }, element("h3", { text: say("sky") }), position),
      element("div", { class: "segmented sights", role: "group", "aria-label": say("sky") }, ...sights.map(([, button]) => button)),
      picture, element("div", { class: "places" }, ...places)),
    update({ sky: state }) {
      now = state;
      const [x, y] = onPaper([state.latitude, state.longitude]);
      pin.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      pin.setAttribute("data-sight", state.sight);
      setText(position, `${state.latitude.toFixed(4)}° N  ${state.longitude.toFixed(4)}° E`);
      for (const [sight, button] of sights) button.setAttribute("aria-pressed", sight === state.sight);
    },
  };
}

function placeMark({ label }, [x, y], width) {
  const isRight = x > width * 0.7;
  return drawing("g", { class: "place", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }, drawing("circle", { r: 2.4 }),
    drawing("text", { x: isRight ? -6 : 6, y: 3.4, "text-anchor": isRight ? "end" : "start", text: inLanguage(label) }));
}

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));
