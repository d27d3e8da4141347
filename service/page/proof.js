/** The certificate of the penalised answer: why nothing is better. */

import { axes, clip, element, frame, line } from "./drawing.js";
import { distinct, dual, envelope, kinksOf, touches } from "./functions.js";
import { format } from "./numbers.js";

const MOST_MARKED = 60;
const STEPS = 160;

/** Draws it with the same x axis as the plot above, and says in words what is seen. */
export function drawProof(svg, caption, [low, high], good) {
  if (!good) return;
  const isCurve = good.task === "fit" || good.objective === "norm";
  const layers = { axes: svg.querySelector(".axes"), curves: svg.querySelector(".curves") };
  layers.curves.replaceChildren();
  if (isCurve) drawCurves(svg, layers, [low, high], good);
  else drawParts(svg, layers, [low, high], good);
  caption.textContent = isCurve ? aboutCurves(good) : aboutParts(good);
}

function drawCurves(svg, layers, [low, high], { result, points, skip }) {
  const curves = dual(result, points, skip, low, high);
  const xs = distinct(points).map(([x]) => x);
  const within = [...kinksOf(result), xs[0], xs[xs.length - 1]].filter((x) => x >= low && x <= high);
  const tallest = 1.25 * Math.max(1, ...within.map((x) => envelope(result, x)));
  const scales = frame(svg, [low, high], [-tallest, tallest]);
  start(svg, layers, scales);
  drawEnvelope(layers.curves, scales, result);
  const found = touches(result, curves).filter(([x]) => x >= low && x <= high);
  const touched = found.length > MOST_MARKED ? [] : found;
  for (const [x, value] of touched) {
    const at = scales.x(x);
    element("line", { class: "drop", x1: at, x2: at, y1: 0, y2: scales.y(value) }, layers.curves);
  }
  if (curves.left) element("path", { class: "penalised curve facing-left", d: line(curves.left, scales) }, layers.curves);
  element("path", { class: "penalised curve", d: line(curves.right, scales) }, layers.curves);
  for (const [x, value] of touched) {
    element("circle", { class: "penalised mark", cx: scales.x(x), cy: scales.y(value), r: 5 }, layers.curves);
  }
}

function drawEnvelope(parent, scales, result) {
  const { low, high } = scales.x;
  const xs = Array.from({ length: STEPS + 1 }, (_, i) => low + ((high - low) * i) / STEPS);
  const above = xs.map((x) => [x, envelope(result, x)]);
  const below = above.map(([x, value]) => [x, -value]);
  element("path", { class: "allowed", d: `${line([...above, ...below.reverse()], scales)}Z` }, parent);
  element("path", { class: "envelope", d: line(above, scales) + line(below, scales) }, parent);
}

/** For kinks and l^p the proof is a sum, one part a point. */
function drawParts(svg, layers, [low, high], { result, points }) {
  const parts = result.certificate.dual_values;
  const tallest = 1.2 * Math.max(...parts, 1e-9);
  const scales = frame(svg, [low, high], [Math.min(0, ...parts), tallest]);
  start(svg, layers, scales);
  const d = distinct(points).map(([x], i) => `M${scales.x(x)} ${scales.y(0)}V${scales.y(parts[i])}`);
  element("path", { class: "part", d: d.join("") }, layers.curves);
}

function start(svg, layers, scales) {
  axes(layers.axes, scales);
  clip(svg.querySelector("clipPath rect"), scales, 0);
}

function aboutCurves({ result, skip, task }) {
  const { lower_bound: bound } = result.certificate;
  const what = task === "fit" ? "an objective" : "a norm";
  const curve = skip ? "The curve stays" : "Both curves (dashed: for neurons that face left) stay";
  const touching = skip ? " and touches it at each kink" : " and one of them touches it at each kink";
  const unit = result.transformation ? "√(1 + z²) (z: standardised x)" : "√(1 + x²)";
  return (
    `${curve} within ±${unit}${result.kink_count ? touching : ""}. ` +
    `So no network with penalised biases has ${what} below ${format(bound)}; ${gap(result)}.`
  );
}

function aboutParts({ result, objective }) {
  const { lower_bound: bound } = result.certificate;
  const claim = objective === "kinks" ? "no function through the points has fewer kinks" : "no function has a smaller sum";
  return (
    `Each bar is what its point costs at least. They add up to ${format(bound)}: ` +
    `${claim}; ${gap(result)}.`
  );
}

function gap(result) {
  const { relative_gap: size } = result.certificate;
  return size === undefined ? "no gap is told" : `the relative gap is ${format(size)}`;
}
