// The newest triples as pictures. Cards are made once; a new triple puts its card in front.
import { byId, el, empty } from './dom.js';
import { number, time, words } from './format.js';

const cards = new Map();
const NAMES = { real: 'real', negative: 'negative', mask: 'repainted' };

export function triples(list) {
  const place = byId('triples-cards');
  if (list.length === 0) {
    place.replaceChildren(el('div', { class: 'card' }, empty('No triples yet', 'The curator has accepted no picture so far.')));
    cards.clear();
    return;
  }
  for (const triple of list) if (!cards.has(triple.key)) cards.set(triple.key, card(triple));
  const wanted = list.map(triple => triple.key);
  for (const key of cards.keys()) if (!wanted.includes(key)) cards.delete(key);
  const nodes = wanted.map(key => cards.get(key));
  if (nodes.length !== place.children.length || nodes.some((node, i) => place.children[i] !== node)) place.replaceChildren(...nodes);
}

function card(triple) {
  const about = [`strength ${number(triple.strength, 2)}`, `RMS ${number(triple.rms, 3)}`, `${triple.width} × ${triple.height}`, time(triple.at, true)];
  if (triple.generator !== null) about.push('made by ' + triple.generator);
  if (triple.fallback) about.push('instead of a generated one: ' + words(triple.fallback).toLowerCase());
  for (const [name, value] of Object.entries(triple.scores)) about.push(`${words(name)} ${number(value, 3)}`);
  return el('article', { class: 'card triple', 'data-key': triple.key },
    el('div', { class: 'pair' }, triple.pictures.map(name => picture(triple, name))),
    el('div', { class: 'about' },
      el('p', { class: 'kind' }, words(triple.kind)),
      triple.caption ? el('p', { class: 'caption', dir: 'auto', title: triple.caption.slice(0, 400) }, triple.caption) : el('p', { class: 'caption quiet' }, 'no caption'),
      el('p', { class: 'facts' }, about.map(fact => el('span', {}, fact))),
      el('p', { class: 'facts' }, el('span', { class: 'mono' }, triple.imageId.slice(0, 12)), el('span', {}, triple.source))));
}

/** The mask lies over the negative, so that what was repainted is bright and the rest dark. */
function picture(triple, name) {
  const figure = el('figure', { class: name === 'mask' ? 'repainted' : '' },
    name === 'mask' ? image(triple, 'negative', '') : null,
    image(triple, name, NAMES[name] + ' picture'),
    el('figcaption', {}, NAMES[name]));
  if (name === 'negative' && triple.region) {
    const [x, y, width, height] = triple.region;
    const frame = el('span', { class: 'region', title: 'what was changed' });
    Object.assign(frame.style, { left: 100 * x + '%', top: 100 * y + '%', width: 100 * width + '%', height: 100 * height + '%' });
    figure.append(frame);
  }
  return figure;
}

function image(triple, name, alt) {
  return el('img', { src: `/api/triples/${triple.key}/${name}.png`, alt, loading: 'lazy', class: triple.width < 128 ? 'tiny' : '' });
}
