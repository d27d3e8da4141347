/** The keyboard on a point. */

import { roundBelow, snap } from "./numbers.js";
import { neighbour } from "./points.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEPS_ACROSS = 100;
const ALL = 1e9;
const PLACES = { PageDown: 1, PageUp: -1, End: ALL, Home: -ALL };

/** `page` as for pointers, with `remove(i)` and `addBeside(i)` as well. */
export function listenToKeys(layer, page) {
  layer.addEventListener("keydown", (event) => {
    const index = [...layer.children].indexOf(event.target);
    if (index < 0 || event.ctrlKey || event.metaKey) return;
    if (act(event, index, page)) event.preventDefault();
  });
  layer.addEventListener("focusin", (event) => {
    const index = [...layer.children].indexOf(event.target);
    if (index >= 0) page.select(index);
  });
}

function act(event, index, page) {
  const { key } = event;
  if (key in WAYS) step(event, index, page);
  else if (key in PLACES) page.focus(neighbour(page.points(), index, PLACES[key]));
  else if (key === "Delete" || key === "Backspace") page.remove(index);
  else if (key === "Enter" || key === "Insert") page.addBeside(index);
  else return false;
  return true;
}

/** One step is a hundredth of the plot; Shift makes it ten times as long, Alt a tenth. */
function step(event, index, page) {
  const { x, y } = page.frame();
  const factor = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
  const [a, b] = page.points()[index];
  const [right, up] = WAYS[event.key];
  const go = (value, axis, way) => {
    const size = roundBelow((axis.high - axis.low) / STEPS_ACROSS);
    return way === 0 ? value : snap(value + way * factor * size, size / 1000);
  };
  page.move(index, [go(a, x, right), go(b, y, up)]);
  page.moved();
}
