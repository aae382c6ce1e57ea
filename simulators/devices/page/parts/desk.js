// The market's card desk: vouchers from the slaughter line that are still to be written on their buyer's card.

import { element } from "../elements.js";
import { say } from "../words.js";

const TAIL = 7;

/** One button for each voucher. */
export function desk({ parts }, touch) {
  if (!("desk" in parts)) return null;
  const row = element("div", { class: "code-row" });
  let shown = "";
  return {
    node: element("section", { class: "desk", "aria-label": say("desk") }, element("h3", { text: say("desk") }), row),
    update({ desk: vouchers }) {
      const key = vouchers.join();
      if (key === shown && row.hasChildNodes()) return;
      shown = key;
      row.replaceChildren(...vouchers.map((voucher) => element("button", { type: "button", class: "code", "data-desk": voucher, on: { click: () => touch({ desk: voucher }) } },
        element("b", { text: `${say("voucher")} …${voucher.slice(-TAIL)}` }), element("small", { text: say("enterVoucher") }))));
      if (!vouchers.length) row.append(element("p", { class: "quiet", text: say("noVouchers") }));
    },
  };
}
