// Lag over time per group and partition, and the rates of the stream.
import { byId, choice, el, empty } from './dom.js';
import { Chart } from './chart.js';
import { json } from './connection.js';
import { count, number, rate, span } from './format.js';

const RANGES = [['900', '15 min'], ['3600', '1 h'], ['21600', '6 h'], ['86400', '24 h']];
const STATUS = {
  OK: 'keeps up',
  READS: 'reads on',
  NO_COMMIT: 'has committed nothing yet: its lag is unknown',
  UNKNOWN: 'lags, and was not watched for long enough to say more',
  WARNING: 'is too slow: its lag has not fallen for a minute',
  REWIND: 'reads records again: its offset went back',
  STALLED: 'stands still: it is there and commits nothing',
  STOPPED: 'has stopped: nobody reads and nothing is committed',
};
const TREND = { GROWING: 'growing', SHRINKING: 'shrinking', STEADY: 'steady', UNKNOWN: null };
const charts = new Map();
let ratesChart = null;
let past = null;
let present = [];
let unit = 'seconds';
let range = '900';
let timer = null;

export function lag(groups) {
  present = groups;
  if (timer === null) {
    tools();
    load();
    timer = setInterval(() => { if (!document.hidden) load(); }, 10_000);
  }
  draw();
}

function tools() {
  byId('lag-tools').replaceChildren(
    choice('Unit', [['seconds', 'seconds'], ['records', 'records']], unit, value => { unit = value; tools(); draw(); }),
    choice('Time', RANGES, range, value => { range = value; tools(); load(); }));
}

async function load() {
  try {
    past = await json('/api/history?seconds=' + range);
    draw();
  } catch {
    // the connection's own state says that the server is away; the next load tries again
  }
}

function draw() {
  const place = byId('lag-groups');
  if (present.length === 0) {
    if (!place.querySelector('.empty')) place.replaceChildren(el('div', { class: 'card' }, empty('No stage has been seen yet', 'Lag appears once curator, trainer or publisher have run on this cluster.')));
    return;
  }
  place.querySelector('.empty')?.parentElement.remove();
  for (const group of present) {
    const key = group.group + ' ' + group.topic;
    if (!charts.has(key)) {
      const card = el('div', { 'data-group': group.group });
      place.append(card);
      charts.set(key, new Chart(card, {
        title: (group.stage ? group.stage.charAt(0).toUpperCase() + group.stage.slice(1) : group.group),
        file: 'lag-' + group.group + '.csv', from0: true, height: 140,
        format: v => unit === 'seconds' ? span(v) : count(v),
        none: ['No lag recorded yet', 'A point is kept every ten seconds.'],
      }));
    }
    const chart = charts.get(key);
    const exact = group.partitions.every(p => p.exact || !p.records);
    const parts = [`${group.stage ? 'It ' : ''}${STATUS[group.status === 'OK' && group.seconds > 5 ? 'READS' : group.status]}.`];
    if (group.records > 0) parts.push(`${count(group.records)} of ${group.topic} unread${TREND[group.trend] ? ', ' + TREND[group.trend] : ''}${group.perSecond ? ' by ' + rate(Math.abs(group.perSecond)) : ''}${group.catchUpSeconds ? ', done in about ' + span(group.catchUpSeconds) : ''}.`);
    chart.say(unit === 'seconds' ? (exact || !group.seconds ? '' : '≈ ') + span(group.seconds) : count(group.records), parts.join(' '));
    chart.update(series(group));
  }
  rates();
}

function series(group) {
  const x = past ? [...past.at] : [];
  const now = Date.now();
  x.push(now);
  return {
    unit: 'time', x,
    series: group.partitions.slice(0, 24).map(partition => ({
      name: group.partitions.length === 1 ? 'lag' : 'partition ' + partition.partition,
      values: [...(past?.columns[`${unit} ${group.group} ${group.topic} ${partition.partition}`] || new Array(x.length - 1).fill(null)), partition[unit]].slice(-x.length),
    })).map(s => ({ ...s, values: pad(s.values, x.length) })),
  };
}

/** Columns that came late have fewer numbers: those missing are the newest but the last. */
function pad(values, length) {
  const end = values[values.length - 1];
  const rest = values.slice(0, -1);
  while (rest.length < length - 1) rest.push(null);
  return [...rest, end];
}

function rates() {
  if (!past) return;
  if (!ratesChart) {
    ratesChart = new Chart(byId('rates'), { title: 'Pictures per second', file: 'rates.csv', from0: true, height: 160, format: v => number(v, 3),
      note: 'Fed, made into a triple, rejected, trained; the highest of each interval.', none: ['Nothing has moved yet', 'Rates appear with the first pictures.'] });
  }
  const names = ['fed', 'accepted', 'rejected', 'trained'];
  const x = past.at;
  ratesChart.update({ unit: 'time', x, series: names.map(name => ({ name, values: fill(past.columns['rate ' + name], x.length) })) });
  const last = past.columns['rate accepted']?.findLast(v => v !== null);
  ratesChart.say(last === undefined ? '' : rate(last));
}

function fill(values, length) {
  const all = values ? [...values] : [];
  while (all.length < length) all.push(null);
  return all;
}
