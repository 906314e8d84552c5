// Versions, who holds what, what was refused, and a slider between any two versions on the same prompts and seeds.
import { byId, csvButton, el, empty, show } from './dom.js';
import { json } from './connection.js';
import { count, number, short, span, time } from './format.js';

let sheets = [];
let chosen = { before: null, after: null, cut: 50 };
let loadedFor = null;

export function versions(data) {
  const aliases = data.aliases;
  if (!byId('versions-tools').firstChild) {
    byId('versions-tools').append(csvButton('versions.csv', () => [
      ['version', 'digest', 'parent', 'step', 'triples', 'published', 'decision', 'held_out.margin', 'held_out.m_w_over_r_w'],
      ...byId('versions-list').rowsForCsv]));
  }
  byId('versions-list').rowsForCsv = data.versions.map(v => [v.version, v.digest, v.parent, v.step, v.triples, new Date(v.publishedAt).toISOString(), v.decision, v.evaluation['held_out.margin'] ?? null, v.evaluation['held_out.m_w_over_r_w'] ?? null]);
  show(byId('versions-list'), { v: data.versions, aliases }, () => list(data));
  show(byId('versions-who'), { aliases, s: data.subscribers, m: data.moves }, () => [aliasCard(data), subscriberCard(data)]);
  show(byId('versions-refused'), data.refused, () => refused(data.refused));
  const newest = data.versions[0]?.version ?? 0;
  if (loadedFor !== newest) {
    loadedFor = newest;
    loadSheets();
  }
}

async function loadSheets() {
  try {
    sheets = (await json('/api/samples')).filter(sheet => sheet.samples.length > 0);
  } catch {
    loadedFor = null;
  }
  compare();
}
setInterval(() => { if (!document.hidden && loadedFor !== null) loadSheets(); }, 30_000);

function list(data) {
  if (data.versions.length === 0) return empty('No version yet', 'The first candidate that passes the gates becomes version 1.');
  const heads = ['Version', 'Digest', 'Parent', 'Step', 'Triples', 'Held-out margin', 'Held-out error', 'Gates', 'Published'];
  return [el('h3', {}, 'Published'), el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Published versions' }, el('table', {},
    el('thead', {}, el('tr', {}, heads.map((head, i) => el('th', { scope: 'col', class: i >= 3 && i <= 6 ? 'num' : '' }, head)))),
    el('tbody', {}, data.versions.slice(0, 60).map(v => el('tr', { 'data-version': v.version },
      el('td', {}, el('strong', {}, v.version), ' ', data.aliases.filter(a => a.version === v.version).map(a => el('span', { class: 'badge' + (a.held ? ' held' : '') }, a.alias + (a.held ? ', held' : '')))),
      el('td', {}, el('span', { class: 'mono', title: v.digest }, short(v.digest))),
      el('td', {}, v.parent === null ? 'base' : v.parent),
      el('td', { class: 'num' }, count(v.step)),
      el('td', { class: 'num' }, count(v.triples)),
      el('td', { class: 'num' }, number(v.evaluation['held_out.margin'])),
      el('td', { class: 'num' }, number(v.evaluation['held_out.m_w_over_r_w'], 5)),
      el('td', { class: 'wide' }, v.decision || '–'),
      el('td', { title: 'candidate to version in ' + span(v.secondsFromCandidate) }, time(v.publishedAt, true)))))))];
}

function aliasCard(data) {
  return el('div', { class: 'card' }, el('h3', {}, 'Aliases'),
    data.aliases.length === 0 ? empty('No alias yet', 'latest appears with the first version.') : el('ul', { class: 'rows' }, data.aliases.map(a => el('li', {},
      el('div', {}, el('span', { class: 'badge' + (a.held ? ' held' : '') }, a.alias), ` version ${a.version}`), el('span', { class: 'quiet' }, time(a.at, true)),
      el('div', { class: 'quiet' }, `${a.actor}: ${a.reason}`)))),
    data.moves.length === 0 ? null : el('ul', { class: 'rows' }, data.moves.slice(0, 5).map(m => el('li', {},
      el('div', {}, `${m.action} ${m.alias ?? ''} ${m.version ?? ''}`, m.accepted ? '' : ' (refused)'), el('span', { class: 'quiet' }, time(m.at, true)), el('div', { class: 'quiet' }, `${m.actor}: ${m.reason}`)))));
}

