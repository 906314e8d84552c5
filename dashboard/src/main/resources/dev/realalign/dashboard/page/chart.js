// A line chart, drawn here: axis of time or steps, lines that differ in dash as well as in colour, marks, a cursor for pointer
// and arrow keys, and its numbers as CSV.
import { csvButton, el, empty, svg } from './dom.js';
import { number, time } from './format.js';

const LEFT = 46;
const RIGHT = 8;
const TOP = 12;
const BOTTOM = 22;

/**
 * @param place element it fills
 * @param options title, note (a sentence), file (of the CSV), height, format (of values), zero (line to compare with), from0
 *     (whether the axis begins at 0), smooth (whether a moving average is drawn over the line), none (title and words when empty)
 */
export class Chart {
  constructor(place, options) {
    this.options = { height: 150, format: v => number(v), ...options };
    this.now = el('span', { class: 'now' });
    this.title = el('h3', {}, options.title);
    this.note = el('p', { class: 'chart-note' }, options.note || '');
    this.body = el('div', { class: 'chart', tabindex: 0, role: 'img' });
    this.legend = el('div', { class: 'legend' });
    this.tip = el('div', { class: 'tip', hidden: true });
    place.classList.add('card');
    place.append(
      el('div', { class: 'chart-head' }, this.title, this.now),
      this.note, this.body, el('div', { class: 'chart-foot' }, this.legend, csvButton(options.file, () => this.rows())));
    this.body.addEventListener('pointermove', event => this.point(event.clientX - this.body.getBoundingClientRect().left));
    this.body.addEventListener('pointerleave', () => this.point(null));
    this.body.addEventListener('blur', () => this.point(null));
    this.body.addEventListener('keydown', event => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      event.preventDefault();
      const step = event.key === 'ArrowLeft' ? -1 : 1;
      this.select(Math.max(0, Math.min(this.data.x.length - 1, (this.at ?? this.data.x.length) + step)));
    });
    new ResizeObserver(() => this.draw()).observe(this.body);
  }

  /** @param data x: numbers ascending; unit: time or step; series: [{name, values}]; marks: [{x, label, title}]; when: times of x, for tips */
  update(data) {
    this.data = data;
    this.draw();
  }

  say(now, note) {
    this.now.textContent = now;
    if (note !== undefined) this.note.textContent = note;
  }

  rows() {
    if (!this.data) return [];
    const { x, unit, series, when } = this.data;
    const head = unit === 'time' ? ['time'] : when ? ['step', 'time'] : ['step'];
    const iso = ms => ms === null || ms === undefined ? '' : new Date(ms).toISOString();
    return [[...head, ...series.map(s => s.name)],
      ...x.map((value, i) => [...(unit === 'time' ? [iso(value)] : when ? [value, iso(when[i])] : [value]), ...series.map(s => s.values[i] ?? null)])];
  }

  draw() {
    const data = this.data;
    const width = Math.floor(this.body.clientWidth);
    if (!data || width < 40) return;
    const values = data.series.flatMap(s => s.values).filter(v => v !== null && v !== undefined);
    if (values.length === 0) {
      this.body.replaceChildren(empty(...(this.options.none || ['Nothing yet', 'The line begins with the first number.'])));
      this.legend.replaceChildren();
      this.scale = null;
      return;
    }
    const { height, format } = this.options;
    let low = Math.min(...values);
    let high = Math.max(...values);
    if (this.options.zero !== undefined) { low = Math.min(low, this.options.zero); high = Math.max(high, this.options.zero); }
    if (this.options.from0) low = Math.min(0, low);
    if (this.options.upTo !== undefined) high = Math.max(high, this.options.upTo);
    if (high - low < 1e-12 + Math.abs(high) * 1e-6) { const pad = Math.abs(high) * 0.1 || 1; high += pad; if (!this.options.from0 || low < 0) low -= pad; }
    const ticks = niceTicks(low, high, 3);
    low = Math.min(low, ticks[0]);
    high = Math.max(high, ticks[ticks.length - 1]);
    const first = data.x[0];
    const lastX = data.x[data.x.length - 1];
    const X = v => LEFT + (width - LEFT - RIGHT) * (lastX === first ? 0.5 : (v - first) / (lastX - first));
    const Y = v => TOP + (height - TOP - BOTTOM) * (1 - (v - low) / (high - low));
    this.scale = { X, Y, width };

    const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, height, 'aria-hidden': 'true' });
    const axis = svg('g', { class: 'axis' });
    for (const tick of ticks) {
      axis.append(svg('line', { x1: LEFT, x2: width - RIGHT, y1: Y(tick), y2: Y(tick) }),
        svg('text', { x: LEFT - 7, y: Y(tick) + 4, 'text-anchor': 'end' }, format(tick)));
    }
    const labels = Math.max(2, Math.floor((width - LEFT) / 110));
    for (let i = 0; i < labels; i++) {
      const value = first + (lastX - first) * i / (labels - 1);
      const anchor = i === 0 ? 'start' : i === labels - 1 ? 'end' : 'middle';
      if (lastX === first && i > 0) break;
      axis.append(svg('text', { x: X(value), y: height - 5, 'text-anchor': lastX === first ? 'middle' : anchor },
        data.unit === 'time' ? time(value, lastX - first < 10 * 60e3) : (i === 0 ? 'step ' : '') + number(Math.round(value), 4)));
    }
    root.append(axis);
    if (this.options.zero !== undefined) root.append(svg('line', { class: 'zero', x1: LEFT, x2: width - RIGHT, y1: Y(this.options.zero), y2: Y(this.options.zero) }));
    let free = -1;
    for (const mark of data.marks || []) {
      if (mark.x < first || mark.x > lastX) continue;
      const x = X(mark.x);
      const group = svg('g', { class: 'mark' }, svg('title', {}, mark.title || mark.label), svg('line', { x1: x, x2: x, y1: TOP - 2, y2: height - BOTTOM }));
      const long = mark.label.length * 6.2 + 5;
      if (x + long <= width && x > free) {
        group.append(svg('text', { x: x + 3, y: TOP - 1 }, mark.label));
        free = x + long + 3;
      } else if (x + long > width && x - long > free) {
        group.append(svg('text', { x: x - 3, y: TOP - 1, 'text-anchor': 'end' }, mark.label));
        free = x;
      }
      root.append(group);
    }
    data.series.forEach((series, i) => {
      const paths = line(data.x, series.values, X, Y);
      if (data.series.length === 1 && this.options.from0) root.append(svg('path', { class: 'area s0', d: area(data.x, series.values, X, Y, Y(Math.max(low, 0))) }));
      root.append(svg('path', { class: 'series s' + i % 6, d: paths, ...(this.options.smooth ? { opacity: 0.28 } : {}) }));
      if (this.options.smooth) root.append(svg('path', { class: 'series s' + i % 6, d: line(data.x, average(series.values), X, Y) }));
      const end = series.values.findLastIndex(v => v !== null && v !== undefined);
      if (end >= 0 && paths) root.append(svg('circle', { class: 's' + i % 6, cx: X(data.x[end]), cy: Y(this.options.smooth ? average(series.values)[end] : series.values[end]), r: 3, fill: 'var(--c)' }));
    });
    this.cursor = svg('line', { class: 'cursor', y1: TOP, y2: height - BOTTOM, visibility: 'hidden' });
    root.append(this.cursor);
    this.body.replaceChildren(root, this.tip);
    this.body.setAttribute('aria-label', this.options.title + ': ' + data.series.map(s => s.name + ' ' + format(s.values.findLast(v => v !== null && v !== undefined))).join(', '));
    this.legend.replaceChildren(...(data.series.length > 1 ? data.series.map((s, i) => el('span', { class: 's' + i % 6 }, s.name)) : []));
    if (this.at !== null && this.at !== undefined) this.select(Math.min(this.at, data.x.length - 1));
  }

  point(x) {
    if (x === null || !this.scale) { this.at = null; this.tip.hidden = true; if (this.cursor) this.cursor.setAttribute('visibility', 'hidden'); return; }
    let best = 0;
    this.data.x.forEach((value, i) => { if (Math.abs(this.scale.X(value) - x) < Math.abs(this.scale.X(this.data.x[best]) - x)) best = i; });
    this.select(best);
  }

  select(i) {
    if (!this.scale) return;
    const { data } = this;
    this.at = i;
    const x = this.scale.X(data.x[i]);
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    this.cursor.setAttribute('visibility', 'visible');
    const head = data.unit === 'time' ? time(data.x[i], true) : 'step ' + data.x[i] + (data.when ? ', ' + time(data.when[i], true) : '');
    this.tip.replaceChildren(el('div', { class: 'quiet' }, head), ...data.series.map(s => el('div', {}, s.name + ' ', el('b', {}, this.options.format(s.values[i])))));
    this.tip.hidden = false;
    const left = x > this.scale.width / 2;
    this.tip.style.left = left ? '' : x + 10 + 'px';
    this.tip.style.right = left ? this.scale.width - x + 10 + 'px' : '';
  }
}

