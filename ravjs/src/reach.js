// Whether the server is there: what did not load while it was away is loaded when it is back.

/** First and longest wait before the next look or try to connect, in milliseconds; each is varied by half at random. */
export const FIRST_WAIT_MS = 500;
export const LONGEST_WAIT_MS = 10_000;
/** What a proxy says for a server that is away. */
const OF_A_PROXY = [502, 504];

/**
 * Wait until the server answers, whatever it says.
 * @param {() => void} away told whenever it does not
 * @param {() => boolean} wanted is it still of interest?
 * @returns {Promise<boolean>} whether it was away
 */
export async function untilThere(away, wanted) {
  let wasAway = false;
  for (let wait = FIRST_WAIT_MS; wanted() && !(await answers()); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    wasAway = true;
    if (wanted()) away();
    await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
  }
  return wasAway;
}

async function answers() {
  try {
    const { status } = await fetch(new URL("../manifest.json", import.meta.url), { cache: "no-store" });
    return !OF_A_PROXY.includes(status);
  } catch {
    return false;
  }
}
