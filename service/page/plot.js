/** Both functions over the points: what the upper plot shows, but for the points. */

import { axes, clip, dots, element, line, MARGIN } from "./drawing.js";
import { corners, kinksOf, regions, valueAt } from "./functions.js";
import { MOST_DRAGGED } from "./state.js";

const MOST_MARKED = 60;
const MOST_TICKED = 1000;

export function drawPlot(svg, frame, { state, good }) {
  const layer = (name) => svg.querySelector(`.${name}`);
  axes(layer("axes"), frame);
  clip(svg.querySelector("clipPath rect"), frame, MARGIN.top / 2);
  const curves = layer("curves");
  curves.replaceChildren();
  if (good.free) drawFree(curves, frame, good.free);
  if (good.penalised) drawPenalised(curves, frame, good.penalised);
  drawRug(layer("rug"), frame, good);
  const crowd = state.points.length > MOST_DRAGGED ? dots(state.points, frame) : "";
  layer("crowd").setAttribute("d", crowd);
}

function drawFree(curves, frame, { result, points }) {
  const { low, high } = frame.x;
  for (const region of regions(result, points, low, high)) {
    element("path", { class: "region", d: `${line(region, frame)}Z` }, curves);
  }
  const path = line(corners(result, low, high), frame);
  element("path", { class: "free band", d: path }, curves);
  element("path", { class: "free curve", d: path }, curves);
  for (const [x, y] of marks(result, frame)) {
    element("rect", { class: "free mark", x: frame.x(x) - 7.5, y: frame.y(y) - 7.5, width: 15, height: 15 }, curves);
  }
}

function drawPenalised(curves, frame, { result }) {
  const found = marks(result, frame);
  for (const [x, y] of found) {
    const at = frame.x(x);
    element("line", { class: "drop", x1: at, x2: at, y1: frame.y(y), y2: frame.height }, curves);
  }
  element("path", { class: "penalised curve", d: line(corners(result, frame.x.low, frame.x.high), frame) }, curves);
  for (const [x, y] of found) {
    const d = `M${frame.x(x)} ${frame.y(y)}m0 -8.5l8.5 8.5l-8.5 8.5l-8.5 -8.5z`;
    element("path", { class: "penalised mark", d }, curves);
  }
}

/** Kinks with their values, unless they are too many to be told apart. */
function marks(result, { x }) {
  const seen = kinksOf(result).filter((kink) => kink >= x.low && kink <= x.high);
  return seen.length > MOST_MARKED ? [] : seen.map((kink) => [kink, valueAt(result, kink)]);
}

/** Ticks on the axis, also where points hide the marks: penalised ones above, free ones below. */
function drawRug(layer, frame, good) {
  layer.replaceChildren();
  const bottom = frame.height - MARGIN.bottom;
  for (const [side, start] of [["penalised", bottom - 9], ["free", bottom]]) {
    const kinks = good[side] ? kinksOf(good[side].result) : [];
    if (kinks.length > MOST_TICKED) continue;
    const seen = kinks.filter((kink) => kink >= frame.x.low && kink <= frame.x.high);
    const d = seen.map((kink) => `M${frame.x(kink).toFixed(2)} ${start}v-8`).join("");
    element("path", { class: `${side} rug-tick`, d }, layer);
  }
}
