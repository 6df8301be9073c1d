// The state of a contributor, as people see it, from what its lives are doing. Pure.

/** State -> what a visitor is told. */
export const WORDS = {
  off: "Not taking part",
  loading: "Loading Python and NumPy",
  measuring: "Measuring this device",
  connecting: "Connecting to the server",
  waiting: "Ready, waiting for work",
  computing: "Computing",
  pausing: "Pausing after this piece of work",
  paused: "Paused",
  away: "The server is away; coming back by itself",
  refused: "The server does not let this page in",
  failed: "Taking part is not possible here",
};

/**
 * @param {"on" | "paused" | "off"} wanted
 * @param {{phase: string, link: string, isComputing: boolean}[]} slots
 * @returns {keyof WORDS}
 */
export function overall(wanted, slots) {
  if (wanted === "off") return "off";
  if (!slots.length) return wanted === "paused" ? "paused" : "loading";
  const some = (test) => slots.some(test);
  const all = (test) => slots.every(test);
  if (wanted === "paused") return some((s) => s.link !== "none" && s.isComputing) ? "pausing" : "paused";
  if (all((s) => s.phase === "failed")) return "failed";
  if (some((s) => s.link === "refused")) return "refused";
  if (some((s) => s.link === "away")) return "away";
  if (some((s) => s.isComputing)) return "computing";
  if (some((s) => s.link === "up")) return "waiting";
  if (some((s) => s.link === "connecting")) return "connecting";
  return some((s) => s.phase === "measuring") ? "measuring" : "loading";
}
