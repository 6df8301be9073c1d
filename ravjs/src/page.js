// The page at /: the library's first user. It shows what the contributor tells and hands on what the visitor wants.

import { Chart } from "./chart.js";
import { Contributor } from "./contributor.js";
import { Etiquette } from "./etiquette.js";
import { MOST_CORES, load, save, setTakingPart, takingPartBefore, token } from "./settings.js";
import { WORDS } from "./states.js";
import { bytes, count, doing, duration, flopRate, more, online, titled, troubled } from "./words.js";

/** Notes that are kept for the visitor to read. */
const NOTES = 50;
/** While it computes, the words about it change at most so often, in milliseconds. */
const WORDS_MS = 1500;

const $ = (id) => document.getElementById(id);
const settings = load();
const chart = new Chart($("chart"), $("peak"));
const { name, cores, pace } = settings;
const contributor = new Contributor({ token: token(), name, cores, pace });

/** What the visitor wants: take part or not, and paused by hand or not. */
let takingPart = false;
let paused = false;
let last = contributor.last;
let speed = { flops: 0, seconds: 0, rate: 0 };
let saidAt = 0;

const etiquette = new Etiquette(settings, (reason) => {
  follow();
  show();
  if (reason) note(`paused because ${reason}`);
});

// --- what the visitor does --------------------------------------------------------------------------

$("main").addEventListener("click", () => {
  paused = takingPart && !paused;
  if (takingPart) follow();
  else participate();
  setTakingPart(paused ? "paused" : "yes");
  show();
});

$("leave").addEventListener("click", leave);

function participate() {
  takingPart = true;
  contributor.start();
  follow();
}

function leave() {
  takingPart = false;
  paused = false;
  setTakingPart(null);
  contributor.stop();
  show();
}

/** Pause or go on, as the visitor and the rules want. */
function follow() {
  if (!takingPart) return;
  if (paused || etiquette.reason) contributor.pause();
  else contributor.resume();
}

const form = $("settings");
form.cores.max = MOST_CORES;
form.cores.value = settings.cores;
form.pace.value = String(settings.pace);
for (const rule of ["hidden", "mains", "awake"]) form[rule].checked = settings[rule];
etiquette.offer((rule, why) => {
  form[rule].disabled = true;
  form[rule].checked = false;
  form[rule].parentElement.classList.add("off");
  form[rule].nextElementSibling.append(` (${why})`);
});
$("cores-value").textContent = settings.cores;
if (MOST_CORES === 1) form.cores.disabled = true;

form.addEventListener("input", () => {
  settings.cores = Number(form.cores.value);
  settings.pace = Number(form.pace.value);
  for (const rule of ["hidden", "mains", "awake"]) settings[rule] = form[rule].checked;
  $("cores-value").textContent = settings.cores;
  save(settings);
  contributor.set({ cores: settings.cores, pace: settings.pace });
  etiquette.look();
});

// a link that differs behind its # alone, as with the token that was missing, does not load the page by itself
addEventListener("hashchange", () => location.reload());
addEventListener("pagehide", () => contributor.stop());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && takingPart) participate(); // back from the browser's own cache of pages
});

// --- what the contributor tells ---------------------------------------------------------------------

contributor.addEventListener("state", ({ detail }) => {
  // what went wrong stays to be read; the end of the contributor that follows is no news
  if (detail.state === "off" && ["refused", "failed"].includes(last.state)) return;
  last = detail;
  if (["refused", "failed"].includes(detail.state)) {
    if (takingPart && detail.failure) note(detail.failure, true);
    takingPart = false;
    if (detail.state === "refused") contributor.stop();
  }
  show();
});

contributor.addEventListener("note", ({ detail }) => note(detail.text, detail.warning));

function note(text, warning = false) {
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const item = document.createElement("li");
  item.append(time, ` ${text}`);
  item.classList.toggle("warning", warning);
  $("log").prepend(item);
  $("log").children[NOTES]?.remove();
  $("log-card").hidden = false;
}

function show() {
  const state = last.state === "off" && takingPart ? "loading" : last.state;
  document.body.dataset.state = state;
  put("state", WORDS[state]);
  const words = wordsFor(state);
  if (words !== null) put("doing", words);
  showReason(state);
  showLoading(state);
  put("main", mainButton(state));
  if (!takingPart && document.activeElement === $("leave")) $("main").focus(); // who uses the keyboard stays here
  $("leave").hidden = !takingPart;
  showFigures();
  showGraphs();
  etiquette.computing(["computing", "pausing"].includes(state));
}

function mainButton(state) {
  if (!takingPart) return "Participate";
  if (paused) return "Resume";
  if (etiquette.reason) return "Stay paused";
  return state === "paused" ? "Resume" : "Pause";
}

