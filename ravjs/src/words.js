// Numbers and states in words for visitors. Pure.

/** What ops of each chapter of the table do, for people who know no NumPy. */
export const CHAPTER_WORDS = {
  Creation: "making arrays of numbers",
  "Arithmetic, comparison, logic": "adding, multiplying and comparing numbers",
  "Functions of one number": "evaluating functions",
  Reductions: "summing up and averaging",
  Products: "multiplying matrices",
  "Linear algebra": "solving equations and working on matrices",
  "Fourier transforms": "finding frequencies",
  Shapes: "rearranging numbers",
  "Joining, cutting, repeating": "joining and cutting arrays",
  Indexing: "picking out numbers",
  "Sorting, searching, sets": "sorting and searching",
  Random: "drawing random numbers",
};

/** Weightier chapters are named first. */
const FIRST = ["Linear algebra", "Products", "Sorting, searching, sets", "Random", "Reductions"];

/** "Multiplying matrices, summing up and averaging, for graph 3." @param {{graph: number, chapters: string[]}[]} running */
export function doing(running, names = new Map()) {
  const chapters = [...new Set(running.flatMap((piece) => piece.chapters))];
  chapters.sort((a, b) => rank(a) - rank(b));
  const words = chapters.slice(0, 2).map((chapter) => CHAPTER_WORDS[chapter] ?? "computing");
  const text = words.join(", ") || "computing";
  const graphs = [...new Set(running.map((piece) => piece.graph))].map((graph) => titled(graph, names.get(graph)));
  return `${text[0].toUpperCase()}${text.slice(1)}, for ${graphs.join(" and ")}.`;
}

const rank = (chapter) => (FIRST.includes(chapter) ? FIRST.indexOf(chapter) : FIRST.length);

export function titled(graph, name) {
  return name ? `“${name}”` : `graph ${graph}`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(count) {
  const step = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** step;
  return `${step && value < 100 ? value.toFixed(1) : Math.round(value)} ${UNITS[step]}`;
}

export function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Who is at the server, this tab among them. */
export function online(contributors) {
  return contributors <= 1 ? "You are the only contributor online" : `${contributors} contributors online`;
}

const ANEW = "The work goes to others, and computing starts anew here.";

/** What went wrong and what happens now, for people who would not know what to do with the reason itself. */
export function troubled(reason) {
  const [, words] = REASONS.find(([said]) => said.test(reason)) ?? [null, `Something went wrong here. ${ANEW}`];
  return words;
}

const REASONS = [
  [/^out of memory/,
    `A piece of work needed more memory than this browser has left. ${ANEW} If this happens often, choose fewer ` +
    "cores, or close other tabs."],
  [/^it did not answer in time/,
    `A piece of work took far longer than it should. ${ANEW} If this happens often, other programs may need this ` +
    "device: choose fewer cores."],
  [/computed by others without trouble/,
    "Several pieces of work failed on this device and went well on others, so the server gives it none for some " +
    "minutes. It helps to reload this page, or to open it in another browser."],
];

/** Of graphs that are being worked on: how many there are besides those that are shown; empty for none. */
export function more({ graphs, others, working }) {
  const shown = graphs.filter(({ total, computed, failed }) => computed + failed < total).length + others.length;
  return working > shown ? `and ${count(working - shown)} more` : "";
}

export const count = (number) => Math.round(number).toLocaleString("en");

export function flopRate(perSecond) {
  if (!perSecond) return "–";
  return perSecond >= 1e9 ? `${(perSecond / 1e9).toFixed(1)} GFLOP/s` : `${(perSecond / 1e6).toFixed(0)} MFLOP/s`;
}
