/** Functions and certificates as polylines. docs/certificate.md says what the certificate is. */

const SAME = { shift: 0, scale: 1 };
const TOUCHES = 0.999;

/** Answers to standardised data speak of `(x - shift) / scale`; the plot speaks of x. */
export function placed(result) {
  const { shift, scale } = result.transformation ?? SAME;
  return { inner: (x) => (x - shift) / scale, outer: (z) => shift + scale * z };
}

export function kinksOf(result) {
  return result.function.kinks.map(placed(result).outer);
}

/** The corners of the function between two abscissae, the ends included. */
export function corners(result, low, high) {
  const { inner, outer } = placed(result);
  const { x0, y0, slope0, kinks, slope_changes: changes } = result.function;
  const [start, stop] = [inner(low), inner(high)];
  let [at, value, slope] = [x0, y0, slope0];
  const found = [];
  const go = (to) => {
    value += slope * (to - at);
    at = to;
  };
  const ahead = kinks.map((kink, k) => [kink, changes[k]]);
  if (start < x0) found.push([low, y0 + slope0 * (start - x0)]);
  let begun = start < x0;
  for (const [kink, change] of [...ahead, [Infinity, 0]]) {
    if (!begun && kink > start) {
      go(start);
      found.push([low, value]);
      begun = true;
    }
    if (kink >= stop) break;
    go(kink);
    if (begun) found.push([outer(kink), value]);
    slope += change;
  }
  go(stop);
  return [...found, [high, value]];
}

/** The function at one place. */
export function valueAt(result, x) {
  const { x0, y0, slope0, kinks, slope_changes: changes } = result.function;
  const z = placed(result).inner(x);
  return kinks.reduce((sum, kink, k) => sum + changes[k] * Math.max(z - kink, 0), y0 + slope0 * (z - x0));
}

/** Where all best functions may be, if there are many: triangles, and wedges beyond the data. */
export function regions(result, points, low, high) {
  const set = result.solution_set;
  if (!set) return [];
  const { inner, outer } = placed(result);
  const sorted = distinct(points);
  const triangles = set.intervals.map((i, k) => [sorted[i], [outer(set.apex_x[k]), set.apex_y[k]], sorted[i + 1]]);
  const wedge = ([x, y], edge, [least, most]) => {
    const along = inner(edge) - inner(x);
    return least === most ? [] : [[[x, y], [edge, y + least * along], [edge, y + most * along]]];
  };
  return [
    ...wedge(sorted[0], low, set.left_slopes),
    ...triangles,
    ...wedge(sorted[sorted.length - 1], high, set.right_slopes),
  ];
}

/** Points in ascending order, one for each abscissa: dual values are counted so. */
export function distinct(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  return sorted.filter((point, i) => i === 0 || point[0] !== sorted[i - 1][0]);
}

/** What a neuron with its kink at x costs a unit of slope, with penalised biases. */
export function envelope(result, x) {
  return Math.hypot(1, placed(result).inner(x));
}

/**
 * The dual between two abscissae: `right` for neurons that face right, `left` for those that face left.
 *
 * With a skip connection both see the same. Without one they differ by the line `q[0] + T (x[0] - t)`.
 */
export function dual(result, points, skip, low, high) {
  const { inner } = placed(result);
  const q = result.certificate.dual_values;
  const xs = distinct(points).map(([x]) => x);
  const [first, last] = [xs[0], xs[xs.length - 1]];
  const total = result.certificate.dual_total ?? 0;
  const line = (x) => (skip ? 0 : q[0] + total * (inner(first) - inner(x)));
  const ends = (left, right) => [low < first ? [[low, left]] : [], high > last ? [[last, right[0]], [high, right[1]]] : []];
  const inside = xs.map((x, i) => [x, q[i]]);
  const [before, after] = ends(line(low), [0, 0]);
  const right = [...before, ...(skip && low < first ? [[first, 0]] : []), ...inside, ...after];
  if (skip) return { right, left: null };
  const [leftBefore, leftAfter] = ends(0, [-line(last), -line(high)]);
  return { right, left: [...leftBefore, ...inside.map(([x, value]) => [x, value - line(x)]), ...leftAfter] };
}

/** Kinks, each where the dual that pays for it touches the envelope. */
export function touches(result, curves) {
  return kinksOf(result).flatMap((x) => {
    const values = [curves.right, curves.left].filter(Boolean).map((curve) => along(curve, x));
    const value = values.reduce((best, other) => (Math.abs(other) > Math.abs(best) ? other : best));
    return Math.abs(value) > TOUCHES * envelope(result, x) ? [[x, value]] : [];
  });
}

function along(curve, x) {
  let [low, high] = [0, curve.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (curve[middle][0] <= x) low = middle;
    else high = middle;
  }
  const [[x0, y0], [x1, y1]] = [curve[low], curve[high]];
  return x1 === x0 ? y0 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
