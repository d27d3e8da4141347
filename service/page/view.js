/** Which part of the plane is shown: `[low x, high x, low y, high y]`. */

import { corners, kinksOf, regions } from "./functions.js";

const ROOM = 0.1;
const MOST_BEYOND = 2;

/** All points, and the functions about them, with some room. */
export function fitted(points, answers) {
  const across = extent(points.map(([x]) => x));
  const span = across[1] - across[0];
  const kinks = answers.flatMap(({ result }) => kinksOf(result));
  const near = kinks.filter((x) => x > across[0] - span && x < across[1] + span);
  const [low, high] = roomy(extent([...across, ...near]));
  const own = extent(points.map(([, y]) => y));
  const reach = MOST_BEYOND * (own[1] - own[0]);
  const seen = answers.flatMap(({ result, points: asked }) => [
    ...corners(result, ...across),
    ...regions(result, asked, ...across).flat(),
  ]);
  const heights = seen.map(([, y]) => Math.min(Math.max(y, own[0] - reach), own[1] + reach));
  return [low, high, ...roomy(extent([...own, ...heights]))];
}

/** Whether a point lies outside of what is shown. */
export function misses([low, high, bottom, top], points) {
  return points.some(([x, y]) => x < low || x > high || y < bottom || y > top);
}

/** Zoomed about the middle, as far as numbers and their names on the axes can be told apart. */
export function zoomed(view, factor) {
  const [low, high, bottom, top] = view;
  const found = [...about(low, high, factor), ...about(bottom, top, factor)];
  const isFine = (a, b) => b - a > 1e-9 * Math.max(Math.abs(a), Math.abs(b)) && b - a < 1e300;
  return isFine(found[0], found[1]) && isFine(found[2], found[3]) ? found : view;
}

export function panned([low, high, bottom, top], dx, dy) {
  return [low - dx, high - dx, bottom - dy, top - dy];
}

function about(low, high, factor) {
  const [middle, half] = [(low + high) / 2, ((high - low) / 2) * factor];
  return [middle - half, middle + half];
}

function extent(values) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!Number.isFinite(high - low)) return [-1, 1];
  const least = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
  return high - low > least ? [low, high] : [low - 1, high + 1];
}

function roomy([low, high]) {
  const room = (high - low) * ROOM;
  return [low - room, high + room];
}
