/** Points to begin with. Each example also says which settings suit it. */

const NILE = [
  1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
  1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
  831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
  781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
  744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
];

/** From a function, at equal steps. */
function sampled(low, high, count, f) {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1)).map((x) => [
    Number(x.toFixed(4)),
    Number(f(x).toFixed(4)),
  ]);
}

export const EXAMPLES = {
  five: {
    name: "Five points, from the paper",
    points: [[-1.5, 0.7], [-1, -0.3], [0, -0.3], [0.25, 0.4], [2, 0.2]],
  },
  sawtooth: { name: "Sawtooth", points: sampled(-3, 3, 9, (x) => Math.abs(Math.round(x / 0.75)) % 2) },
  cosh: { name: "cosh x, convex", points: sampled(-2, 2, 13, Math.cosh) },
  bump: { name: "1 / (1 + 25 x²)", points: sampled(-1, 1, 21, (x) => 1 / (1 + 25 * x * x)) },
  nile: {
    name: "Nile at Aswan, 1871–1970, fitted",
    points: NILE.map((volume, i) => [1871 + i, volume]),
    settings: { standardise: true, task: "fit", regularisation: 10 },
  },
};

/** Some points at random, to three decimals, not too close to each other. */
export function random() {
  const count = 6 + Math.floor(Math.random() * 6);
  const chance = () => Number((Math.random() * 2 - 1).toFixed(2));
  return Array.from({ length: count }, (_, i) => [
    Number((((i + 0.5) / count) * 5 - 2.5 + (chance() * 2) / count).toFixed(2)),
    chance(),
  ]);
}