/** Text is only touched when it changes: a screen reader reads it again otherwise. */
function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** What is going on, in a sentence; null: leave what stands there. */
function wordsFor(state) {
  const now = performance.now();
  if (state === "computing") {
    if (now - saidAt < WORDS_MS || !last.running.length) return null;
    saidAt = now;
    return doing(last.running, new Map((last.news?.graphs ?? []).map((graph) => [graph.id, graph.name])));
  }
  if (state === "waiting" && now - saidAt < WORDS_MS) return null; // between two pieces of work
  saidAt = 0;
  return {
    off: "Lend this device's spare computing to the people who use this server. Nothing is installed; the first " +
      "time some 9 MB are loaded. You can stop at any moment.",
    loading: "The first time this brings some 9 MB; after that they are in your browser's cache.",
    measuring: "How fast is this device? A few seconds.",
    connecting: "This takes a moment.",
    waiting: "There is no work for this device at the moment. As soon as there is, this page begins by itself.",
    pausing: "The piece that is being computed is finished first.",
    paused: "Nothing is computed. What was begun goes to others.",
    away: "Leave this page open: it goes on when the server is back.",
    refused: "",
    failed: "",
  }[state];
}

function showReason(state) {
  let reason = "";
  const { trouble } = document.body.dataset;
  if (trouble) reason = `This server is not set up for browsers: ${trouble}.`;
  if (takingPart && ["paused", "pausing"].includes(state)) {
    const how = state === "paused" ? "Paused" : "Pausing";
    if (paused) reason = `${how} because you pressed Pause.`;
    else if (etiquette.reason) reason = `${how} because ${etiquette.reason}.`;
  }
  if (takingPart && !reason && last.trouble) reason = troubled(last.trouble);
  if (state === "failed" && !reason) reason = last.failure;
  if (state === "refused") {
    reason =
      "This server lets in only those who come by its operator's link: open that link, or scan its code. " +
      `It says: ${last.failure.split(/[:;.] /)[0]}.`; // what follows is advice for programmers; the log has it
  }
  $("reason").hidden = !reason;
  put("reason", reason);
}

function showLoading(state) {
  const { bytes: got, of } = last.loading ?? { bytes: 0, of: 0 };
  $("loading").hidden = !["loading", "measuring"].includes(state);
  $("loading").value = state === "measuring" ? 1 : of ? Math.min(0.95, got / of) : 0;
}

function showFigures() {
  const figures = last.figures;
  put("ops", count(figures.ops));
  put("subgraphs", count(figures.subgraphs));
  put("seconds", duration(figures.seconds));
  put("got", bytes(figures.gotBytes));
  put("sent", bytes(figures.sentBytes));
  const seconds = figures.seconds - speed.seconds;
  if (seconds > 0.5) {
    speed = { flops: figures.flops, seconds: figures.seconds, rate: (figures.flops - speed.flops) / seconds };
  }
  put("speed", flopRate(speed.rate));
  const contributors = last.news?.contributors ?? 0;
  $("online").hidden = !isUp() || !contributors;
  if (contributors) put("online", online(contributors));
}

/** Who is away is told of no changes. */
function isUp() {
  return last.workers.some(({ link }) => link === "up");
}

function showGraphs() {
  const news = last.news ?? { graphs: [], others: [], working: 0 };
  $("no-graphs").hidden = news.graphs.length > 0;
  showList($("graphs"), news.graphs);
  const others = isUp() ? news.others : [];
  $("others-part").hidden = !others.length;
  showList($("others"), others);
  put("more", more(news));
}

function showList(list, graphs) {
  while (list.children.length > graphs.length) list.lastChild.remove();
  while (list.children.length < graphs.length) list.append(graphItem());
  graphs.forEach((graph, i) => {
    const [head, bar] = list.children[i].children;
    const done = graph.computed + graph.failed;
    head.firstChild.textContent = graph.name ? titled(graph.id, graph.name) : `Graph ${graph.id}`;
    head.lastChild.textContent = `${count(done)} of ${count(graph.total)}`;
    bar.max = Math.max(1, graph.total);
    bar.value = done;
    bar.setAttribute("aria-label", `Progress of graph ${graph.id}`);
  });
}

function graphItem() {
  const item = document.createElement("li");
  const head = document.createElement("div");
  head.className = "head";
  const name = document.createElement("span");
  name.className = "name";
  const progress = document.createElement("span");
  progress.className = "quiet";
  head.append(name, progress);
  item.append(head, document.createElement("progress"));
  return item;
}

setInterval(() => {
  chart.add(last.figures.ops, Date.now());
  show(); // the last word on what was computed gives way
}, 1000);
paused = takingPartBefore() === "paused";
if (takingPartBefore()) participate();
show();
