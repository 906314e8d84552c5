// The funnel: everything that was judged, what became triples, what was rejected by reason, with examples.
import { byId, csvButton, el, empty, show } from './dom.js';
import { count, percent, time, words } from './format.js';

// Reasons of the curator in plain words; docs/curation.md has the limits and settings.
const PLAIN = {
  UNREADABLE_RECORD: 'No record that any released schema can read.',
  ID_MISMATCH: 'Its key, its id and the checksum of its bytes are not the same.',
  WRONG_PARTITION: 'It lies where its key does not belong, so that a duplicate would not be found.',
  EMPTY: 'The record holds no bytes of a picture.',
  TOO_MANY_BYTES: 'The file is larger than allowed.',
  OPT_OUT: 'Its holder forbids training.',
  LICENCE: 'Its licence is denied or not among the allowed ones.',
  BLOB_MISSING: 'The blob store does not hold its bytes.',
  DUPLICATE: 'The same bytes came before.',
  UNKNOWN_TYPE: 'No file type that can be read here.',
  PIXEL_BOMB: 'More pixels, or more work to decode, than allowed.',
  TOO_SMALL: 'Its shorter side is too short.',
  ASPECT_RATIO: 'So long and narrow that a square cut would lose most of it.',
  TRUNCATED: 'The file ends before its picture does.',
  CORRUPT: 'The bytes are there but do not make a picture.',
  DECLARED_SYNTHETIC: 'The file says that a generator made it.',
  CONTENT_CREDENTIALS: 'It carries content credentials, which cameras write too.',
  FLAT: 'One tone almost everywhere.',
  BADLY_EXPOSED: 'Almost all black, or almost all white.',
  BLURRED: 'Nothing in it is sharp.',
  NOT_COLOURFUL: 'Less colourful than the running mean.',
  HELD_OUT_LEAK: 'It looks like a picture the model is measured on.',
  OWN_OUTPUT: 'It looks like a negative that our own generators made.',
  NEAR_DUPLICATE: 'It looks like a picture that was accepted before.',
  NOT_A_PHOTOGRAPH: 'A network says that it is no photograph.',
  POOR_AESTHETICS: 'A network finds it poor.',
  REFUSED_BY_GENERATOR: 'A generator refuses it for a reason of its own.',
  NEGATIVE_TOO_CLOSE: 'No kind of negative differs enough from it.',
  GAP_TOO_SMALL: 'Its negative is hardly worse, or hardly different.',
  GAP_TOO_LARGE: 'Its negative has little left of it.',
  NOT_IN_TOP: 'The pair is not among the best of the last ones.',
  TRIPLE_TOO_LARGE: 'The triple would not fit into a record.',
};
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

function bar(title, n, widest, base, kind, examples, reason = null) {
  const meter = el('i');
  meter.style.width = `calc(${Math.max(0.2, 100 * n / Math.max(1, widest))}% - 110px)`;
  return el('div', { class: 'bar', 'data-reason': reason },
    el('h3', {}, title, reason ? el('div', { class: 'quiet mono' }, reason) : null),
    el('div', { class: 'meter ' + kind }, meter, el('span', {}, count(n), ' ', el('span', { class: 'quiet' }, percent(n / Math.max(1, base))))),
    Object.hasOwn(PLAIN, reason) ? el('p', { class: 'why' }, PLAIN[reason]) : null,
    examples.length === 0 ? null : el('div', { class: 'examples', tabindex: 0, role: 'group', 'aria-label': 'Examples of ' + title }, examples.map(example)));
}

function example(one) {
  const image = el('img', { class: 'thumb', alt: 'a rejected picture', src: `/api/rejections/${one.picture}.png`, loading: 'lazy', width: 64, height: 64 });
  image.addEventListener('error', () => image.replaceWith(el('div', { class: 'thumb none' }, 'no picture')));
  return el('figure', { title: `${one.evidence}\n${one.source}` }, image, el('figcaption', {}, one.evidence, ' · ', time(one.at, true)));
}
