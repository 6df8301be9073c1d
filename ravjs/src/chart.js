// Operations a second, over the last two minutes, as bars.

const SECONDS = 120;
const WIDTH = 240;
const HEIGHT = 48;

export class Chart {
  /** @param {SVGElement} svg @param {HTMLElement} peak where the highest bar is told */
  constructor(svg, peak) {
    this.peak = peak;
    this.path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.append(this.path);
    this.bars = new Array(SECONDS).fill(0);
    this.total = 0;
    this.second = null;
  }

  /** @param {number} total ops so far @param {number} nowMs */
  add(total, nowMs) {
    const second = Math.floor(nowMs / 1000);
    const passed = Math.min(SECONDS, second - (this.second ?? second));
    for (let i = 0; i < passed; i++) {
      this.bars.shift();
      this.bars.push(0);
    }
    this.second = second;
    this.bars[SECONDS - 1] += Math.max(0, total - this.total);
    this.total = total;
    this.draw();
  }

  draw() {
    const highest = Math.max(...this.bars);
    const wide = WIDTH / SECONDS;
    const bar = (value, i) => {
      const high = highest ? Math.max(value ? 1 : 0, (value / highest) * (HEIGHT - 2)) : 0;
      return high ? `M${i * wide} ${HEIGHT}v${-high.toFixed(1)}h${wide * 0.8}v${high.toFixed(1)}z` : "";
    };
    this.path.setAttribute("d", this.bars.map(bar).join(""));
    this.peak.closest("figure").hidden = !this.total; // an empty chart looks like a gap
    this.peak.textContent = highest ? `highest ${Math.round(highest).toLocaleString("en")}` : "";
  }
}
