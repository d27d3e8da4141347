/** Pointers: mouse, pen and finger. Points are dragged; the empty area is moved with the mouse, two clicks add a point. */

import { roundBelow, snap } from "./numbers.js";

/**
 * `page` has `frame()`, `points()`, and what to do: `select(i)`, `move(i, point)`, `moved()`, `pan(dx, dy)`, `add(point)`.
 */
export function listenToPointers(svg, page) {
  let drag = null;

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drag) return;
    const group = event.target.closest(".point");
    if (!group && event.pointerType !== "mouse") return; // a finger on the empty area scrolls the page
    drag = group ? dragOf(group, event, page) : { from: [event.clientX, event.clientY] };
    drag.pointer = event.pointerId;
    svg.setPointerCapture(event.pointerId);
    svg.classList.add(group ? "dragging" : "panning");
    if (group) event.preventDefault();
  });

  // Inside of a drawing browsers do not heed `touch-action`: a finger on a point would scroll the page.
  const hold = (event) => event.target.closest(".point") && event.preventDefault();
  svg.addEventListener("touchstart", hold, { passive: false });

  svg.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drag?.pointer) return;
    if ("index" in drag) page.move(drag.index, under(event, drag, page.frame()));
    else {
      page.pan(event.clientX - drag.from[0], event.clientY - drag.from[1]);
      drag.from = [event.clientX, event.clientY];
    }
  });

  function stop(restore) {
    if (!drag) return;
    const { index, origin } = drag;
    drag = null;
    svg.classList.remove("dragging", "panning");
    if (restore && index !== undefined) page.move(index, origin);
    page.moved();
  }

  svg.addEventListener("pointerup", (event) => event.pointerId === drag?.pointer && stop(false));
  svg.addEventListener("pointercancel", (event) => event.pointerId === drag?.pointer && stop(true));
  window.addEventListener("keydown", (event) => event.key === "Escape" && stop(true));
  svg.addEventListener("dblclick", (event) => {
    if (!event.target.closest(".point")) page.add(under(event, { offset: [0, 0] }, page.frame()));
  });
  return () => drag !== null && "index" in drag;
}

function dragOf(group, event, page) {
  const index = [...group.parentNode.children].indexOf(group);
  const origin = page.points()[index];
  const { x, y } = page.frame();
  page.select(index);
  const [left, top] = corner(event.currentTarget);
  return { index, origin, offset: [x(origin[0]) - event.clientX + left, y(origin[1]) - event.clientY + top] };
}

/** The point under a pointer, in round numbers no finer than the screen, inside the axes. */
function under(event, { offset }, { x, y }) {
  const [left, top] = corner(event.currentTarget);
  return [
    rounded(x, event.clientX - left + offset[0]),
    rounded(y, event.clientY - top + offset[1]),
  ];
}

function rounded(axis, pixel) {
  const value = Math.min(Math.max(axis.back(pixel), axis.low), axis.high);
  return snap(value, roundBelow(Math.abs(axis.back(1) - axis.back(0))));
}

function corner(svg) {
  const { left, top } = svg.getBoundingClientRect();
  return [left, top];
}
