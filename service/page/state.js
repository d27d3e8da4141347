/** What the page shows, as far as its visitor has chosen it; all of it is in the address, behind the `#`. */

import { EXAMPLES } from "./examples.js";

export const MOST_DRAGGED = 300;
export const MOST_POINTS = 5000;

export const BEGINNING = Object.freeze({
  points: EXAMPLES.five.points,
  skip: true,
  standardise: false,
  task: "interpolate",
  objective: "norm",
  p: 0.5,
  regularisation: 0.001,
  view: null,
});

const TASKS = ["interpolate", "fit"];
const OBJECTIVES = ["norm", "kinks", "lp"];

/** The part of an address that leads back to this state. What is as at the beginning is left out. */
export function toHash(state) {
  const parts = [`x=${column(state.points, 0)}`, `y=${column(state.points, 1)}`];
  for (const name of ["skip", "standardise", "task", "objective", "p", "regularisation"]) {
    if (state[name] !== BEGINNING[name]) parts.push(`${name}=${state[name]}`);
  }
  if (state.view) parts.push(`view=${state.view.map((edge) => short(Number(edge.toPrecision(6)))).join(",")}`);
  return `#${parts.join("&")}`;
}

/** The state that an address leads to. An address is anybody's text: what makes no sense in it is passed over. */
export function fromHash(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const [x, y] = [numbers(given.get("x")), numbers(given.get("y"))];
  const state = { ...BEGINNING };
  if (x.length && x.length === y.length && x.length <= MOST_POINTS) state.points = x.map((value, i) => [value, y[i]]);
  state.skip = given.get("skip") !== "false";
  state.standardise = given.get("standardise") === "true";
  state.task = oneOf(TASKS, given.get("task"));
  state.objective = oneOf(OBJECTIVES, given.get("objective"));
  state.p = between(0.05, 0.95, given.get("p"), BEGINNING.p);
  state.regularisation = between(1e-9, 1e3, given.get("regularisation"), BEGINNING.regularisation);
  const view = numbers(given.get("view"));
  if (view.length === 4 && view[0] < view[1] && view[2] < view[3]) state.view = view;
  return state;
}

function column(points, index) {
  return points.map((point) => short(point[index])).join(",");
}

/** Without a plus sign, which stands for a space in addresses. */
function short(value) {
  return String(value).replace("+", "");
}

function numbers(text) {
  const values = text ? text.split(",").map(Number) : [];
  return values.every(Number.isFinite) ? values : [];
}

function oneOf(names, given) {
  return names.includes(given) ? given : names[0];
}

function between(low, high, given, otherwise) {
  const value = Number(given);
  return given !== null && value >= low && value <= high ? value : otherwise;
}
