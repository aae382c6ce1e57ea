// Building the page's tree without a framework.

const SVG = "http://www.w3.org/2000/svg";

/** Return a new element; `properties` are attributes, except `on` ({event: listener}) and `text`. */
export function element(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function drawing(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Return the drawing of goods called `name`, from the symbols in index.html. */
export function goodsDrawing(name) {
  const known = document.getElementById(`goods-${name}`) ? name : "loose";
  return drawing("svg", { class: `goods-drawing ${name}`, "aria-hidden": "true" }, drawing("use", { href: `#goods-${known}` }));
}

/** Set text only where it has changed, so that screen readers hear changes and nothing else. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function fill(node, { on = {}, text, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}
