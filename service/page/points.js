/** The points that can be moved: one of them is in the order of the tab key, the keys go from it to the others. */

import { element } from "./drawing.js";
import { format } from "./numbers.js";
import { MOST_DRAGGED } from "./state.js";

/** Draw the points, keeping the elements of those that stay: they may have the focus, or be under a finger. */
export function drawPoints(layer, frame, { points, selected, faulty }) {
  const movable = points.length <= MOST_DRAGGED ? points : [];
  while (layer.children.length > movable.length) layer.lastChild.remove();
  while (layer.children.length < movable.length) layer.append(newPoint());
  const ranks = ranked(points);
  movable.forEach(([x, y], i) => {
    const group = layer.children[i];
    group.setAttribute("transform", `translate(${frame.x(x).toFixed(2)} ${frame.y(y).toFixed(2)})`);
    group.setAttribute("tabindex", i === selected ? "0" : "-1");
    group.setAttribute("aria-label", `Point ${ranks[i] + 1} of ${points.length}: x ${format(x)}, y ${format(y)}`);
    group.classList.toggle("selected", i === selected);
    group.classList.toggle("faulty", faulty.has(i));
  });
}

/** Where each point is in ascending order of x. */
export function ranked(points) {
  const order = points.map((_, i) => i).sort((a, b) => points[a][0] - points[b][0]);
  const ranks = [];
  order.forEach((i, rank) => {
    ranks[i] = rank;
  });
  return ranks;
}

/** The point so many places further in ascending order; the ends hold. */
export function neighbour(points, index, places) {
  const ranks = ranked(points);
  const wanted = Math.min(Math.max(ranks[index] + places, 0), points.length - 1);
  return ranks.indexOf(wanted);
}

function newPoint() {
  const group = element("g", {
    class: "point",
    role: "button",
    "aria-roledescription": "movable point",
    "aria-describedby": "keys",
  });
  element("circle", { class: "halo", r: 18 }, group);
  element("circle", { class: "ring", r: 11 }, group);
  element("circle", { class: "dot", r: 5.5 }, group);
  return group;
}