function line(xs, values, X, Y) {
  let d = '';
  let pen = 'M';
  values.forEach((value, i) => {
    if (value === null || value === undefined) { pen = 'M'; return; }
    d += pen + X(xs[i]).toFixed(1) + ' ' + Y(value).toFixed(1);
    pen = 'L';
  });
  return d;
}

function area(xs, values, X, Y, floor) {
  let d = '';
  let begun = null;
  let last = null;
  values.forEach((value, i) => {
    if (value === null || value === undefined) { if (begun !== null) d += `L${last} ${floor}Z`; begun = null; return; }
    last = X(xs[i]).toFixed(1);
    d += begun === null ? `M${last} ${floor}L${last} ${Y(value).toFixed(1)}` : `L${last} ${Y(value).toFixed(1)}`;
    begun = last;
  });
  return begun === null ? d : d + `L${last} ${floor}Z`;
}

function average(values) {
  let mean = null;
  const keep = values.length > 60 ? 0.9 : 0.75;
  return values.map(value => value === null || value === undefined ? null : (mean = mean === null ? value : keep * mean + (1 - keep) * value));
}

function niceTicks(low, high, wanted) {
  const raw = (high - low) / wanted;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(m => m * size).find(s => s >= raw);
  const ticks = [];
  for (let i = Math.floor(low / step + 1e-9); i * step <= high + step * 0.999; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}