function subscriberCard(data) {
  return el('div', { class: 'card' }, el('h3', {}, 'Who holds what'),
    data.subscribers.length === 0 ? empty('No subscriber has reported', './realalign subscribe keeps a folder on the newest version.') : el('ul', { class: 'rows' }, data.subscribers.slice(0, 40).map(s => el('li', { 'data-subscriber': s.subscriber },
      el('div', {}, el('strong', {}, s.subscriber), s.version === null ? ' has no version yet' : ` serves version ${s.version}`, s.stopped ? ' (ended)' : ''),
      el('span', { class: 'quiet' }, 'reported ' + time(s.reportedAt, true)),
      el('div', { class: 'quiet' }, `follows ${s.follows}` + (s.target !== null && s.target !== s.version ? `, on its way to version ${s.target}` : '') + (s.switchedAt ? `, switched ${time(s.switchedAt, true)}` : '')),
      s.problem ? el('div', { class: 'trouble' }, s.problem) : null))));
}

function refused(all) {
  return [el('h3', {}, 'Refused candidates'), all.length === 0 ? empty('None', 'Every candidate so far has passed the gates.')
    : el('ul', { class: 'rows' }, all.map(r => el('li', { 'data-refused': r.candidate }, el('div', {}, el('strong', {}, r.candidate || 'a record that could not be decoded')), el('span', { class: 'quiet' }, time(r.at, true)), el('div', {}, r.reason))))];
}

function compare() {
  const place = byId('versions-compare');
  if (sheets.length === 0) {
    show(place, 'none', () => [el('h3', {}, 'Side by side'), empty('No sample pictures yet', 'Once versions are evaluated, the same prompts and seeds of any two versions can be slid over each other here.')]);
    return;
  }
  const has = folder => sheets.some(sheet => sheet.folder === folder);
  if (!has(chosen.after)) chosen.after = sheets[0].folder;
  if (!has(chosen.before)) chosen.before = sheets[sheets.length - 1].folder;
  show(place, { sheets, b: chosen.before, a: chosen.after }, () => {
    const sheet = folder => sheets.find(s => s.folder === folder);
    const pick = (label, key) => el('label', {}, label + ' ', el('select', { 'data-pick': key, onchange: event => { chosen[key] = event.target.value; compare(); } },
      sheets.map(s => el('option', { value: s.folder, selected: s.folder === chosen[key] }, s.version === 0 ? 'base model' : 'version ' + s.version))));
    const after = new Map(sheet(chosen.after).samples.map(s => [s.prompt + '\n' + s.seed, s]));
    const pairs = sheet(chosen.before).samples.filter(s => after.has(s.prompt + '\n' + s.seed));
    const grid = el('div', { class: 'compare' }, pairs.map(s => el('figure', {},
      el('div', { class: 'stack' },
        el('img', { alt: 'before: ' + s.prompt, src: `/api/samples/${chosen.before}/${s.file}`, loading: 'lazy' }),
        el('img', { class: 'after', alt: 'after: ' + s.prompt, src: `/api/samples/${chosen.after}/${after.get(s.prompt + '\n' + s.seed).file}`, loading: 'lazy' })),
      el('figcaption', {}, s.prompt, el('span', { class: 'quiet' }, ' · seed ' + s.seed)))));
    grid.style.setProperty('--cut', chosen.cut + '%');
    return [el('div', { class: 'head' }, el('h3', {}, 'Side by side'), el('div', { class: 'tools' }, pick('left', 'before'), pick('right', 'after'))),
      pairs.length === 0 ? empty('Nothing to compare', 'These two versions share no prompt with the same seed.') : [
        el('div', { class: 'slide' }, 'before', el('input', { type: 'range', min: 0, max: 100, value: chosen.cut, 'aria-label': 'Where the right version begins', oninput: event => { chosen.cut = event.target.value; grid.style.setProperty('--cut', chosen.cut + '%'); } }), 'after'),
        grid]].flat();
  });
}
