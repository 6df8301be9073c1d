// What the visitor chose, remembered in this browser; and the token of the join link.

const KEY = "rdf-settings";
const TOKEN = "rdf-token";
const TAKING_PART = "rdf-taking-part";

/** @typedef {{cores: number, pace: number, hidden: boolean, mains: boolean, awake: boolean, name: string}} Settings */

/** How many cores may be used at most. */
export const MOST_CORES = Math.max(1, Math.min(16, navigator.hardwareConcurrency || 1));

const DEFAULTS = { cores: 1, pace: 1, hidden: false, mains: false, awake: false };

/** Storage may be switched off; then nothing is remembered. */
function stored(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

function store(storage, key, value) {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch {
    // the visitor's browser keeps nothing: so be it
  }
}

/** @returns {Settings} */
export function load() {
  let kept = {};
  try {
    kept = JSON.parse(stored("localStorage", KEY) ?? "{}") ?? {};
  } catch {
    // spoiled: the defaults will do
  }
  const name = typeof kept.name === "string" && kept.name ? kept.name : `browser-${randomWord()}`;
  const settings = { ...DEFAULTS, ...kept, name };
  settings.cores = Math.min(MOST_CORES, Math.max(1, Math.floor(settings.cores) || 1));
  settings.pace = settings.pace > 0 && settings.pace <= 1 ? settings.pace : 1;
  save(settings);
  return settings;
}

/** @param {Settings} settings */
export function save(settings) {
  store("localStorage", KEY, JSON.stringify(settings));
}

function randomWord() {
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return number.toString(36).padStart(7, "0").slice(-5);
}

/** The token behind the link's #, which is then taken out of the address bar; or the one kept from before. */
export function token() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    store("localStorage", TOKEN, found);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return found ?? stored("localStorage", TOKEN);
}

/** A reload of this tab goes on with what it did: "yes", "paused", or null where it took no part. */
export const takingPartBefore = () => stored("sessionStorage", TAKING_PART);
export const setTakingPart = (how) => store("sessionStorage", TAKING_PART, how);
