/** Elements of SVG, axes, and lines. */

import { formatTick, scale, ticks } from "./numbers.js";

const SVG = "http://www.w3.org/2000/svg";
const FAR = 1e5;
export const MARGIN = { left: 56, right: 14, top: 14, bottom: 28 };

export function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

/** An emptied drawing of the size that it has on the screen, and the scales of its axes. */
export function frame(svg, [low, high], [bottom, top]) {
  const { width, height } = svg.getBoundingClientRect();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return {
    width,
    height,
    x: scale(low, high, MARGIN.left, width - MARGIN.right),
    y: scale(bottom, top, height - MARGIN.bottom, MARGIN.top),
  };
}

/** Grid lines with their numbers. */
export function axes(parent, { width, height, x, y }) {
  parent.replaceChildren();
  const across = ticks(x.low, x.high, Math.max(4, width / 60));
  for (const value of across.values) {
    const at = x(value);
    const kind = value === 0 ? "grid zero" : "grid";
    element("line", { class: kind, x1: at, x2: at, y1: MARGIN.top, y2: height - MARGIN.bottom }, parent);
    const text = element("text", { class: "tick", x: at, y: height - 9, "text-anchor": "middle" }, parent);
    text.textContent = formatTick(value, across.step);
  }
  const up = ticks(y.low, y.high, Math.max(4, height / 36));
  for (const value of up.values) {
    const at = y(value);
    const kind = value === 0 ? "grid zero" : "grid";
    element("line", { class: kind, x1: MARGIN.left, x2: width - MARGIN.right, y1: at, y2: at }, parent);
    const text = element("text", { class: "tick", x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, parent);
    text.textContent = formatTick(value, up.step);
  }
}

/** Browsers draw nothing at all of a line with an end too far away. */
function pixel(value) {
  return Math.min(Math.max(value, -FAR), FAR).toFixed(2);
}

export function line(vertices, { x, y }) {
  return vertices.map(([a, b], i) => `${i ? "L" : "M"}${pixel(x(a))} ${pixel(y(b))}`).join("");
}

/** Dots as one path of lines without length: thousands cost no more than one. */
export function dots(vertices, { x, y }) {
  return vertices.map(([a, b]) => `M${pixel(x(a))} ${pixel(y(b))}h0`).join("");
}

/** Only what is inside of the axes is seen, and what leads there from `top`. */
export function clip(rect, { width, height }, top) {
  rect.setAttribute("x", MARGIN.left);
  rect.setAttribute("y", top);
  rect.setAttribute("width", Math.max(0, width - MARGIN.left - MARGIN.right));
  rect.setAttribute("height", Math.max(0, height - MARGIN.bottom - top));
}
