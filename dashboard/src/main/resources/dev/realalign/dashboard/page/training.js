// The training curves, with versions and sessions as marks on their axis.
import { byId, choice, el } from './dom.js';
import { Chart } from './chart.js';
import { count, number, percent, time } from './format.js';

const HELD_OUT = [
  ['held_out.margin', 'Held-out margin', 'On pictures never trained on; up is better.', { zero: 0 }],
  ['held_out.implicit_accuracy', 'Held-out accuracy', 'Share of held-out pairs told apart better than the reference.', { zero: 0.5, format: percent }],
  ['held_out.m_w_over_r_w', 'Held-out error', 'On real pictures, against the reference: below 1 is better, above 1 is harm.', { zero: 1, format: v => number(v, 5) }],
];
const CURVES = [
  [['margin'], 'Margin', 'd_l − d_w of the batch; up is better.', { zero: 0 }],
  [['implicit_accuracy'], 'Implicit accuracy', 'Share of pairs told apart better than the reference.', { zero: 0.5, format: percent }],
  [['d_w', 'd_l'], 'd_w and d_l', 'Error against the reference: d_w on real (down is better), d_l on negatives.', { zero: 0 }],
  [['gradient_factor'], 'Gradient factor', 'How hard a pair pulls; for dpo and spin near 0 nothing is learned.', { from0: true }],
  [['learning_rate'], 'Learning rate', 'As the schedule sets it.', { from0: true, smooth: false }],
  [['idle'], 'Idle ratio', 'Share of the time the trainer waited for triples.', { from0: true, upTo: 1, format: percent }],
];
const charts = new Map();
let data = null;
let versions = [];
let axis = 'step';

export function training(event) {
  data = event;
  draw();
}

export function trainingVersions(list) {
  versions = list;
  draw();
}

function chart(key, title, note, options) {
  if (!charts.has(key)) {
    const place = el('div', { 'data-chart': key });
    byId('training-charts').append(place);
    charts.set(key, new Chart(place, { title, note, file: `training-${key.replaceAll('.', '-')}.csv`, height: 150, smooth: true, none: ['No steps yet', 'The curve begins with the first step of training.'], ...options }));
  }
  return charts.get(key);
}

function draw() {
  if (!data) return;
  const { curve } = data;
  byId('training-charts').classList.add('three');
  byId('training-charts').classList.remove('two');
  if (!byId('training-tools').firstChild) tools();
  stats();
  const x = axis === 'step' ? curve.step : curve.at;
  const marks = [...versions].reverse().map(v => ({ x: axis === 'step' ? v.step : v.publishedAt, label: 'v' + v.version, title: `version ${v.version}, ${time(v.publishedAt)}` }));
  for (const mark of curve.marks) marks.push({ x: axis === 'step' ? mark.step : mark.at, label: sign(mark), title: mark.label });
  marks.sort((a, b) => a.x - b.x);
  for (let i = marks.length - 1; i > 0; i--) {
    // two at one place: one line with both labels
    if (marks[i].x === marks[i - 1].x) {
      const [after] = marks.splice(i, 1);
      marks[i - 1] = { x: after.x, label: marks[i - 1].label + ' ' + after.label, title: marks[i - 1].title + '\n' + after.title };
    }
  }
  const measured = [...versions].reverse();
  for (const [name, title, note, options] of HELD_OUT) {
    const all = measured.filter(v => name in v.evaluation);
    const one = chart(name, title, note, { smooth: false, none: ['Not measured yet', 'It comes with the first version that has a held-out set.'], ...options });
    one.update({ unit: axis, x: all.map(v => axis === 'step' ? v.step : v.publishedAt), when: all.map(v => v.publishedAt), series: [{ name: title.toLowerCase(), values: all.map(v => v.evaluation[name]) }], marks: marks.filter(m => m.label.startsWith('v')) });
    one.say(all.length ? (options.format || number)(all[all.length - 1].evaluation[name]) : '');
  }
  for (const [names, title, note, options] of CURVES) {
    const one = chart(names.join('-'), title, note, options);
    const values = name => name === 'idle' ? curve.idle : curve.measures[name];
    one.update({ unit: axis, x, when: curve.at, series: names.map(name => ({ name, values: values(name) })), marks });
    const last = names.map(name => values(name).findLast(v => v !== null));
    one.say(last[0] === undefined ? '' : last.map(v => (options.format || number)(v)).join(' / '));
  }
}

/** What stands at a mark: "stage 2: dpo" in words, the rest as signs. */
function sign(mark) {
  if (mark.kind === 'stage') {
    const found = mark.label.match(/^(stage \d+: )([\w-]+)/);
    return found ? found[1] + found[2] : '▶';
  }
  return { session: '↻', rewound: '↶', reference: '◇', objective: '◆', 'refused-step': '!', alarm: '!', resumed: '▶', ended: '■' }[mark.kind] || '·';
}

function tools() {
  byId('training-tools').replaceChildren(choice('Axis', [['step', 'by step'], ['time', 'by time']], axis, value => { axis = value; tools(); draw(); }));
}

function stats() {
  const { curve, idleNow } = data;
  const last = name => curve.measures[name]?.findLast(v => v !== null);
  const step = curve.step[curve.step.length - 1];
  const items = [
    [step === undefined ? '–' : count(step), 'steps trained'],
    [step === undefined ? '–' : time(curve.at[curve.at.length - 1], true), 'last step'],
    [number(last('loss')), 'loss'],
    [number(last('gradient_norm')), 'gradient norm'],
    [percent(idleNow), 'idle over 50 steps'],
    [versions.length ? 'v' + versions[0].version : '–', 'newest version'],
  ];
  byId('training-stats').replaceChildren(...items.map(([value, words]) => el('div', { class: 'stat' }, el('b', {}, value), el('span', {}, words))));
}
