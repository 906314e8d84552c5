// The funnel: everything that was judged, what became triples, what was rejected by reason, with examples.
import { byId, csvButton, el, empty, show } from './dom.js';
import { count, percent, time, words } from './format.js';

let rejected = null;
let judged = null;

export function rejections(data) {
  rejected = data;
  draw();
}

export function judgedTotal(total) {
  if (judged !== total) {
    judged = total;
    draw();
  }
}

function draw() {
  if (!rejected) return;
  byId('rejections-tools').dataset.ready || tools();
  const base = rejected.complete && judged !== null ? Math.max(judged, rejected.read) : null;
  show(byId('rejections-funnel'), { base, rejected }, () => funnel(base));
}

function tools() {
  byId('rejections-tools').dataset.ready = 'yes';
  byId('rejections-tools').append(csvButton('rejections.csv', () => [['reason', 'count'], ...rejected.reasons.map(r => [r.reason, r.count])]));
}

function funnel(base) {
  if (rejected.read === 0) {
    return empty('Nothing was rejected', base ? `All ${count(base)} judged pictures became triples.` : 'Rejections appear here with their reason and the picture.');
  }
  const widest = base || rejected.reasons[0].count;
  const rows = [];
  if (base) rows.push(bar('Became triples', base - rejected.read, widest, base, 'accepted', []));
  for (const reason of rejected.reasons) rows.push(bar(words(reason.reason), reason.count, widest, base || rejected.read, '', reason.examples, reason.reason));
  if (!rejected.complete) rows.push(el('p', { class: 'quiet' }, `The newest ${count(rejected.read)} rejections; there are older ones.`));
  return rows;
}

function bar(title, n, widest, base, kind, examples, reason) {
  const meter = el('i');
  meter.style.width = `calc(${Math.max(0.2, 100 * n / Math.max(1, widest))}% - 110px)`;
  return el('div', { class: 'bar', 'data-reason': reason },
    el('h3', {}, title, reason ? el('div', { class: 'quiet mono' }, reason) : null),
    el('div', { class: 'meter ' + kind }, meter, el('span', {}, count(n), ' ', el('span', { class: 'quiet' }, percent(n / Math.max(1, base))))),
    examples.length === 0 ? null : el('div', { class: 'examples', tabindex: 0, role: 'group', 'aria-label': 'Examples of ' + title }, examples.map(example)));
}

function example(one) {
  const image = el('img', { class: 'thumb', alt: 'a rejected picture', src: `/api/rejections/${one.picture}.png`, loading: 'lazy', width: 64, height: 64 });
  image.addEventListener('error', () => image.replaceWith(el('div', { class: 'thumb none' }, 'no picture')));
  return el('figure', { title: `${one.evidence}\n${one.source}` }, image, el('figcaption', {}, one.evidence, ' · ', time(one.at, true)));
}
