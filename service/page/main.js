/** The page: a state, the last answers to it, and a drawing of both. */

import { asker } from "./asking.js";
import { listenToControls, showControls } from "./controls.js";
import { listenToCopying, showRequest } from "./copying.js";
import { frame } from "./drawing.js";
import { listenToPointers } from "./dragging.js";
import { valueAt } from "./functions.js";
import { listenToKeys } from "./keys.js";
import { roundBelow, snap } from "./numbers.js";
import { drawPlot } from "./plot.js";
import { drawPoints, neighbour } from "./points.js";
import { drawProof } from "./proof.js";
import { SIDES } from "./question.js";
import { BEGINNING, MOST_DRAGGED, fromHash, toHash } from "./state.js";
import { sentence, showNumbers, speaker } from "./summary.js";
import { fitted, misses, panned, zoomed } from "./view.js";

const REMEMBER_AFTER_MS = 250;

const svg = document.getElementById("plot");
const proof = document.getElementById("proof");
const layer = svg.querySelector(".points");
const say = speaker(document.getElementById("spoken"));

const page = { state: fromHash(location.hash), good: {}, errors: {}, selected: 0, view: null, frame: null };
page.view = page.state.view ?? fitted(page.state.points, []);
let drawing = 0;
let remembering = 0;
let isFresh = true;

// --- what is shown ---

/** Draw once before the next picture, however many changes come. */
function draw() {
  drawing ||= requestAnimationFrame(drawNow);
}

function drawNow() {
  drawing = 0;
  page.frame = frame(svg, page.view.slice(0, 2), page.view.slice(2));
  drawPlot(svg, page.frame, page);
  drawPoints(layer, page.frame, { points: page.state.points, selected: page.selected, faulty: faultyPoints() });
  drawProof(proof, document.getElementById("proof-caption"), page.view.slice(0, 2), page.good.penalised);
  for (const side of SIDES) document.body.classList.toggle(`${side}-old`, Boolean(page.errors[side]));
  showNumbers(page);
  showControls(page.state, page.selected, pointers());
  showRequest(page.state);
}

/** The places that errors name. */
function pointers() {
  const named = Object.values(page.errors).flatMap((error) => error?.fields.errors ?? []);
  return named.map(({ pointer }) => pointer ?? "");
}

function faultyPoints() {
  return new Set(pointers().map((pointer) => Number(/^\/[xy]\/(\d+)$/.exec(pointer)?.[1] ?? -1)));
}

// --- what is asked, and answered ---

const ask = asker(() => page.state, (answers) => {
  const { points, skip, task, objective } = page.state;
  for (const side of SIDES) {
    const { job, error } = answers[side];
    page.errors[side] = error;
    if (job) page.good[side] = { job, result: job.result, points, skip, task, objective };
  }
  document.body.dataset.answers = SIDES.some((side) => page.errors[side]) ? "refused" : "current";
  if (!isDragging()) settleView();
  draw();
  say(sentence(page));
});

function change(patch) {
  page.state = { ...page.state, ...patch };
  page.selected = Math.max(0, Math.min(page.selected, page.state.points.length - 1));
  document.body.dataset.answers = "awaited";
  draw();
  ask();
  remember();
}

/** Points that are new as a whole: the browser's "back" brings the old ones. */
function replace(patch) {
  remember.now();
  history.pushState(null, "", location.href);
  page.selected = 0;
  isFresh = true;
  change({ view: null, ...patch });
  page.view = fitted(page.state.points, []);
}

/** Not at every step of a drag: browsers refuse to be told a hundred addresses in a row. */
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(remember.now, REMEMBER_AFTER_MS);
}
remember.now = () => {
  clearTimeout(remembering);
  history.replaceState(null, "", toHash(page.state));
};

// --- the view ---

/** New points are shown whole; later the view moves only if it must, and never if its visitor has chosen it. */
function settleView() {
  if (page.state.view) return;
  const answers = SIDES.map((side) => page.good[side]).filter(Boolean);
  if (isFresh || misses(page.view, page.state.points)) page.view = fitted(page.state.points, answers);
  isFresh = false;
}

function look(view) {
  page.view = view;
  page.state = { ...page.state, view };
  draw();
  remember();
}

function fit() {
  look(null);
  isFresh = true;
  settleView();
}

// --- the points ---

function move(index, point) {
  change({ points: page.state.points.map((old, i) => (i === index ? point : old)) });
}

function add(point) {
  if (page.state.points.length >= MOST_DRAGGED) return;
  change({ points: [...page.state.points, point] });
  focus(page.state.points.length - 1);
}

/** Half way to the next point, on the curve: there it changes nothing until it is moved. */
function addBeside(index) {
  const { points } = page.state;
  const next = neighbour(points, index, 1);
  const x = next === index ? points[index][0] + (page.frame.x.high - page.frame.x.low) / 20 : (points[index][0] + points[next][0]) / 2;
  const step = roundBelow((page.frame.y.high - page.frame.y.low) / 1000);
  const y = page.good.penalised ? valueAt(page.good.penalised.result, x) : points[index][1];
  add([Number(x.toPrecision(6)), snap(y, step)]);
}

function remove(index) {
  const next = neighbour(page.state.points, index, 1);
  change({ points: page.state.points.filter((_, i) => i !== index) });
  page.selected = Math.max(0, Math.min(next > index ? next - 1 : next, page.state.points.length - 1));
}

function select(index) {
  page.selected = index;
  draw();
}

function focus(index) {
  page.selected = index;
  drawNow();
  layer.children[index]?.focus({ preventScroll: true });
}

// --- ears ---

const hands = {
  points: () => page.state.points,
  frame: () => page.frame,
  moved: () => {
    settleView();
    draw();
  },
  pan(dx, dy) {
    const { x, y } = page.frame;
    look(panned(page.view, x.back(dx) - x.back(0), y.back(dy) - y.back(0)));
  },
  remove(index) {
    remove(index);
    focus(page.selected);
  },
  ...{ move, add, addBeside, select, focus },
};
const isDragging = listenToPointers(svg, hands);
listenToKeys(layer, hands);
listenToCopying(() => page.state);
listenToControls({
  change,
  replace,
  fit,
  zoom: (factor) => look(zoomed(page.view, factor)),
  add: () => (page.state.points.length ? addBeside(page.selected) : add([0, 0])),
  remove: () => remove(page.selected),
  reset: () => replace({ ...BEGINNING }),
  moveSelected: (point) => move(page.selected, point),
});
window.addEventListener("popstate", () => {
  page.state = fromHash(location.hash);
  page.view = page.state.view ?? fitted(page.state.points, []);
  isFresh = true;
  change({});
});
new ResizeObserver(draw).observe(svg);
change({});
